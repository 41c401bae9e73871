"""The real Keystone says who calls: its users, roles and projects, and a token that it has revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from tests.conftest import service
from tests.processes import Deployment, deployed

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def keystone() -> str:
    """The URL of Keystone's v3."""
    found = re.search(r"http\S+?/v3", service("openstack", "start"))
    assert found
    return found[0]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, keystone: str) -> Iterator[Deployment]:
    """An HTTP process that asks Keystone; ``session`` has a token of our own."""
    with deployed(tmp_path_factory.mktemp("keystone"), MCFED_AUTH="keystone", MCFED_KEYSTONE_URL=keystone) as one:
        one.gateway()
        yield one


def sign_in(keystone: str, user: str, project: str = "") -> str:
    """A token of Keystone, scoped to the project."""
    domain = {"id": "default"}
    identity = {
        "methods": ["password"],
        "password": {"user": {"name": user, "domain": domain, "password": "secret"}},
    }
    scope = {"scope": {"project": {"name": project, "domain": domain}}} if project else {}
    answer = requests.post(f"{keystone}/auth/tokens", json={"auth": {"identity": identity, **scope}}, timeout=30)
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"]


def status(gateway: Deployment, token: str, method: str = "GET", path: str = "/words") -> int:
    headers = {"X-Auth-Token": token}
    url = f"{gateway.url}/api/multicloud/v1{path}"
    return requests.request(method, url, headers=headers, timeout=30).status_code


@pytest.mark.parametrize(
    ("user", "project", "read", "write"),
    [("watcher", "tenant-a", 200, 403), ("user-a", "tenant-a", 200, 404), ("admin", "admin", 200, 404)],
)
def test_a_user_may_what_the_role_in_its_project_gives(
    keystone: str, gateway: Deployment, user: str, project: str, read: int, write: int
) -> None:
    token = sign_in(keystone, user, project)

    assert status(gateway, token) == read
    assert status(gateway, token, "DELETE", "/subscriptions/none") == write


def test_alarm_rules_are_the_projects(keystone: str, gateway: Deployment) -> None:
    """N15 N16, with the ids that Keystone gives"""
    alarms = f"{gateway.url}/openstack/v2/alarms"
    own, other = ({"X-Auth-Token": sign_in(keystone, f"user-{one}", f"tenant-{one}")} for one in "ab")
    rule = {"name": "mine", "type": "event", "event_rule": {}}

    made = requests.post(alarms, json=rule, headers=own, timeout=30).json()

    assert re.fullmatch("[0-9a-f]{32}", made["project_id"])
    assert re.fullmatch("[0-9a-f]{32}", made["user_id"])
    assert [one["name"] for one in requests.get(alarms, headers=own, timeout=30).json()] == ["mine"]
    assert requests.get(alarms, headers=other, timeout=30).json() == []
    assert requests.get(f"{alarms}/{made['alarm_id']}", headers=other, timeout=30).status_code == 404


def test_the_log_names_the_user_and_the_project(keystone: str, gateway: Deployment) -> None:
    token = sign_in(keystone, "user-a", "tenant-a")

    status(gateway, token, "DELETE", "/subscriptions/by-user-a")

    log = gateway.processes[0].log.read_text()
    assert "user-a@tenant-a" in next(line for line in log.splitlines() if "by-user-a" in line)
    assert token not in log


def test_a_token_without_a_project_is_refused_and_told_why(keystone: str, gateway: Deployment) -> None:
    headers = {"X-Auth-Token": sign_in(keystone, "user-a")}

    answer = requests.get(f"{gateway.url}/api/multicloud/v1/words", headers=headers, timeout=30)

    assert (answer.status_code, "not scoped to a project" in answer.json()["detail"]) == (401, True)


def test_a_revoked_and_an_invented_token_are_refused_and_our_own_holds(keystone: str, gateway: Deployment) -> None:
    token = sign_in(keystone, "watcher", "tenant-b")
    own = {"X-Auth-Token": token, "X-Subject-Token": token}
    requests.delete(f"{keystone}/auth/tokens", headers=own, timeout=30).raise_for_status()

    assert status(gateway, token) == 401
    assert status(gateway, "gAAAAA" + "x" * 170) == 401
    assert gateway.rest("GET", "/words")
