"""The respawn scenario on a real OpenStack: Nova boots the VM, and boots another when it dies.

Its computes are fake, so a server's address answers only where the test lets it: on the loopback.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import service
from tests.scenario.nova import Nova, credentials
from tests.scenario.watched import Watched, vnfd, watched
from tests.waiting import until

pytestmark = pytest.mark.servers
VIM = "core_RegionOne"


@pytest.fixture(scope="module")
def openstack() -> Nova:
    """The real OpenStack; it stays for the modules behind this one."""
    service("openstack", "start")
    return Nova()


@pytest.fixture
def gateway(tmp_path: Path, database_url: str, vhost_url: str, openstack: Nova) -> Iterator[Watched]:
    """Two executors and two conductors, and the cloud as a VIM that is reached."""
    with watched(tmp_path, database_url, vhost_url, MCFED_VIM_API_INTERVAL="2") as made:
        made.work(executors=2, conductors=2)
        rc = credentials()
        secrets = {"username": rc["USERNAME"], "password": rc["PASSWORD"]}
        made.register("core", "openstack", rc["AUTH_URL"], credentials=secrets, projects=[rc["PROJECT_NAME"]])
        made.vim_is(VIM, "REACHABLE")
        yield made


class Answering:
    """Addresses that answer on this machine's loopback."""

    def __init__(self) -> None:
        self._now: set[str] = set()

    def up(self, address: str) -> None:
        """From now on it answers."""
        self._ip("add", address)
        self._now.add(address)

    def down(self, address: str) -> None:
        """From now on it does not: it is black-holed, for the cloud's network is nowhere routed."""
        self._ip("del", address)
        self._now.discard(address)

    def close(self) -> None:
        """Leave none behind."""
        for address in list(self._now):
            self.down(address)

    def _ip(self, verb: str, address: str) -> None:
        subprocess.run(["ip", "addr", verb, f"{address}/32", "dev", "lo"], check=True, timeout=60)


@pytest.fixture
def answering() -> Iterator[Answering]:
    """None at first."""
    made = Answering()
    yield made
    made.close()


def test_a_server_that_dies_is_booted_anew_and_watched(
    gateway: Watched, openstack: Nova, answering: Answering
) -> None:
    before = set(openstack.servers())
    vnf = gateway.create(
        "web",
        VIM,
        vnfd(image="img-one", flavor="f.tiny", network="fednet", availability_zone="zone-good", delay=5),
    )
    first = until(lambda: [one for one in gateway.members(vnf) if one["address"]], within=240, every=0.1)[0]
    answering.up(first["address"])
    assert gateway.healthy(vnf)[0]["instance_id"] in set(openstack.servers()) - before

    answering.down(first["address"])
    second = until(lambda: _another(gateway, vnf, first["address"]), within=240, every=0.1)
    answering.up(second)
    alive = gateway.healthy(vnf)[0]
    assert alive["instance_id"] != first["instance_id"]
    assert gateway.details(vnf).count("ActionRespawnHeat invoked") == 1
    assert gateway.vnf(vnf)["attributes"]["dead_instance_id_1"] == first["instance_id"]

    gateway.deployment.rest("DELETE", f"/vnfs/{vnf}")
    until(lambda: gateway.is_gone(vnf), within=180, every=0.1)
    until(
        lambda: not {alive["instance_id"], first["instance_id"]} & set(openstack.servers()), within=180, every=0.5
    )


def test_what_the_cloud_tells_of_a_member_is_known_without_any_probe(
    gateway: Watched, openstack: Nova, answering: Answering, rabbitmq_url: str
) -> None:
    rc = credentials()
    gateway.register(
        "vio",
        "vmware",
        rc["AUTH_URL"],
        credentials={"username": rc["USERNAME"], "password": rc["PASSWORD"]},
        projects=[rc["PROJECT_NAME"]],
        transport={"url": rabbitmq_url, "exchange": "nova", "pool": f"vnf-{uuid.uuid4().hex[:8]}"},
    )
    gateway.deployment.start("listener")
    described = vnfd(
        image="img-one", flavor="f.tiny", network="fednet", availability_zone="zone-good", delay=5, action="log"
    )
    vnf = gateway.create("told", "vio_RegionOne", described)
    first = until(lambda: [one for one in gateway.members(vnf) if one["address"]], within=240, every=0.1)[0]
    answering.up(first["address"])
    member = gateway.healthy(vnf)[0]
    openstack.act(member["instance_id"], "os-stop", "SHUTOFF")  # its address goes on answering
    until(lambda: "ActionLogOnly invoked" in gateway.details(vnf), within=180, every=0.1)
    down = [details for _, state, details in gateway.events(vnf) if state == "DOWN"]
    assert down[0].startswith("its cloud told of compute.instance.power_off")
    assert gateway.details(vnf).count("ActionLogOnly invoked") == 1


def _another(gateway: Watched, vnf: str, than: str) -> str:
    """The address of its member once it is another one."""
    address: str = gateway.members(vnf)[0]["address"]
    return address if address != than else ""
