"""The table of what callers and clouds do wrong: each is told apart, by status, code, and the word at fault."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fed_common.access import tokens
from fed_common.events.status import asking
from fed_common.inventory.directory import directory
from fed_common.inventory.models import Vim
from fed_common.inventory.services import register_vim
from tests.callers import Caller, caller
from tests.certificates import self_signed
from tests.doubles.openstack import openstack_double
from tests.processes import free_port

pytestmark = pytest.mark.django_db(transaction=True)

V0, V1 = "//api/multicloud/v0", "//api/multicloud/v1"
FORM = "{cloud_owner}_{cloud_region_id}"
NEW = {"cloud_owner": "new", "cloud_region_id": "R", "type": "openstack"}

WRONG = {
    "a malformed vim_id": [
        ("GET", "/vims/nothing", None, "vim_id", FORM),
        ("DELETE", "/vims/a_", None, "vim_id", FORM),
        ("POST", "/vims/a!_b/check", None, "vim_id", FORM),
        ("GET", "/instances?vim_id=nothing", None, "vim_id", FORM),
        ("POST", f"{V0}/nothing/check_vim_status", {"states": []}, "vim_id", FORM),
        ("POST", f"{V1}/a!/b/check_vim_status", {"states": []}, "vim_id", FORM),
        ("GET", f"{V0}/nothing/extensions", None, "vim_id", FORM),
        ("POST", f"{V0}/nothing/capacity_check", {}, "vim_id", FORM),
        ("POST", "/vims", {**NEW, "cloud_region_id": "a b"}, "cloud_region_id", FORM),
        ("POST", f"{V0}/check_vim_capacity", {"VIMs": [5]}, "VIMs[0]", FORM),
    ],
    "an unknown type": [
        ("POST", "/vims", {**NEW, "type": "azure"}, "type", "openstack"),
        ("POST", "/vims/check", {**NEW, "type": "azure"}, "type", "openstack"),
        ("PATCH", "/vims/refused_R", {"type": "azure"}, "type", "openstack"),
    ],
    "a body that is no JSON": [
        ("POST", "/vims", "cloud_owner=vio", "body", "JSON"),
        ("POST", "/vims/check", "{", "body", "JSON"),
        ("POST", "/subscriptions", b"\xff", "body", "JSON"),
        ("POST", f"{V0}/refused_R/check_vim_status", "PAUSE", "body", "JSON"),
        ("POST", f"{V1}/refused/R/check_vim_status", "[]", "body", "object"),
        ("POST", f"{V1}/refused/R/capacity_check", "nan", "body", "JSON"),
    ],
    "an unknown word of a state": [
        ("POST", f"{V0}/refused_R/check_vim_status", {"states": ["PAUSE", "SLEEPING"]}, "states[1]", "POWER_OFF"),
        ("GET", f"{V1}/refused/R/check_vim_status?states=sleeping", None, "states[0]", "POWER_OFF"),
        ("POST", f"{V0}/refused_R/events_check", {"states": ["SLEEPING"]}, "states[0]", "POWER_OFF"),
        ("GET", "/events?kind=SLEEPING", None, "kind", "POWER_OFF"),
        ("GET", "/vims?status=SLEEPING", None, "status", "REACHABLE"),
    ],
    "a page beyond the end": [
        ("GET", "/vims?page=9", None, "page", "from 1 to 1"),
        ("GET", "/instances?page=2", None, "page", "from 1 to 1"),
        ("GET", "/vims/refused_R/hosts?page=2", None, "page", "from 1 to 1"),
        ("POST", f"{V0}/pushing_R/check_vim_status?page=2", {"states": []}, "page", "from 1 to 1"),
        ("GET", "/vims?page=0", None, "page", "a whole number from 1"),
    ],
}
CASES = [pytest.param(*one, id=f"{name}: {one[0]} {one[1]}") for name, rows in WRONG.items() for one in rows]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    directory.cache_clear()
    asking._plugin.cache_clear()
    yield
    directory.cache_clear()
    asking._plugin.cache_clear()


@pytest.fixture
def clouds(tmp_path: Path, settings: Any) -> Iterator[None]:
    """One VIM for every way in which a cloud can fail, named so; and one that only pushes."""
    settings.CLOUD_TIMEOUT = 1.0
    with ExitStack() as stack:
        good = stack.enter_context(openstack_double())
        private = stack.enter_context(openstack_double(self_signed(tmp_path)[1]))
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        register("wrong", f"{good.url}/identity/v3", password="not it")
        register("selfsigned", f"{private.url}/identity/v3")
        register("silent", f"http://127.0.0.1:{silent.getsockname()[1]}/v3")
        register("refused", f"http://127.0.0.1:{free_port()}/v3")
        register_vim({**NEW, "cloud_owner": "pushing", "type": "vmware"})
        yield


def register(owner: str, auth_url: str, password: str = "secret") -> Vim:
    credentials = {"username": "admin", "password": password}
    fields = {"auth_url": auth_url, "credentials": credentials, "projects": ["admin"]}
    return register_vim({**NEW, "cloud_owner": owner, **fields})


@pytest.mark.parametrize(("method", "path", "body", "at_fault", "allowed"), CASES)
def test_wrong_input_is_400_naming_what_is_wrong_and_what_is_allowed(
    clouds: None, operator: Caller, method: str, path: str, body: Any, at_fault: str, allowed: str
) -> None:
    answer = operator.ask(method, path, body)

    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (400, "invalid", at_fault), said
    assert allowed in said["allowed"]
    assert said["request_id"] == answer["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/vims/no_where"),
        ("PATCH", "/vims/no_where"),
        ("DELETE", "/vims/no_where"),
        ("POST", "/vims/no_where/check"),
        ("GET", "/vims/no_where/hosts"),
        ("POST", f"{V0}/no_where/check_vim_status"),
        ("GET", f"{V1}/no/where/check_vim_status"),
        ("POST", f"{V1}/no/where/capacity_check"),
        ("GET", f"{V0}/no_where/extensions"),
        ("GET", f"{V1}/no/where/registry"),
    ],
)
def test_an_unknown_vim_is_404_naming_it(operator: Caller, method: str, path: str) -> None:
    answer = operator.ask(method, path, {} if method != "GET" else None)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "no_where" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("owner", "status", "code", "word"),
    [
        ("wrong", 502, "cloud_failed", "credentials"),
        ("selfsigned", 502, "cloud_failed", "certificate"),
        ("silent", 504, "cloud_timeout", "did not answer within 1 s"),
        ("refused", 502, "cloud_failed", "refused"),
    ],
)
def test_a_cloud_at_fault_is_named_with_what_is_wrong_with_it(
    clouds: None, operator: Caller, settings: Any, owner: str, status: int, code: str, word: str
) -> None:
    if owner != "silent":
        settings.CLOUD_TIMEOUT = 60.0
    for method, path in (
        ("POST", f"{V0}/{owner}_R/check_vim_status"),
        ("GET", f"{V1}/{owner}/R/check_vim_status"),
        ("POST", f"{V1}/{owner}/R/capacity_check"),
    ):
        answer = operator.ask(method, path, {} if method == "POST" else None)
        said = answer.json()
        assert (answer.status_code, said["code"], said["vim_id"]) == (status, code, f"{owner}_R"), said
        assert word in said["detail"].lower()
        assert "not it" not in said["detail"]
        assert "secret" not in said["detail"]
    checked = operator.post(f"/vims/{owner}_R/check")
    assert (checked["reachable"], word in checked["reason"].lower()) == (False, True), checked


def test_an_expired_token_is_401_like_one_that_never_was(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.create("short", "admin", timedelta(hours=1))
    later = tokens.clock.now() + timedelta(hours=2)
    monkeypatch.setattr(tokens.clock, "now", lambda: later)

    for given in (token, "never was"):
        answer = Caller(given).ask("GET", "/vims")
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_the_face_of_tacker_tells_the_same_in_its_own_words() -> None:
    vim = {"name": "x", "type": "azure", "auth_url": "http://h/v3", "auth_cred": {}, "vim_project": {"name": "p"}}

    answer = caller("operator").ask("POST", "//openstack/v1.0/vims", {"vim": vim})

    assert answer.status_code == 400
    assert "vim.type: 'azure'" in answer.json()["TackerError"]["message"]
