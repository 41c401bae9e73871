"""Who calls: by header, bearer or cookie; a missing token is 401, too little a role 403."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.callers import API, Caller, caller

pytestmark = pytest.mark.django_db

WORDS = f"{API}/words"


def test_a_token_in_its_own_header_is_taken(reader: Caller) -> None:
    assert Client().get(WORDS, headers={"X-Auth-Token": reader.token}).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_taken(reader: Caller, scheme: str) -> None:
    assert Client().get(WORDS, headers={"Authorization": f"{scheme} {reader.token}"}).status_code == 200


def test_the_cookie_of_the_page_is_taken(reader: Caller) -> None:
    client = Client()
    client.cookies["mcfed_token"] = reader.token

    assert client.get(WORDS).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Token": ""},
        {"X-Auth-Token": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dTpw"},
        {"Cookie": "mcfed_token=wrong"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_without_a_token_that_holds_it_is_401_with_a_challenge(headers: dict[str, str], method: str) -> None:
    answer = Client().generic(method, WORDS, headers=headers)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_wrong_header_is_not_made_good_by_a_cookie(reader: Caller) -> None:
    client = Client()
    client.cookies["mcfed_token"] = reader.token

    assert client.get(WORDS, headers={"X-Auth-Token": "wrong"}).status_code == 401


def test_too_little_a_role_is_403_naming_both(reader: Caller) -> None:
    answer = reader.ask("DELETE", "/vims/vio_RegionOne")

    assert answer.status_code == 403
    assert "operator" in answer.json()["detail"]
    assert "'the reader' has reader" in answer.json()["detail"]


def test_without_authentication_everybody_is_admin(settings: Any, nobody: Caller) -> None:
    settings.AUTH = "none"

    assert nobody.ask("DELETE", "/vims/vio_RegionOne").status_code == 404


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://testserver", 404),
        ("http://testserver:81", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_a_page_of_another_origin_cannot_change_anything_with_our_cookie(origin: str, status: int) -> None:
    client = Client(headers={"Origin": origin})
    client.cookies["mcfed_token"] = caller("admin").token

    assert client.post(f"{API}/dead-events/1/replay").status_code == status
    assert client.get(WORDS).status_code == 200


def test_nor_where_nobody_needs_a_token(settings: Any) -> None:
    settings.AUTH = "none"

    answer = Client(headers={"Origin": "https://evil.example"}).post(f"{API}/dead-events/replay")

    assert answer.status_code == 403


def test_a_token_in_a_header_proves_itself_whatever_the_origin() -> None:
    headers = {"Origin": "https://portal.example", "X-Auth-Token": caller("admin").token}

    assert Client(headers=headers).post(f"{API}/dead-events/1/replay").status_code == 404
