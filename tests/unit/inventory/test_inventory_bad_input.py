"""Wrong input about VIMs: refused, naming the field, the value and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from fed_common.core.model import VIM_ID_FORM
from fed_common.inventory.models import Vim
from tests.callers import Caller

pytestmark = pytest.mark.django_db

VIO = {"cloud_owner": "vio", "cloud_region_id": "RegionOne", "type": "vmware"}
KINDS = "DELETE, PAUSE, POWER_OFF, REBUILD, SHUT_DOWN, SOFT_DELETE"

WRONG: list[tuple[str, str, Any, str, Any, str]] = [
    ("POST", "/vims", "{nonsense", "body", "Expecting property name", "JSON"),
    ("POST", "/vims", b"\xff\xfe", "body", "'utf-8' codec", "JSON"),
    ("POST", "/vims", '{"type": NaN}', "body", "NaN is no JSON number", "JSON"),
    ("POST", "/vims", "[" * 100_000, "body", "nested too deep", "JSON"),
    ("POST", "/vims", {**VIO, "filter": {"tenants": ["a\0b"]}}, "body", "a text holds NUL", "JSON"),
    ("POST", "/vims", '{"type": "\\ud800"}', "body", "a text holds NUL or half", "JSON"),
    ("POST", "/vims", [], "body", "a list", "dictionary"),
    ("POST", "/vims", "5", "body", 5, "dictionary"),
    ("POST", "/vims", {}, "cloud_owner", None, "a value"),
    ("POST", "/vims", {**VIO, "type": "azure"}, "type", "azure", "vmware"),
    ("POST", "/vims", {**VIO, "colour": "red"}, "colour", "red", "cloud_region_id"),
    ("POST", "/vims", {**VIO, "enabled": "perhaps"}, "enabled", "perhaps", "boolean"),
    ("POST", "/vims", {**VIO, "cloud_owner": "v io"}, "cloud_owner", "v io", VIM_ID_FORM),
    ("POST", "/vims", {**VIO, "cloud_owner": "__"}, "cloud_owner", "__", VIM_ID_FORM),
    ("POST", "/vims", {**VIO, "cloud_owner": "vims"}, "cloud_owner", "vims", "paths begin with them"),
    ("POST", "/vims", {**VIO, "cloud_owner": "instances"}, "cloud_owner", "instances", "another word"),
    ("POST", "/vims", {**VIO, "cloud_owner": ""}, "cloud_owner", "", "not empty"),
    ("POST", "/vims", {**VIO, "cloud_owner": None}, "cloud_owner", None, "a value"),
    ("POST", "/vims", {**VIO, "cloud_owner": {"a": 1}}, "cloud_owner", "an object", "string"),
    ("POST", "/vims", {**VIO, "cloud_owner": "x" * 101}, "cloud_owner", "x" * 101, "100"),
    ("POST", "/vims", {**VIO, "cloud_region_id": "Region One"}, "cloud_region_id", "Region One", VIM_ID_FORM),
    ("POST", "/vims", {**VIO, "cloud_region_id": "a/b"}, "cloud_region_id", "a/b", VIM_ID_FORM),
    ("POST", "/vims", {**VIO, "filter": {"kinds": ["DELETED"]}}, "filter.kinds", "DELETED", KINDS),
    ("POST", "/vims", {**VIO, "filter": []}, "filter", "a list", "an object"),
    ("POST", "/vims", {**VIO, "filter": None}, "filter", None, "a value"),
    ("POST", "/vims", {**VIO, "transport": {}}, "transport.url", None, "a value"),
    ("POST", "/vims", {**VIO, "transport": "rabbit://h"}, "transport", "rabbit://h", "dictionary"),
    (
        "POST",
        "/vims",
        {**VIO, "transport": {"url": "5"}},
        "transport.url",
        "5",
        "drivers: fake, kafka, kombu, rabbit",
    ),
    ("POST", "/vims", {**VIO, "transport": {"url": 5}}, "transport.url", 5, "string"),
    ("POST", "/vims", {**VIO, "transport": {"url": "http://h"}}, "transport.url", "http://h", "rabbit"),
    ("POST", "/vims", {**VIO, "transport": {"url": "rabbit://"}}, "transport.url", "rabbit://", "host:port"),
    (
        "POST",
        "/vims",
        {**VIO, "transport": {"url": "rabbit://u:p@h:x/"}},
        "transport.url",
        "rabbit://u:***@h:x/",
        "port",
    ),
    (
        "POST",
        "/vims",
        {**VIO, "transport": {"url": "rabbit://u:***@h/"}},
        "transport.url",
        "rabbit://u:***@h/",
        "itself",
    ),
    (
        "POST",
        "/vims",
        {**VIO, "transport": {"url": "rabbit://h/?a=1"}},
        "transport.url",
        "rabbit://h/?a=1",
        "no such option a",
    ),
    ("POST", "/vims", {**VIO, "transport": {"url": "fake://", "uri": "x"}}, "transport.uri", "x", "exchange"),
    (
        "POST",
        "/vims",
        {**VIO, "transport": {"url": "fake://", "topics": ["a b"]}},
        "transport.topics",
        "a b",
        "letters",
    ),
    (
        "POST",
        "/vims",
        {**VIO, "transport": {"url": "fake://", "topics": []}},
        "transport.topics",
        "a list",
        "not empty",
    ),
    ("POST", "/vims", {**VIO, "transport": {"url": "fake://", "topics": "a"}}, "transport.topics", "a", "list"),
    (
        "POST",
        "/vims",
        {**VIO, "transport": {"url": "fake://", "topics": [[]]}},
        "transport.topics[0]",
        "a list",
        "string",
    ),
    ("POST", "/vims", {**VIO, "auth_url": "nova:5000"}, "auth_url", "nova:5000", "http://host:port"),
    ("POST", "/vims", {**VIO, "auth_url": "ftp://nova/"}, "auth_url", "ftp://nova/", "http://host:port"),
    ("POST", "/vims", {**VIO, "auth_url": "http:///v3"}, "auth_url", "http:///v3", "http://host:port"),
    ("POST", "/vims", {**VIO, "auth_url": "http://h:99999/"}, "auth_url", "http://h:99999/", "http://host:port"),
    ("POST", "/vims", {**VIO, "auth_url": "http://h:0/"}, "auth_url", "http://h:0/", "http://host:port"),
    ("POST", "/vims", {**VIO, "auth_url": "http://[::1/v3"}, "auth_url", "***", "http://host:port"),
    ("POST", "/vims", {**VIO, "auth_url": "http://a b/"}, "auth_url", "***", "http://host:port"),
    ("POST", "/vims", {**VIO, "auth_url": "http://u:pw@h/"}, "auth_url", "***", "without user, password"),
    ("POST", "/vims", {**VIO, "auth_url": "http://u:pw"}, "auth_url", "***", "without user, password"),
    ("POST", "/vims", {**VIO, "auth_url": "http://h/?password=pw"}, "auth_url", "***", "without"),
    ("POST", "/vims", {**VIO, "auth_url": "http://h/" + "x" * 2000}, "auth_url", "http://h/" + "x" * 191, "http"),
    ("POST", "/vims", {**VIO, "auth_url": 5}, "auth_url", 5, "string"),
    ("POST", "/vims", {**VIO, "credentials": "admin:pw"}, "credentials", "***", "dictionary"),
    ("POST", "/vims", {**VIO, "credentials": {"username": "a"}}, "credentials.password", None, "itself"),
    ("POST", "/vims", {**VIO, "credentials": {"password": "pw"}}, "credentials.username", None, "a value"),
    (
        "POST",
        "/vims",
        {**VIO, "credentials": {"username": "a", "password": "***"}},
        "credentials.password",
        "***",
        "the password itself",
    ),
    ("POST", "/vims", {**VIO, "credentials": {"pw": "secret"}}, "credentials.pw", "***", "username, password"),
    ("POST", "/vims", {**VIO, "projects": "admin"}, "projects", "admin", "list"),
    ("POST", "/vims", {**VIO, "projects": [""]}, "projects[0]", "", "not empty"),
    ("POST", "/vims", {**VIO, "tls": {"ca": "no PEM"}}, "tls.ca", "6 characters", "PEM"),
    ("POST", "/vims", {**VIO, "tls": {"verify": "no"}}, "tls.verify", "no", "boolean"),
    ("POST", "/vims", {**VIO, "tls": None}, "tls", None, "a value"),
    ("POST", "/vims", {**VIO, "poll_interval": 0.5}, "poll_interval", 0.5, "greater than or equal to 1"),
    ("POST", "/vims", '{"poll_interval": 1e999}', "cloud_owner", None, "a value"),
    ("POST", "/vims", {**VIO, "poll_interval": "5"}, "poll_interval", "5", "number"),
    ("POST", "/vims", {**VIO, "poll_interval": True}, "poll_interval", True, "number"),
    ("POST", "/vims/check", {}, "cloud_owner", None, "a value"),
    ("POST", "/vims/check", {**VIO, "type": "azure"}, "type", "azure", "vmware"),
    ("GET", "/vims?colour=red", None, "colour", "red", "cloud_owner"),
    ("GET", "/vims?status=UP", None, "status", "UP", "PENDING, REACHABLE, UNREACHABLE"),
    ("GET", "/vims?enabled=yes", None, "enabled", "yes", "true, false"),
    ("GET", "/vims?vim_id=nothing", None, "vim_id", "nothing", VIM_ID_FORM),
    ("GET", "/vims?order=name,colour", None, "order", "colour", "created_at"),
    ("GET", "/vims?order=--name", None, "order", "--name", "created_at"),
    ("GET", "/vims?limit=0", None, "limit", "0", "1 to 1000"),
    ("GET", "/vims?limit=1001", None, "limit", "1001", "1 to 1000"),
    ("GET", "/vims?page=-1", None, "page", "-1", "a whole number"),
    ("GET", "/vims?page=2", None, "page", 2, "1 to 1: there are no more pages"),
    ("GET", "/instances?page=2", None, "page", 2, "1 to 1: there are no more pages"),
    ("GET", "/instances?vim_id=nothing", None, "vim_id", "nothing", VIM_ID_FORM),
    ("GET", "/instances?colour=red", None, "colour", "red", "tenant_id"),
    ("GET", "/vims/nothing/hosts", None, "vim_id", "nothing", VIM_ID_FORM),
    ("GET", "/vims/vio_RegionOne/hosts?state=asleep", None, "state", "asleep", "up, down, disabled"),
    ("GET", "/vims/vio_RegionOne/hosts?page=2", None, "page", 2, "1 to 1"),
    ("GET", "/vims/nothing", None, "vim_id", "nothing", VIM_ID_FORM),
    ("GET", "/vims/a_", None, "vim_id", "a_", VIM_ID_FORM),
    ("DELETE", "/vims/a_b!", None, "vim_id", "a_b!", VIM_ID_FORM),
    ("PATCH", "/vims/nothing", {"enabled": False}, "vim_id", "nothing", VIM_ID_FORM),
    ("POST", "/vims/nothing/check", None, "vim_id", "nothing", VIM_ID_FORM),
    ("PATCH", "/vims/vio_RegionOne", {"type": "azure"}, "type", "azure", "vmware"),
    ("PATCH", "/vims/vio_RegionOne", {"transport": {"exchange": "x"}}, "transport.url", None, "a value"),
    ("PATCH", "/vims/vio_RegionOne", {"typ": "vmware"}, "typ", "vmware", "type"),
    ("PUT", "/vims/vio_RegionOne/filter", {"kinds": ["delete"]}, "filter.kinds", "delete", KINDS),
    ("PUT", "/vims/vio_RegionOne/filter", {"kinds": "DELETE"}, "filter.kinds", "DELETE", "a list of texts"),
    (
        "PUT",
        "/vims/vio_RegionOne/filter",
        {"phases": ["begin"]},
        "filter.phases",
        "begin",
        "start, end, error, moment",
    ),
    ("PUT", "/vims/vio_RegionOne/filter", {"event_types": ["a[b"]}, "filter.event_types", "a[b", "a glob"),
    ("PUT", "/vims/vio_RegionOne/filter", {"vims": ["a b"]}, "filter.vims", "a b", "a glob"),
    ("PUT", "/vims/vio_RegionOne/filter", {"metadata": {"a": 1}}, "filter.metadata.a", 1, "a text"),
    ("PUT", "/vims/vio_RegionOne/filter", {"honour_opt_out": "no"}, "filter.honour_opt_out", "no", "true, false"),
    ("PUT", "/vims/vio_RegionOne/filter", {"states": []}, "filter.states", "a list", "kinds, phases"),
    ("PUT", "/vims/vio_RegionOne/filter", "null", "filter", None, "an object"),
]


@pytest.mark.parametrize(("method", "path", "body", "field", "value", "allowed"), WRONG)
def test_wrong_input_is_refused_by_name(
    operator: Caller, method: str, path: str, body: Any, field: str, value: Any, allowed: str
) -> None:
    Vim.objects.create(cloud_owner="vio", region="RegionOne", type="vmware")

    answer = operator.ask(method, path, body)

    said = answer.json()
    assert (answer.status_code, said["field"]) == (400, field)
    assert said["value"] == value or (field == "body" and str(said["value"]).startswith(str(value)))
    assert allowed in said["allowed"]
    assert said["error"] == said["detail"]
    assert field in said["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/vims/no_where"),
        ("PATCH", "/vims/no_where"),
        ("DELETE", "/vims/no_where"),
        ("GET", "/vims/no_where/filter"),
        ("PUT", "/vims/no_where/filter"),
        ("DELETE", "/vims/no_where/filter"),
        ("POST", "/vims/no_where/check"),
        ("GET", "/vims/no_where/hosts"),
    ],
)
def test_an_unknown_vim_is_not_found_by_name(operator: Caller, method: str, path: str) -> None:
    answer = operator.ask(method, path, {})

    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no VIM 'no_where'"


def test_a_body_of_another_type_is_415(operator: Caller) -> None:
    answer = Client().post(
        "/api/multicloud/v1/vims",
        "a=b",
        "application/x-www-form-urlencoded",
        headers={"X-Auth-Token": operator.token},
    )

    said = answer.json()
    assert (answer.status_code, said["field"]) == (415, "Content-Type")
    assert (said["value"], said["allowed"]) == ("application/x-www-form-urlencoded", "application/json")


def test_a_body_that_is_too_large_is_413(operator: Caller, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    assert operator.ask("POST", "/vims", {"type": "x" * 1000}).status_code == 413


def test_a_method_there_is_not_is_405_naming_those_there_are(operator: Caller) -> None:
    answer = operator.ask("PUT", "/vims", {})

    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST, HEAD, OPTIONS")
    assert answer.json()["code"] == "method_not_allowed"
