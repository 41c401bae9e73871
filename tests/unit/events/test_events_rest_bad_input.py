"""Wrong input about subscriptions and events: refused, naming the field, the value and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.events.models import Subscription
from tests.callers import Caller

pytestmark = pytest.mark.django_db


def sink(**fields: Any) -> dict[str, Any]:
    return {"name": "s", "sinks": [{"publisher": "log"}, {"publisher": "memory", "topic": "t", **fields}]}


KINDS = "DELETE, PAUSE, POWER_OFF, REBUILD, SHUT_DOWN, SOFT_DELETE"
KAFKA = {"publisher": "kafka", "options": {"bootstrap": "h:1"}}
SASL = {"bootstrap": "h:1", "security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "sasl_username": "u"}
BUS = {"publisher": "bus", "options": {"url": "http://u:pw@h"}}

WRONG: list[tuple[str, str, Any, str, Any, str]] = [
    ("POST", "/subscriptions", "x", "body", "Expecting value", "JSON"),
    ("POST", "/subscriptions", {}, "name", None, "a value"),
    ("POST", "/subscriptions", {"name": "a b"}, "name", "a b", "letters"),
    ("POST", "/subscriptions", {"name": "a/b"}, "name", "a/b", "letters"),
    ("POST", "/subscriptions", {"name": "x" * 101}, "name", "x" * 101, "100"),
    ("POST", "/subscriptions", {"name": "s", "filters": {}}, "filters", "an object", "filter"),
    ("POST", "/subscriptions", {"name": "s", "enabled": 7}, "enabled", 7, "boolean"),
    ("POST", "/subscriptions", {"name": "s", "filter": {"kinds": ["GONE"]}}, "filter.kinds", "GONE", KINDS),
    ("POST", "/subscriptions", {"name": "s", "filter": {"vims": ["vio_["]}}, "filter.vims", "vio_[", "a glob"),
    ("POST", "/subscriptions", {"name": "s", "sinks": {}}, "sinks", "an object", "list"),
    ("POST", "/subscriptions", {"name": "s", "sinks": ["log"]}, "sinks[0]", "log", "dictionary"),
    ("POST", "/subscriptions", {"name": "s", "sinks": [{"topic": "t"}]}, "sinks[0].publisher", None, "a value"),
    (
        "POST",
        "/subscriptions",
        sink(publisher="pigeon"),
        "sinks[1].publisher",
        "pigeon",
        "dmaap, embedded, kafka, log",
    ),
    ("POST", "/subscriptions", sink(topic="a b"), "sinks[1].topic", "a b", "letters"),
    ("POST", "/subscriptions", sink(topic=".."), "sinks[1].topic", "..", "letters"),
    ("POST", "/subscriptions", sink(topic="x" * 250), "sinks[1].topic", "x" * 200, "249"),
    ("POST", "/subscriptions", sink(format="xml"), "sinks[1].format", "xml", "spec, bare, cloudevents, ves"),
    ("POST", "/subscriptions", sink(required="maybe"), "sinks[1].required", "maybe", "boolean"),
    ("POST", "/subscriptions", sink(colour="red"), "sinks[1].colour", "red", "publisher, topic, format"),
    (
        "POST",
        "/subscriptions",
        sink(options={"colour": "red"}),
        "sinks[1].options.colour",
        "***",
        "no such option",
    ),
    ("POST", "/subscriptions", sink(options=[]), "sinks[1].options", "a list", "dictionary"),
    ("POST", "/subscriptions", sink(publisher="kafka"), "sinks[1].options.bootstrap", "", "host:port"),
    ("POST", "/subscriptions", sink(publisher="dmaap"), "sinks[1].options.url", None, "no default"),
    ("POST", "/subscriptions", sink(**BUS), "sinks[1].options.url", "***", "rabbit"),
    (
        *("POST", "/subscriptions", sink(**{**KAFKA, "options": {"bootstrap": 5}})),
        *("sinks[1].options.bootstrap", 5, "str"),
    ),
    (
        *("POST", "/subscriptions", sink(**{**KAFKA, "options": {**SASL, "sasl_password": 5}})),
        *("sinks[1].options.sasl_password", "***", "str"),
    ),
    (
        *("POST", "/subscriptions", sink(**{**KAFKA, "options": {**SASL, "sasl_password": "***"}})),
        *("sinks[1].options.sasl_password", "***", "the secret itself"),
    ),
    (
        *(
            "POST",
            "/subscriptions",
            sink(**{**KAFKA, "options": {"bootstrap": "h:1", "security_protocol": "TLS"}}),
        ),
        *("sinks[1].options.security_protocol", "TLS", "SASL_SSL"),
    ),
    ("PUT", "/subscriptions/s", {"name": "other"}, "name", "other", "s, the name in the URL"),
    ("PUT", "/subscriptions/a b", {}, "name", "a b", "letters"),
    ("PUT", "/subscriptions/s", {"sinks": [{}]}, "sinks[0].publisher", "", "kafka"),
    ("PATCH", "/subscriptions/s", {"name": "other"}, "name", "other", "s: a subscription keeps its name"),
    ("PATCH", "/subscriptions/s", {"sinks": [{"topic": "t"}]}, "sinks[0].publisher", "", "kafka"),
    ("GET", "/events?kind=DELETED", None, "kind", "DELETED", KINDS),
    ("GET", "/events?kind=DELETE&kind=nope", None, "kind", "nope", KINDS),
    ("GET", "/events?phase=begin", None, "phase", "begin", "start, end, error, moment"),
    ("GET", "/events?limit=0", None, "limit", "0", "from 1 to 1000"),
    ("GET", "/events?limit=1001", None, "limit", "1001", "from 1 to 1000"),
    ("GET", "/events?limit=-1", None, "limit", "-1", "from 1 to 1000"),
    ("GET", "/events?limit=%D9%A1", None, "limit", "١", "from 1 to 1000"),
    ("GET", "/events?after=x", None, "after", "x", "a whole number from 0"),
    ("GET", f"/events?after={10**30}", None, "after", str(10**30), "a whole number from 0"),
    ("GET", "/events?since=yesterday", None, "since", "yesterday", "ISO 8601"),
    ("GET", "/events?kinds=DELETE", None, "kinds", "DELETE", "vim_id, kind, phase"),
    ("GET", "/events/stream?kind=X", None, "kind", "X", KINDS),
    ("GET", "/events/stream?limit=5", None, "limit", "5", "vim_id, kind, phase"),
    ("GET", "/dead-events?vim=a_b", None, "vim", "a_b", "vim_id, subscription, replayed, limit, before"),
    ("GET", "/dead-events?replayed=perhaps", None, "replayed", "perhaps", "true, false"),
    ("GET", "/dead-events?before=0", None, "before", "0", "from 1"),
    ("POST", "/dead-events/replay?vim=a_b", None, "vim", "a_b", "vim_id, subscription"),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "path", "body", "field", "value", "allowed"), WRONG)
def test_wrong_input_is_refused_by_name(
    operator: Caller, method: str, path: str, body: Any, field: str, value: Any, allowed: str
) -> None:
    Subscription.objects.create(name="s") if method != "POST" else None

    answer = operator.ask(method, path, body)

    said = answer.json()
    assert (answer.status_code, said["field"]) == (400, field)
    assert said["value"] == value or (field == "body" and str(said["value"]).startswith(value))
    assert allowed in said["allowed"]
    assert field in said["detail"] == said["error"]


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        ("GET", "/subscriptions/no", "there is no subscription 'no'"),
        ("PATCH", "/subscriptions/no", "there is no subscription 'no'"),
        ("DELETE", "/subscriptions/no", "there is no subscription 'no'"),
        ("GET", "/events/no", "there is no event 'no'"),
        ("GET", "/dead-events/7", "there is no dead event '7'"),
        ("DELETE", "/dead-events/7", "there is no dead event '7'"),
        ("POST", "/dead-events/7/replay", "there is no dead event '7'"),
        ("GET", f"/dead-events/{10**30}", f"there is no dead event '{10**30}'"),
        ("GET", "/dead-events/seven", "there is nothing at /api/multicloud/v1/dead-events/seven"),
    ],
)
def test_what_is_not_there_is_not_found_by_name(operator: Caller, method: str, path: str, detail: str) -> None:
    answer = operator.ask(method, path, {} if method == "PATCH" else None)

    assert (answer.status_code, answer.json()["detail"]) == (404, detail)
