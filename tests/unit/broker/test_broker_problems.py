"""Whatever goes wrong, the caller gets a problem document and no secret, and the log gets the rest."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from fed_common.broker.problems import problem_of
from fed_common.core.errors import Conflict, Invalid, NotFound, Permanent, Retryable
from fed_common.inventory import services
from tests.callers import API, Caller

pytestmark = pytest.mark.django_db


def fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def raising(*_args: Any, **_names: Any) -> None:
        raise error

    monkeypatch.setattr(services, "find_vim", raising)


@pytest.mark.parametrize(
    ("error", "status", "code", "detail"),
    [
        (Invalid("size", 5, "1 to 4"), 400, "invalid", "size: 5 is not allowed; allowed: 1 to 4"),
        (NotFound("VIM", "a_b"), 404, "not_found", "there is no VIM 'a_b'"),
        (Conflict("VIM", "a_b"), 409, "conflict", "VIM 'a_b' exists already"),
        (Retryable("down", retry_after=2.1), 503, "unavailable", "down"),
        (Permanent("no to rabbit://u:p@h"), 422, "refused", "no to rabbit://u:***@h"),
        (OperationalError("host=db password=p"), 503, "unavailable", "the database cannot be used now"),
        (InterfaceError("closed"), 503, "unavailable", "the database cannot be used now"),
        (KeyError("s3cret"), 500, "internal", "the gateway failed; its log tells more under this request_id"),
    ],
)
def test_each_error_has_its_answer(
    reader: Caller, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str, detail: str
) -> None:
    fail(monkeypatch, error)

    answer = reader.ask("GET", "/vims/a_b", **{"X-Request-ID": "r-1"})

    said = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code)
    assert said["type"] == f"urn:mcfed:problem:{code}"
    assert said["detail"] == said["error"] == detail
    assert said["request_id"] == answer["X-Request-ID"] == "r-1"
    assert said["title"]
    assert ("Retry-After" in answer) == (status == 503)


def test_wrong_input_is_named(reader: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, Invalid("size", "big", ["small", "medium"]))

    said = reader.ask("GET", "/vims/a_b").json()

    assert (said["field"], said["value"], said["allowed"]) == ("size", "big", "small, medium")


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("sinks[0].options.sasl_password", "p", "***"),
        ("options", "p", "***"),
        ("transport.url", "rabbit://u:p@h", "rabbit://u:***@h"),
        ("filter", {"password": "p"}, "an object"),
        ("filter", ["p"], "a list"),
        ("name", "x" * 500, "x" * 200),
        ("size", 5, 5),
        ("size", None, None),
    ],
)
def test_values_are_told_without_secrets(field: str, value: object, shown: object) -> None:
    problem = problem_of(Invalid(field, value, "other"))

    assert problem.more["value"] == shown
    assert problem.detail == f"{field}: {shown!r} is not allowed; allowed: other"


def test_an_unexpected_failure_is_logged_with_the_id_the_caller_got(
    reader: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug = RuntimeError("a bug near rabbit://u:pl4nted@h/")
    fail(monkeypatch, bug)

    with capture_logs(processors=[merge_contextvars]) as logs:
        answer = reader.ask("GET", "/vims/a_b")

    [logged] = [line for line in logs if line["event"] == "a request failed"]
    assert logged["exc_info"] is bug
    assert logged["request_id"] == answer.json()["request_id"]
    assert "bug" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


def test_a_path_nobody_serves_is_a_problem_too(nobody: Caller) -> None:
    answer = nobody.ask("GET", "//nowhere/at/all")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "there is nothing at /nowhere/at/all"
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_a_failure_outside_of_any_view_is_a_problem_too(nobody: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(*_args: Any) -> None:
        raise RuntimeError("early")

    monkeypatch.setattr("fed_common.broker.requests._refusal", raising)
    with capture_logs() as logs:
        answer = nobody.ask("GET", "/vims")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert [str(one["exc_info"]) for one in logs if one["event"] == "a request failed"] == ["early"]


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json", "application/xml"])
def test_a_form_there_is_not_is_406(reader: Caller, accept: str) -> None:
    answer = reader.ask("GET", "/vims", Accept=accept)

    assert (answer.status_code, answer["Content-Type"]) == (406, "application/problem+json")


def test_a_database_without_tables_is_503_not_500(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(*_args: Any) -> None:
        raise OperationalError("no such table: access_accesstoken")

    monkeypatch.setattr("fed_common.access.tokens.authenticate", raising)

    answer = Client().get(f"{API}/vims", headers={"X-Auth-Token": "x"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
