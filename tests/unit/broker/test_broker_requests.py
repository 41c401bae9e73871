"""Around every request: an id, safe headers, a host that is ours, a line for every change."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from django.test import Client
from structlog.testing import capture_logs

from tests.callers import Caller
from tests.serving import served

pytestmark = pytest.mark.django_db


def test_the_id_of_the_caller_is_kept(nobody: Caller) -> None:
    assert nobody.ask("GET", "//healthz", **{"X-Request-ID": "abc-1.2:3_4"})["X-Request-ID"] == "abc-1.2:3_4"


@pytest.mark.parametrize("given", ["", "x" * 101, "a b", "a\tb", "é", "<script>"])
def test_an_id_that_is_none_is_replaced(nobody: Caller, given: str) -> None:
    made = nobody.ask("GET", "//healthz", **{"X-Request-ID": given})["X-Request-ID"]

    assert made != given
    assert len(made) == 32


def test_two_requests_have_two_ids(nobody: Caller) -> None:
    assert nobody.ask("GET", "//healthz")["X-Request-ID"] != nobody.ask("GET", "//healthz")["X-Request-ID"]


def test_answers_of_the_api_are_not_kept_framed_or_sniffed(reader: Caller) -> None:
    answer = reader.ask("GET", "/vims")

    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_a_foreign_host_is_refused(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]

    answer = Client().get("/healthz", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")


@pytest.mark.parametrize("path", ["/events/a%00b", "/events?instance_id=%00", "/vims/a_b%00"])
def test_a_nul_in_the_url_is_refused(reader: Caller, path: str) -> None:
    answer = reader.ask("GET", path)

    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")


def test_every_change_asked_for_is_logged_with_its_author(
    operator: Caller, reader: Caller, nobody: Caller
) -> None:
    with capture_logs() as logs:
        operator.ask("DELETE", "/subscriptions/s?token=geheim")
        reader.ask("DELETE", "/subscriptions/s")
        nobody.ask("DELETE", "/subscriptions/s")
        operator.ask("GET", "/subscriptions")

    told = [
        (one["by"], one["method"], one["path"], one["status"]) for one in logs if one["event"] == "asked to change"
    ]
    path = "/api/multicloud/v1/subscriptions/s"
    assert told == [
        ("the operator", "DELETE", path, 404),
        ("the reader", "DELETE", path, 403),
        ("nobody", "DELETE", path, 401),
    ]


@pytest.mark.django_db(transaction=True)
def test_the_same_holds_on_a_real_server() -> None:
    with served() as url:
        answer = requests.get(f"{url}/api/multicloud/v1/vims", headers={"X-Request-ID": "r-1"}, timeout=60)
        foreign = requests.get(f"{url}/healthz", headers={"Host": "evil.example"}, timeout=60)

    assert (answer.status_code, answer.headers["X-Request-ID"], answer.json()["request_id"]) == (401, "r-1", "r-1")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert foreign.status_code == 400
