"""One OpenStack seen twice: by its notifications and by polling. Both tell the same facts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest

from tests.conftest import service
from tests.processes import Deployment, deployed
from tests.scenario.nova import Nova, credentials
from tests.scenario.subscriber import Subscriber
from tests.waiting import until

pytestmark = pytest.mark.servers
PUSHED, POLLED = "pushed_RegionOne", "polled_RegionOne"
KINDS = (
    "CREATE", "PAUSE", "UNPAUSE", "POWER_OFF", "POWER_ON", "SUSPEND", "RESUME", "REBUILD", "SHELVE", "UNSHELVE",
    "SOFT_DELETE", "RESTORE", "DELETE",
)  # fmt: skip


@pytest.fixture(scope="module")
def openstack() -> Iterator[Nova]:
    """The real OpenStack with fake computes; RabbitMQ stays for the other tests."""
    service("openstack", "start")
    yield Nova()
    service("openstack", "stop")


@pytest.fixture
def fleet(tmp_path: Any, database_url: str, openstack: Nova, rabbitmq_url: str) -> Iterator[Deployment]:
    """A gateway, a listener and a poller; the same cloud registered once for each."""
    with deployed(tmp_path, MCFED_DATABASE_URL=database_url) as deployment:
        deployment.gateway()
        deployment.register("pushed", rabbitmq_url, exchange="nova", pool=f"twice-{uuid.uuid4().hex[:8]}")
        deployment.rest("POST", "/vims", polled())
        deployment.start("listener")
        deployment.start("poller")
        until(lambda: deployment.rest("GET", f"/vims/{POLLED}")["status"] == "REACHABLE", within=180)
        yield deployment


def polled() -> dict[str, Any]:
    """The cloud by its API only."""
    rc = credentials()
    return {
        "cloud_owner": "polled",
        "cloud_region_id": "RegionOne",
        "type": "openstack",
        "auth_url": rc["AUTH_URL"],
        "credentials": {"username": rc["USERNAME"], "password": rc["PASSWORD"]},
        "projects": [rc["PROJECT_NAME"]],
        "poll_interval": 1,
    }


def live(nova: Nova, noc: Subscriber, name: str) -> None:
    """Everything that happens to a VM, each step once the poller saw the one before."""
    server = nova.create(name)
    noc.hears("CREATE", POLLED, name)
    for action, status, kind in (
        ("pause", "PAUSED", "PAUSE"),
        ("unpause", "ACTIVE", "UNPAUSE"),
        ("os-stop", "SHUTOFF", "POWER_OFF"),
        ("os-start", "ACTIVE", "POWER_ON"),
        ("suspend", "SUSPENDED", "SUSPEND"),
        ("resume", "ACTIVE", "RESUME"),
    ):
        nova.act(server, action, status)
        noc.hears(kind, POLLED, name)
    nova.rebuild(server)
    noc.hears("REBUILD", POLLED, name)
    nova.act(server, "shelve", "SHELVED_OFFLOADED")
    noc.hears("SHELVE", POLLED, name)
    nova.act(server, "unshelve", "ACTIVE")
    noc.hears("UNSHELVE", POLLED, name)
    nova.delete(server)
    noc.hears("SOFT_DELETE", POLLED, name)
    nova.act(server, "restore", "ACTIVE")
    noc.hears("RESTORE", POLLED, name)
    nova.force_delete(server)
    noc.hears("DELETE", POLLED, name)


def facts(noc: Subscriber, vim_id: str, name: str) -> list[str]:
    """What was completed, runs of one kind counted once: Nova tells a shelve in two operations."""
    kinds = [kind for kind in noc.ended(vim_id, name) if kind in KINDS]
    return [kind for kind, _ in groupby(kinds)]


def test_notifications_and_polling_tell_the_same_facts(fleet: Deployment, openstack: Nova) -> None:
    noc = Subscriber(fleet)
    name = f"twice-{uuid.uuid4().hex[:8]}"
    live(openstack, noc, name)
    noc.hears("DELETE", PUSHED, name)
    assert facts(noc, POLLED, name) == list(KINDS)
    assert facts(noc, PUSHED, name) == list(KINDS)
    told = noc.ended(POLLED, name, "event_type")
    assert sorted(told) == sorted(set(told))  # polling tells each once


def test_check_vim_status_agrees_with_the_clouds_own_list(fleet: Deployment, openstack: Nova) -> None:
    name = f"listed-{uuid.uuid4().hex[:8]}"
    server = openstack.create(name)
    openstack.act(server, "pause", "PAUSED")
    url = f"{fleet.url}/api/multicloud/v1/polled/RegionOne/check_vim_status"
    everything = fleet.session.post(url, json={"states": []}, timeout=30).json()["result"]
    hidden = ("deleted", "soft-delete")  # by the cloud's list, from who does not ask for them
    living = {one["id"]: one["name"] for one in everything if one["state"] not in hidden}
    assert living == openstack.servers()
    paused = fleet.session.get(url, params={"states": "PAUSE"}, timeout=30).json()
    assert server in {one["id"] for one in paused["result"]}
    openstack.force_delete(server)


def test_a_compute_that_vanishes_is_told(fleet: Deployment, openstack: Nova) -> None:
    noc = Subscriber(fleet)
    service("openstack", "kill-one", "nova-compute-2")
    try:
        noc.hears("HOST_DOWN", POLLED, "fedcmp-2", within=240)
    finally:
        service("openstack", "start-one", "nova-compute-2")
    noc.hears("HOST_UP", POLLED, "fedcmp-2", within=240)
    assert noc.ended(POLLED, "fedcmp-2") == ["HOST_DOWN", "HOST_UP"]
