"""What the gateway makes of Keystone's answers, and of none; the real Keystone is in tests/scenario."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from fed_common.access import authentication, keystone, tokens
from fed_common.access.keystone import Told
from fed_common.access.models import Role
from fed_common.access.tokens import Identity
from fed_common.core import clock
from fed_common.core.errors import Retryable
from tests.callers import API, Caller, caller
from tests.processes import free_port

pytestmark = pytest.mark.django_db


class Keystone(BaseHTTPRequestHandler):
    """Answers as told and notes what it was asked."""

    status, body = 200, b""
    asked: list[tuple[str, str, str]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["X-Auth-Token"], self.headers["X-Subject-Token"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def token_of(*roles: str, project: str | None = "tenant-a", hours: float = 1) -> dict[str, Any]:
    expires_at = clock.iso(clock.now() + timedelta(hours=hours))
    scope = {"project": {"name": project}, "roles": [{"name": role} for role in roles]} if project else {}
    return {"token": {"user": {"name": "user-a"}, "expires_at": expires_at, **scope}}


@pytest.fixture
def told(settings: Any) -> Iterator[Any]:
    """Keystone on a port of its own; ``told(status, body)`` says what it answers from now on."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Keystone)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.AUTH, settings.KEYSTONE_URL = "keystone", f"http://127.0.0.1:{server.server_port}"

    def tell(status: int, body: Any) -> None:
        Keystone.status = status
        Keystone.body = body if isinstance(body, bytes) else json.dumps(body).encode()

    Keystone.asked = []
    yield tell
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    keystone._known.clear()
    keystone._down_until = 0.0


def test_the_ids_of_user_and_project_are_kept(told: Any) -> None:
    token = token_of("member")
    token["token"]["user"]["id"], token["token"]["project"]["id"] = "u-1", "p-1"
    told(200, token)

    assert keystone.authenticate("gAAA") == Identity("user-a@tenant-a", Role.OPERATOR, project="p-1", user="u-1")


def test_a_token_asks_about_itself_and_is_remembered(told: Any) -> None:
    told(200, token_of("member", "reader"))

    assert keystone.authenticate("gAAA") == Identity("user-a@tenant-a", Role.OPERATOR)
    assert Keystone.asked == [("/v3/auth/tokens?nocatalog", "gAAA", "gAAA")]
    assert keystone.remembered("gAAA") == Identity("user-a@tenant-a", Role.OPERATOR)
    assert keystone.remembered("gAAB") is None


def test_what_is_remembered_is_forgotten_after_a_minute(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystone.time, "monotonic", lambda: 1000.0)
    told(200, token_of("reader"))
    keystone.authenticate("gAAA")

    monkeypatch.setattr(keystone.time, "monotonic", lambda: 1059.0)
    assert keystone.remembered("gAAA")
    monkeypatch.setattr(keystone.time, "monotonic", lambda: 1061.0)
    assert keystone.remembered("gAAA") is None


def test_nothing_is_remembered_longer_than_it_holds(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystone.time, "monotonic", lambda: 1000.0)
    told(200, token_of("reader", hours=10 / 3600))
    keystone.authenticate("gAAA")

    monkeypatch.setattr(keystone.time, "monotonic", lambda: 1011.0)
    assert keystone.remembered("gAAA") is None


def test_what_is_remembered_is_bounded(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystone, "KNOWN_MOST", 3)
    told(200, token_of("reader"))
    for number in range(10):
        keystone.authenticate(f"gAAA{number}")

    assert len(keystone._known) <= 3


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        (("reader",), Role.READER),
        (("member",), Role.OPERATOR),
        (("Admin", "reader"), Role.ADMIN),
        (("auditor", "member"), Role.OPERATOR),
    ],
)
def test_the_largest_role_counts(roles: tuple[str, ...], role: Role) -> None:
    known = Told("u", "p", frozenset(one.lower() for one in roles), clock.now())

    assert keystone.identity_from(known) == Identity("u@p", role)


def test_the_map_of_roles_is_a_setting(settings: Any) -> None:
    settings.KEYSTONE_ROLES = {"Cloud_Auditor": "reader"}
    known = Told("u", "p", frozenset({"cloud_auditor", "admin"}), clock.now())

    assert keystone.identity_from(known).role == Role.READER


