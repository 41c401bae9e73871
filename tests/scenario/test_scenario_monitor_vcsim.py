"""The respawn scenario on a vSphere: the VM is cloned, dies, and is cloned anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addresses import Addresses
from tests.guests import Guests
from tests.scenario.watched import Watched, vnfd, watched
from tests.vcsim import Vcsim
from tests.waiting import until

pytestmark = pytest.mark.servers
VIM = "vc_RegionOne"
SOURCE = "DC0_H0_VM0"


@pytest.fixture
def guests() -> Iterator[Guests]:
    """Addresses for guests to be."""
    with Addresses(4) as addresses:
        yield Guests(addresses)


@pytest.fixture
def gateway(tmp_path: Path, database_url: str, vhost_url: str, vcsim: Vcsim) -> Iterator[Watched]:
    """An executor, a conductor, and the simulator as a VIM that is reached."""
    with watched(tmp_path, database_url, vhost_url, MCFED_VIM_API_INTERVAL="2") as made:
        made.work(executors=1, conductors=1)
        vim = vcsim.vim()
        assert vim.credentials
        made.register(
            "vc",
            "vsphere",
            vim.auth_url,
            credentials={"username": vim.credentials.username, "password": vim.credentials.password},
            tls={"verify": True, "ca": vcsim.ca},
        )
        made.vim_is(VIM, "REACHABLE")
        yield made


def clones(vcsim: Vcsim) -> set[str]:
    """The VMs that were not there at first."""
    names = {line.rpartition("/")[2] for line in vcsim.govc("find", "/", "-type", "m").splitlines()}
    return {name for name in names if not name.startswith("DC")}


def boot(vcsim: Vcsim, guests: Guests, address: str, known: set[str]) -> str:
    """Wait for the next clone and let its guest tell and answer that address, as its tools would."""
    (name,) = until(lambda: clones(vcsim) - known, within=60, every=0.2)
    guests.up(address)
    vcsim.govc("vm.change", "-vm", name, "-e", f"SET.guest.ipAddress={address}")
    return name


def test_a_vsphere_vm_that_dies_is_cloned_anew_and_watched(gateway: Watched, vcsim: Vcsim, guests: Guests) -> None:
    vnf = gateway.create("web", VIM, vnfd(image=SOURCE, network="VM Network"))
    first = boot(vcsim, guests, guests.all[0], set())
    member = gateway.healthy(vnf)[0]
    assert member["address"] == guests.all[0]
    power = json.loads(vcsim.govc("vm.info", "-json", first))["virtualMachines"][0]["runtime"]["powerState"]
    assert power == "poweredOn"

    guests.down(guests.all[0])
    second = boot(vcsim, guests, guests.all[1], {first})
    until(lambda: gateway.members(vnf)[0]["address"] == guests.all[1], within=60, every=0.1)
    gateway.healthy(vnf)
    assert clones(vcsim) == {second}
    assert gateway.details(vnf).count("ActionRespawnHeat invoked") == 1

    gateway.deployment.rest("DELETE", f"/vnfs/{vnf}")
    until(lambda: gateway.is_gone(vnf), every=0.1)
    assert clones(vcsim) == set()
