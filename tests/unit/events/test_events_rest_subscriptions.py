"""Subscriptions through the REST API: made, replaced, changed, forgotten; their secrets never told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from fed_common.access import sealing
from fed_common.core.matching import EventFilter
from fed_common.events.models import Sink, Subscription
from fed_common.events.routes import Routes
from fed_common.inventory.models import Revision
from tests.callers import Caller, caller
from tests.stored import everything

PASSWORD = "pl4nted-S3cret"
KAFKA = {
    "bootstrap": "kafka:9092",
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "PLAIN",
    "sasl_username": "u",
    "sasl_password": PASSWORD,
}
SHOWN = {**KAFKA, "sasl_password": "***"}
SECURE = {"name": "vnfm", "sinks": [{"publisher": "kafka", "topic": "vm-events", "options": KAFKA}]}

pytestmark = pytest.mark.django_db


def revision() -> int:
    row = Revision.objects.first()
    return row.number if row else 0


def stored_options(place: int = 0) -> dict[str, Any]:
    sealed = list(Sink.objects.all())[place].sealed_options
    return json.loads(sealing.unseal(sealed)) if sealed else {}


def test_a_subscription_is_shown_with_every_default_spelt_out(operator: Caller, reader: Caller) -> None:
    answer = operator.ask(
        "POST", "/subscriptions", {"name": "vnfm", "sinks": [{"publisher": "embedded", "topic": "T"}]}
    )

    assert answer.status_code == 201
    shown = answer.json()
    assert shown == reader.get("/subscriptions/vnfm")
    assert shown.pop("created_at").endswith("Z")
    assert shown.pop("updated_at").endswith("Z")
    sink = {"publisher": "embedded", "topic": "T", "format": "spec", "required": True, "options": {}}
    assert shown == {"name": "vnfm", "filter": EventFilter().to_dict(), "enabled": True, "sinks": [sink]}


@pytest.mark.parametrize("publisher", ["store", "log", "bus"])
def test_what_has_no_topics_needs_none(operator: Caller, publisher: str) -> None:
    options = {"url": "rabbit://h/"} if publisher == "bus" else {}

    shown = operator.post("/subscriptions", {"name": "s", "sinks": [{"publisher": publisher, "options": options}]})

    assert shown["sinks"][0]["topic"] == ""


def test_other_sinks_without_a_topic_get_the_usual_one(operator: Caller, settings: Any) -> None:
    shown = operator.post("/subscriptions", {"name": "s", "sinks": [{"publisher": "memory"}]})

    assert shown["sinks"][0]["topic"] == settings.DEFAULT_TOPIC


def test_secrets_are_sealed_and_masked_and_reach_the_publisher(operator: Caller) -> None:
    shown = operator.post("/subscriptions", SECURE)

    assert shown["sinks"][0]["options"] == SHOWN
    assert operator.get("/subscriptions")["subscriptions"][0]["sinks"][0]["options"] == SHOWN
    assert stored_options() == KAFKA


def test_sending_back_what_is_shown_keeps_the_secret(operator: Caller) -> None:
    shown = operator.post("/subscriptions", SECURE)
    shown["filter"]["kinds"] = ["DELETE"]
    shown["sinks"][0] |= {"topic": "other", "format": "bare", "required": False}
    shown["sinks"].insert(0, {"publisher": "log"})

    after = operator.put("/subscriptions/vnfm", shown)

    assert after["sinks"][1] == {**shown["sinks"][1], "options": SHOWN}
    assert after["filter"]["kinds"] == ["DELETE"]
    assert stored_options(1) == KAFKA


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_masked_secret_does_not_go_to_another_place(operator: Caller, method: str) -> None:
    operator.post("/subscriptions", SECURE)
    elsewhere = {"publisher": "kafka", "topic": "t", "options": {**SHOWN, "bootstrap": "evil:9092"}}

    answer = operator.ask(method, "/subscriptions/vnfm", {"sinks": [elsewhere]})

    said = answer.json()
    assert (answer.status_code, said["field"]) == (400, "sinks[0].options.sasl_password")
    assert "the secret itself" in said["allowed"]
    assert stored_options() == KAFKA


def test_a_new_secret_replaces_the_old(operator: Caller) -> None:
    operator.post("/subscriptions", SECURE)
    changed = {**KAFKA, "sasl_password": "n3w", "bootstrap": "other:9092"}

    operator.patch("/subscriptions/vnfm", {"sinks": [{"publisher": "kafka", "topic": "t", "options": changed}]})

    assert stored_options() == changed


def test_only_the_fields_sent_are_changed(operator: Caller) -> None:
    before = operator.post("/subscriptions", {**SECURE, "filter": {"kinds": ["DELETE"]}})

    after = operator.patch("/subscriptions/vnfm", {"enabled": False})

    assert {**before, "enabled": False, "updated_at": ""} == {**after, "updated_at": ""}
    assert stored_options() == KAFKA


def test_a_put_replaces_the_whole_and_makes_what_is_not_there(operator: Caller) -> None:
    made = operator.ask("PUT", "/subscriptions/vnfm", {"filter": {"kinds": ["DELETE"]}, "enabled": False})
    replaced = operator.ask("PUT", "/subscriptions/vnfm", {"name": "vnfm", "sinks": [{"publisher": "log"}]})

    assert (made.status_code, replaced.status_code) == (201, 200)
    assert replaced.json()["filter"] == EventFilter().to_dict()
    assert replaced.json()["enabled"] is True
    assert [sink["publisher"] for sink in replaced.json()["sinks"]] == ["log"]
    assert Subscription.objects.count() == 1


def test_a_subscription_is_made_once(operator: Caller) -> None:
    operator.post("/subscriptions", SECURE)

    answer = operator.ask("POST", "/subscriptions", {"name": "vnfm"})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_removed_subscription_is_not_found(operator: Caller) -> None:
    operator.post("/subscriptions", SECURE)

    assert operator.ask("DELETE", "/subscriptions/vnfm").status_code == 204
    assert operator.ask("GET", "/subscriptions/vnfm").status_code == 404
    assert Sink.objects.count() == 0


def test_every_change_tells_the_listeners(operator: Caller) -> None:
    seen = [revision()]
    for method, path, body in (
        ("POST", "/subscriptions", {"name": "s"}),
        ("PUT", "/subscriptions/s", {"sinks": [{"publisher": "log"}]}),
        ("PATCH", "/subscriptions/s", {"enabled": False}),
        ("DELETE", "/subscriptions/s", None),
    ):
        assert operator.ask(method, path, body).status_code < 300
        seen.append(revision())

    assert seen == sorted(set(seen))


def test_a_refused_change_changes_nothing(operator: Caller) -> None:
    operator.post("/subscriptions", SECURE)
    before = (operator.get("/subscriptions/vnfm"), revision())

    wrong = {"enabled": False, "sinks": [{"publisher": "log"}, {"publisher": "nowhere"}]}
    assert operator.ask("PATCH", "/subscriptions/vnfm", wrong).status_code == 400

    assert (operator.get("/subscriptions/vnfm"), revision()) == before


def test_what_was_saved_is_what_listeners_route_by(operator: Caller) -> None:
    operator.post(
        "/subscriptions",
        {
            "name": "vnfm",
            "filter": {"kinds": ["DELETE"]},
            "sinks": [{"publisher": "memory", "topic": "t", "format": "ves", "required": False}],
        },
    )

    routes = Routes()
    try:
        routes.refresh()
        [route] = routes.current.routes
    finally:
        routes.stop()

    assert sorted(route.filter.kinds) == ["DELETE"]
    assert [(one.publisher_name, one.topic, one.format_name, one.required) for one in route.sinks] == [
        ("memory", "t", "ves", False)
    ]


def test_options_of_a_publisher_that_is_gone_or_sealed_with_a_lost_key_are_not_shown(operator: Caller) -> None:
    operator.post("/subscriptions", {**SECURE, "sinks": SECURE["sinks"] * 2})
    Sink.objects.filter(pk=Sink.objects.all()[0].pk).update(publisher="gone")
    Sink.objects.filter(pk=Sink.objects.all()[1].pk).update(sealed_options="sealed-with-another-key")

    shown = operator.get("/subscriptions/vnfm")

    assert [sink["options"] for sink in shown["sinks"]] == [{"sealed": "***"}] * 2


def test_a_list_costs_the_same_however_long_it_is(operator: Caller, django_assert_num_queries: Any) -> None:
    for number in range(4):
        operator.post("/subscriptions", {"name": f"s{number}", "sinks": [{"publisher": "log"}] * 3})

    with django_assert_num_queries(2):
        operator.get("/subscriptions")


@pytest.mark.django_db(transaction=True)
def test_a_planted_secret_is_in_no_answer_no_log_and_not_in_the_database_in_clear(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    operator = caller("operator")
    caplog.set_level("DEBUG")
    told = ""
    with capture_logs() as logs:
        for method, path, options in (
            ("POST", "/subscriptions", KAFKA),
            ("POST", "/subscriptions", KAFKA),
            ("PUT", "/subscriptions/vnfm", SHOWN),
            ("PUT", "/subscriptions/vnfm", {**KAFKA, "colour": PASSWORD}),
            ("PUT", "/subscriptions/vnfm", {**KAFKA, "sasl_password": [PASSWORD]}),
            ("PUT", "/subscriptions/vnfm", {**KAFKA, "sasl_mechanism": "NONE"}),
            ("PUT", "/subscriptions/vnfm", {**KAFKA, "bootstrap": 5}),
            ("PUT", "/subscriptions/vnfm", [KAFKA]),
            ("PUT", "/subscriptions/vnfm", PASSWORD),
            ("GET", "/subscriptions", None),
            ("GET", "/subscriptions/vnfm", None),
        ):
            body = {"name": "vnfm", "sinks": [{"publisher": "kafka", "topic": "t", "options": options}]}
            answer = operator.ask(method, path, None if options is None else body)
            assert answer.status_code != 500
            told += answer.content.decode()

    assert PASSWORD not in told
    assert PASSWORD not in str(logs) + caplog.text + "".join(capfd.readouterr())
    assert stored_options() == KAFKA
    stored = everything()
    assert b"kafka" in stored
    assert PASSWORD.encode() not in stored


@pytest.mark.django_db(transaction=True)
def test_an_embedded_topic_is_there_before_its_first_event(operator: Caller) -> None:
    operator.post("/subscriptions", {"name": "mine", "sinks": [{"publisher": "embedded", "topic": "vm.mine"}]})
    waiting = operator.ask("GET", "//events/vm.mine/group/me?timeout=0")
    assert (waiting.status_code, waiting.json()) == (200, [])
