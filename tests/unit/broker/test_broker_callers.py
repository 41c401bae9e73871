"""Who may pass a call on, and that the token which tells so never leaves the gateway."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from fed_common.access import throttle, tokens
from tests.unit.broker.conftest import Gateway

VIM = "/v0/CloudOwner_RegionOne"


def test_the_gateways_token_is_consumed_where_it_was_found(gateway: Gateway) -> None:
    url = f"{gateway.url}/api/multicloud{VIM}/x"
    bearer = {"Authorization": f"Bearer {gateway.token}", "X-Auth-Token": "cloud"}

    assert requests.get(url, headers=bearer, timeout=30).status_code == 200
    assert (gateway.behind.last.all("authorization"), gateway.behind.last.all("x-auth-token")) == ([], [b"cloud"])
    assert requests.get(url, headers={"X-Auth-Token": gateway.token}, timeout=30).status_code == 200
    assert gateway.behind.last.all("x-auth-token") == []
    foreign = {"Authorization": "Bearer cloud", "X-Auth-Token": gateway.token}
    assert requests.get(url, headers=foreign, timeout=30).status_code == 200
    assert (gateway.behind.last.all("authorization"), gateway.behind.last.all("x-auth-token")) == (
        [b"Bearer cloud"],
        [],
    )


def test_no_gateway_token_ever_reaches_a_cloud(gateway: Gateway) -> None:
    everywhere = {
        "Authorization": f"Bearer {gateway.token}",
        "X-Auth-Token": gateway.token,
        "Cookie": f"mcfed_token={gateway.token}; theirs=1",
    }

    gateway.ask("GET", f"{VIM}/x", headers=everywhere)

    asked = gateway.behind.last
    assert gateway.token.encode() not in b"".join(value for _, value in asked.headers)
    assert asked.one("cookie") == b"theirs=1"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Token": "a-cloud-token"},
        {"Authorization": "Basic dTpw"},
        {"Cookie": "mcfed_token={token}"},
        {"X-Multicloud-Token": "wrong", "X-Auth-Token": "{token}"},
    ],
)
def test_b1_without_the_gateways_token_nobody_passes(gateway: Gateway, headers: dict[str, str]) -> None:
    sent = {name: value.replace("{token}", gateway.token) for name, value in headers.items()}

    answer = requests.get(f"{gateway.url}/api/multicloud{VIM}/x", headers=sent, timeout=30)

    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert "WWW-Authenticate" in answer.headers
    assert not gateway.behind.asked
    assert not gateway.aai.asked


@pytest.mark.parametrize(
    ("role", "vims", "method", "status"),
    [
        ("reader", (), "GET", 200),
        ("reader", (), "HEAD", 200),
        ("reader", (), "POST", 403),
        ("reader", (), "DELETE", 403),
        ("operator", (), "DELETE", 200),
        ("operator", ("Cloud*",), "PUT", 200),
        ("operator", ("own_*",), "GET", 403),
    ],
)
def test_roles_and_vims_are_kept(
    gateway: Gateway, role: str, vims: tuple[str, ...], method: str, status: int
) -> None:
    token = tokens.create("another", role, vims=vims)

    answer = gateway.ask(method, f"{VIM}/x", headers={"X-Multicloud-Token": token})

    assert answer.status_code == status
    assert len(gateway.behind.asked) == (status == 200)


@pytest.mark.parametrize("question", ["check_vim_status", "events_check", "capacity_check"])
def test_a_reader_may_ask_although_the_question_is_a_post(gateway: Gateway, question: str) -> None:
    own = {"X-Multicloud-Token": tokens.create("another", "reader")}

    assert gateway.ask("POST", f"{VIM}/{question}", headers=own).status_code == 200
    assert gateway.ask("POST", f"{VIM}/{question}/x", headers=own).status_code == 403


def test_with_auth_none_everything_passes_but_pages_of_other_origins(gateway: Gateway, settings: Any) -> None:
    settings.AUTH = "none"
    url = f"{gateway.url}/api/multicloud{VIM}/x"

    assert requests.post(url, headers={"X-Auth-Token": "cloud"}, timeout=30).status_code == 200
    assert gateway.behind.last.one("x-auth-token") == b"cloud"
    foreign = requests.post(url, headers={"Origin": "http://evil.example"}, timeout=30)
    assert foreign.status_code == 403


def test_too_many_calls_are_429(gateway: Gateway, settings: Any) -> None:
    settings.RATE_PER_SECOND, settings.RATE_BURST = 0.001, 1
    throttle.callers.cache_clear()

    assert gateway.ask("GET", f"{VIM}/x").status_code == 200
    answer = gateway.ask("GET", f"{VIM}/x")
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
