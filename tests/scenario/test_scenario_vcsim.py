"""A vSphere: what is done to its VMs is told once; when it dies, nothing is said to be deleted."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import service
from tests.processes import Deployment, deployed
from tests.scenario.subscriber import Subscriber
from tests.waiting import until

pytestmark = pytest.mark.servers
VIM = "vc_DC0"


def govc(*words: str) -> str:
    """vSphere's own command line."""
    return service("vcsim", "govc", *words)


@pytest.fixture
def vcsim() -> Iterator[str]:
    """A fresh vSphere simulator; its URL with name and password."""
    service("vcsim", "stop")
    service("vcsim", "start")
    yield service("vcsim", "url")
    service("vcsim", "stop")


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Deployment]:
    """A gateway and a poller."""
    with deployed(tmp_path, MCFED_POLL_INTERVAL="2", MCFED_CLOUD_TIMEOUT="20") as deployment:
        deployment.gateway()
        deployment.start("poller")
        yield deployment


def register(fleet: Deployment, url: str) -> None:
    """Register the simulator with the certificate it shows."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    body = {
        "cloud_owner": "vc",
        "cloud_region_id": "DC0",
        "type": "vsphere",
        "auth_url": f"https://{parts.hostname}:{parts.port}/sdk",
        "credentials": {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")},
        "tls": {"verify": True, "ca": ssl.get_server_certificate((parts.hostname, parts.port))},
    }
    fleet.rest("POST", "/vims", body)


def is_status(fleet: Deployment, status: str) -> None:
    """Wait until the inventory says so."""
    until(lambda: fleet.rest("GET", f"/vims/{VIM}")["status"] == status, within=120)


def asked(fleet: Deployment, *states: str) -> Any:
    """check_vim_status's answer as it came."""
    url = f"{fleet.url}/api/multicloud/v0/{VIM}/check_vim_status"
    return fleet.session.post(url, json={"states": list(states)}, timeout=30)


def named(answer: Any) -> set[str]:
    """The VMs in that answer."""
    return {one["name"] for one in answer.json()["result"]}


def known(fleet: Deployment) -> dict[str, str]:
    """Name and state of every VM in the inventory."""
    rows = fleet.rest("GET", f"/instances?vim_id={VIM}")["instances"]
    return {row["name"]: row["state"] for row in rows}


def test_what_happens_to_vms_is_told_once_and_agrees_with_check_vim_status(fleet: Deployment, vcsim: str) -> None:
    noc = Subscriber(fleet)
    register(fleet, vcsim)
    is_status(fleet, "REACHABLE")
    off, asleep, grown, gone = sorted(until(lambda: len(known(fleet)) >= 4 and known(fleet)))[:4]
    govc("vm.power", "-off", off)
    govc("vm.power", "-suspend", asleep)
    govc("vm.change", "-vm", grown, "-c", "4", "-m", "256")
    govc("vm.destroy", gone)
    expected = {off: "POWER_OFF", asleep: "SUSPEND", grown: "RESIZE", gone: "DELETE"}
    for name, kind in expected.items():
        noc.hears(kind, VIM, name)

    assert named(asked(fleet, "POWER_OFF")) - {gone} == {off}
    assert named(asked(fleet, "SUSPEND")) == {asleep}
    assert named(asked(fleet, "DELETE")) == {gone}
    living = {line.rpartition("/")[2] for line in govc("find", "/", "-type", "m").splitlines()}
    assert {one["name"] for one in asked(fleet).json()["result"] if one["state"] != "deleted"} == living

    govc("vm.power", "-on", off)
    noc.hears("POWER_ON", VIM, off)  # whatever was told twice before came before this
    told = {name: noc.ended(VIM, name) for name in expected}
    count = sum(map(len, told.values()))
    assert told.pop(gone) in (["DELETE"], ["POWER_OFF", "DELETE"])  # it is turned off first, which may be seen
    assert told == {off: ["POWER_OFF", "POWER_ON"], asleep: ["SUSPEND"], grown: ["RESIZE"]}
    assert len(noc.ended(VIM)) == count


def test_a_dead_vsphere_is_unreachable_and_deletes_nothing(fleet: Deployment, vcsim: str) -> None:
    noc = Subscriber(fleet)
    register(fleet, vcsim)
    is_status(fleet, "REACHABLE")
    before = until(lambda: known(fleet))
    service("vcsim", "kill")
    is_status(fleet, "UNREACHABLE")
    refused = asked(fleet)
    assert refused.status_code in (502, 503, 504)
    assert refused.json()["vim_id"] == VIM
    assert known(fleet) == before

    service("vcsim", "start")
    is_status(fleet, "REACHABLE")
    off = min(before)
    govc("vm.power", "-off", off)
    noc.hears("POWER_OFF", VIM, off)
    told = noc.ended(VIM)
    assert told.count("POWER_OFF") == 1
    assert set(told) == {
        "REBOOT",
        "POWER_OFF",
    }  # a simulator that starts boots its VMs; none was deleted
