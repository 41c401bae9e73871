"""A host of a real OpenStack dies: Nova knows at once, and it is all taken back when the host is (N66, N75).

Its computes are fake; what is killed is the real nova-compute of that host.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import service
from tests.processes import Deployment, deployed
from tests.real_openstack import RealOpenStack
from tests.scenario.nova import credentials
from tests.waiting import until

pytestmark = pytest.mark.servers
VIM, HOST, COMPUTE = "core_RegionOne", "fedcmp-2", "nova-compute-2"
COUNT = 20
FAULT = f"/core/RegionOne/hosts/{HOST}/fault"


@dataclass
class Servers:
    """Servers that all run on one host."""

    cloud: RealOpenStack
    prefix: str
    ids: list[str]

    def states(self) -> dict[str, str]:
        """vm_state by id, as Nova says."""
        rows = self.cloud.nova("GET", f"/servers/detail?all_tenants=1&name={self.prefix}").json()["servers"]
        return {row["id"]: row["OS-EXT-STS:vm_state"] for row in rows}

    def all_are(self, state: str) -> bool:
        """Whether each has that state."""
        return self.states() == dict.fromkeys(self.ids, state)

    def listed(self) -> set[str]:
        """What ``openstack server list`` says of them."""
        rows = json.loads(service("openstack", "cli", "server", "list", "--all-projects", "-f", "json"))
        return {row["Status"] for row in rows if row["ID"] in self.ids}


def compute_is(cloud: RealOpenStack, state: str, *, forced: bool) -> bool:
    """Whether Nova says so of the host's service."""
    [row] = cloud.nova("GET", f"/os-services?binary=nova-compute&host={HOST}").json()["services"]
    return (row["state"], row["forced_down"]) == (state, forced)


@pytest.fixture(scope="module")
def cloud() -> Iterator[RealOpenStack]:
    """The real OpenStack, all of whose computes are up in the end."""
    service("openstack", "start")
    made = RealOpenStack()
    yield made
    service("openstack", "start-one", COMPUTE)
    service("openstack", "cli", "compute", "service", "set", "--up", HOST, "nova-compute")
    until(lambda: compute_is(made, "up", forced=False), within=120, every=0.2)


@pytest.fixture
def servers(cloud: RealOpenStack) -> Iterator[Servers]:
    """Twenty, booted at once."""
    prefix = f"fault-{uuid.uuid4().hex[:6]}"
    zone = {"availability_zone": f"zone-good:{HOST}", "networks": "none"}
    cloud.boot(prefix, min_count=COUNT, max_count=COUNT, **zone)
    made = Servers(cloud, prefix, [])
    until(lambda: list(made.states().values()) == ["active"] * COUNT, within=300, every=0.5)
    made.ids = list(made.states())
    yield made
    for id in made.ids:
        cloud.act(id, {"forceDelete": None})


@pytest.fixture
def gateway(tmp_path: Path, database_url: str, vhost_url: str) -> Iterator[Deployment]:
    """Two conductors, so two inspectors, a poller, and the cloud as a VIM."""
    with deployed(tmp_path, MCFED_DATABASE_URL=database_url, MCFED_TRANSPORT_URL=vhost_url) as made:
        made.gateway()
        for command in ("poller", "conductor", "conductor"):
            made.start(command, wait=False)
        until(lambda: all(one.ready() for one in made.processes), within=180, every=0.1)
        rc = credentials()
        secrets = {"username": rc["USERNAME"], "password": rc["PASSWORD"]}
        vim = {"cloud_owner": "core", "cloud_region_id": "RegionOne", "type": "openstack", "poll_interval": 2}
        where = {"auth_url": rc["AUTH_URL"], "credentials": secrets, "projects": [rc["PROJECT_NAME"]]}
        made.rest("POST", "/vims", {**vim, **where})
        made.subscribe("kept", {"publisher": "store"})
        yield made


def known_on_the_host(gateway: Deployment) -> int:
    return int(gateway.rest("GET", f"/instances?vim_id={VIM}&host={HOST}&state=active")["total"])


def fault_of(gateway: Deployment, state: str) -> dict[str, Any]:
    """The fault once it has that state."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = gateway.rest("GET", FAULT)
        return found if found["state"] == state else None

    found = until(look, within=120, every=0.05)
    assert found
    return found


def outcomes(fault: dict[str, Any], servers: Servers) -> set[str]:
    """What became of them; others of the host may have been in states that are left alone."""
    return {one["outcome"] for one in fault["instances"] if one["instance_id"] in servers.ids}


def errors_told(gateway: Deployment, servers: Servers) -> list[str]:
    """The origins of every event that said of one of these servers that it is in error."""
    rows = gateway.rest("GET", "/events?kind=ERROR&limit=1000")["events"]
    return [row["origin"] for row in rows if row["instance_id"] in servers.ids]


def seconds(fault: dict[str, Any], stage: str) -> float:
    """From the report until that check point."""
    begun = datetime.fromisoformat(fault["reported_at"])
    return (datetime.fromisoformat(fault["stages"][stage]) - begun).total_seconds()


def test_a_host_dies_and_comes_back(gateway: Deployment, cloud: RealOpenStack, servers: Servers) -> None:
    until(lambda: known_on_the_host(gateway) >= COUNT, within=120, every=0.2)
    service("openstack", "kill-one", COMPUTE)
    assert compute_is(cloud, "up", forced=False)  # Nova has not noticed
    reported = gateway.rest("POST", FAULT, {"cause": "power", "source": "test", "fenced": True})
    until(lambda: servers.all_are("error") and compute_is(cloud, "down", forced=True), within=120, every=0.1)
    assert servers.listed() == {"ERROR"}
    fault = fault_of(gateway, "done")
    assert fault["id"] == reported["id"]
    assert outcomes(fault, servers) == {"reset"}
    print({stage: round(seconds(fault, stage), 3) for stage in sorted(fault["stages"])})

    gateway.rest("POST", FAULT, {"source": "another"})  # a second report does nothing a second time
    assert fault_of(gateway, "done")["reports"] == 2

    until(lambda: len(errors_told(gateway, servers)) >= COUNT, within=120, every=0.1)
    service("openstack", "start-one", COMPUTE)
    gateway.rest("POST", f"{FAULT}/clear", {"source": "test"})
    until(lambda: servers.all_are("active"), within=120, every=0.2)
    until(lambda: compute_is(cloud, "up", forced=False), within=120, every=0.2)
    cleared = fault_of(gateway, "cleared")
    assert (cleared["marked_down"], cleared["reason"]) == (False, "")
    assert outcomes(cleared, servers) == {"restored"}
    assert servers.listed() == {"ACTIVE"}
    assert errors_told(gateway, servers) == ["house"] * COUNT  # the poller saw it too, and told it nobody