def test_a_token_without_a_project_or_a_role_that_counts_is_told_why(told: Any) -> None:
    told(200, token_of(project=None))
    with pytest.raises(AuthenticationFailed, match="not scoped to a project"):
        keystone.authenticate("gAAA")
    told(200, token_of("auditor"))
    with pytest.raises(PermissionDenied, match="admin, member, reader"):
        keystone.authenticate("gAAA")


@pytest.mark.parametrize("status", [401, 404])
def test_what_keystone_does_not_know_is_nobody(told: Any, status: int) -> None:
    told(status, {"error": {"code": status}})

    assert keystone.authenticate("gAAA") is None


def test_an_expired_token_is_nobody_whatever_keystone_says(told: Any) -> None:
    told(200, token_of("reader", hours=-1))

    assert keystone.authenticate("gAAA") is None


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "ü", "\udcff", "x" * 8193])
def test_what_cannot_be_a_token_is_not_even_asked(told: Any, token: str) -> None:
    told(200, token_of("reader"))

    assert keystone.authenticate(token) is None
    assert Keystone.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, {"token": None}),
        (200, {"token": {}}),
        (200, {"token": {"expires_at": "soon", "user": {"name": "u"}}}),
        (302, b""),
        (403, {"error": {}}),
        (500, b"oops"),
        (503, b""),
    ],
)
def test_an_answer_without_a_token_is_503_and_our_own_tokens_hold(told: Any, status: int, body: Any) -> None:
    told(status, body)
    own = caller("reader")

    answer = Caller("gAAA").ask("GET", "/words")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0
    assert own.ask("GET", "/words").status_code == 200
    assert Keystone.asked == [("/v3/auth/tokens?nocatalog", "gAAA", "gAAA")]


def test_a_keystone_that_is_down_is_503_and_left_alone_for_a_while(settings: Any) -> None:
    settings.AUTH, settings.KEYSTONE_URL = "keystone", f"http://127.0.0.1:{free_port()}"

    first, second = (Caller("gAAA").ask("GET", "/words") for _ in range(2))

    assert (first.status_code, second.status_code) == (503, 503)
    assert "ConnectionError" in first.json()["detail"]
    assert second.json()["detail"] == "Keystone does not answer"


def test_a_ca_that_is_not_there_is_503(settings: Any) -> None:
    settings.KEYSTONE_URL, settings.KEYSTONE_CA = "https://127.0.0.1:1", "/nowhere/ca.pem"

    with pytest.raises(Retryable, match="OSError"):
        keystone.authenticate("gAAA")


def test_who_was_wrong_too_often_is_not_asked_about_any_more(told: Any, settings: Any) -> None:
    settings.FAILURES_PER_MINUTE = 2
    told(404, {})
    own = caller("reader")

    statuses = [Caller(f"wrong{number}").ask("GET", "/words").status_code for number in range(4)]

    assert statuses == [401, 401, 429, 429]
    assert len(Keystone.asked) == 2
    assert own.ask("GET", "/words").status_code == 200


def test_keystone_is_asked_only_where_it_is_to_decide(told: Any, settings: Any) -> None:
    settings.AUTH = "token"
    told(200, token_of("admin"))

    assert authentication.recognise("gAAA", "10.0.0.1") is None
    assert Keystone.asked == []


def test_our_own_token_costs_keystone_nothing(told: Any) -> None:
    token = tokens.create("mine", "reader")

    assert authentication.recognise(token, "10.0.0.1") == Identity("mine", Role.READER)
    assert Keystone.asked == []


def test_a_keystone_token_is_good_for_the_api_the_message_router_and_the_page(told: Any, client: Any) -> None:
    told(200, token_of("reader"))
    headers = {"X-Auth-Token": "gAAA"}

    assert client.get(f"{API}/events", headers=headers).status_code == 200
    assert client.get("/topics", headers=headers).status_code == 200
    assert client.get("/?token=gAAA").status_code == 302
    assert Caller("gAAA").ask("DELETE", "/subscriptions/none").status_code == 403
