"""The scenarios of the monitor's seeds: several executors and conductors, guests that really die."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.addresses import Addresses
from tests.conftest import empty_database
from tests.doubles.booting import BootingCloud, booting
from tests.guests import Guests
from tests.scenario.watched import Watched, vnfd, watched
from tests.vhosts import virtual_host
from tests.waiting import until

pytestmark = pytest.mark.servers
VIM = "lab_RegionOne"
ROOM = 12


@pytest.fixture(scope="module")
def guests() -> Iterator[Guests]:
    """Addresses for guests to be."""
    with Addresses(ROOM) as addresses:
        yield Guests(addresses)


@pytest.fixture(scope="module")
def cloud(guests: Guests) -> Iterator[BootingCloud]:
    """A cloud that boots them."""
    with booting(guests.all, up=guests.up, down=guests.down) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, rabbitmq_url: str, cloud: BootingCloud
) -> Iterator[Watched]:
    """Three executors and two conductors, and the cloud as a VIM that is reached."""
    folder = tmp_path_factory.mktemp("monitor")
    with (
        empty_database(postgres_url) as database,
        virtual_host(rabbitmq_url) as host,
        watched(folder, database, host.url, MCFED_VIM_API_INTERVAL="1") as made,
    ):
        made.deployment.subscribe("all", {"publisher": "store"})  # before anybody could tell what it would miss
        made.work(executors=3, conductors=2)
        made.register("lab", "booting", cloud.url)
        made.vim_is(VIM, "REACHABLE")
        yield made


@pytest.fixture
def gateway(everything: Watched, cloud: BootingCloud) -> Iterator[Watched]:
    """The same, without any VNF in the end."""
    yield everything
    everything.remove_vnfs()
    until(lambda: cloud.instances == {})
    cloud.made.clear()


def ending(gateway: Watched, vnf: str, *details: str) -> None:
    """Wait until these details were told, and see that each was told once."""
    until(lambda: set(details) <= set(gateway.details(vnf)), every=0.1)
    told = gateway.details(vnf)
    assert [told.count(one) for one in details] == [1] * len(details)


def test_a_vnf_that_cannot_be_reached_is_respawned_and_its_new_address_watched(
    gateway: Watched, cloud: BootingCloud, guests: Guests
) -> None:
    """T49 T54 T55, the first scenario of the seed of policies."""
    vnf = gateway.create("web", VIM, vnfd())
    first = gateway.healthy(vnf)[0]
    assert gateway.vnf(vnf)["action_id"]
    assert f"vnf_id_{vnf}" in {one["name"] for one in gateway.workflows()}
    running = [one for one in gateway.workflows("tasks") if one["workflow_name"] == f"vnf_id_{vnf}"]
    assert [one["state"] for one in running] == ["RUNNING"]

    guests.down(first["address"])
    until(lambda: gateway.members(vnf)[0]["instance_id"] not in ("", first["instance_id"]), within=60, every=0.1)
    second = gateway.healthy(vnf)[0]
    assert second["address"] != first["address"]
    after = gateway.vnf(vnf)
    assert (after["id"], after["failure_count"]) == (vnf, 1)
    assert after["attributes"]["dead_instance_id_1"] == first["instance_id"]
    ending(gateway, vnf, "ActionRespawnHeat invoked")
    assert set(cloud.made.values()) == {1}
    assert len(cloud.instances) == 1

    guests.down(second["address"])  # the new one is watched: it is respawned as well
    until(lambda: gateway.vnf(vnf)["failure_count"] == 2, within=60, every=0.1)
    gateway.healthy(vnf)


def test_deleting_a_vnf_removes_everything(gateway: Watched, cloud: BootingCloud) -> None:
    """T66, the second scenario."""
    gateway.register("other", "booting", cloud.url)
    vnf = gateway.create("web", "other_RegionOne", vnfd(members=2))
    gateway.healthy(vnf, 2)
    url = f"{gateway.deployment.url}/api/multicloud/v1/vims/other_RegionOne"
    refused = gateway.deployment.session.delete(url, timeout=60)
    assert refused.status_code == 409  # T16
    gateway.deployment.rest("DELETE", f"/vnfs/{vnf}")
    until(lambda: gateway.is_gone(vnf), every=0.1)
    names = {f"vnf_id_{vnf}"}
    assert not names & {one["name"] for one in gateway.workflows()}
    assert not names & {one["workflow_name"] for one in gateway.workflows("executions")}
    assert not names & {one["workflow_name"] for one in gateway.workflows("tasks")}
    assert cloud.instances == {}
    gateway.deployment.rest("DELETE", "/vims/other_RegionOne")
    assert len(gateway.workflows()) == 1


def test_scaling_out_and_in_the_monitor_follows_the_addresses(
    gateway: Watched, cloud: BootingCloud, guests: Guests
) -> None:
    """T63 T64, the third scenario."""
    vnf = gateway.create("web", VIM, vnfd(members=2, action="log"))
    gateway.healthy(vnf, 2)
    gateway.deployment.rest("POST", f"/vnfs/{vnf}/scale", {"policy": "SP1", "direction": "out"})
    grown = gateway.healthy(vnf, 3)
    guests.down(grown[-1]["address"])
    until(lambda: "DOWN" in {one["health"] for one in gateway.members(vnf)}, every=0.1)
    guests.up(grown[-1]["address"])
    gateway.healthy(vnf, 3)
    ending(gateway, vnf, "ActionLogOnly invoked")

    gateway.deployment.rest("POST", f"/vnfs/{vnf}/scale", {"policy": "SP1", "direction": "in"})
    left = gateway.healthy(vnf, 2)
    gone = {one["address"] for one in grown} - {one["address"] for one in left}
    assert len(gone) == 1
    assert not gone & guests.answering
    until(lambda: len(cloud.instances) == 2)
    ending(gateway, vnf, "ActionLogOnly invoked")  # still once: no failure of the one that went


def test_a_dead_auth_host_makes_a_vim_unreachable_and_the_river_hears_of_it(
    gateway: Watched, cloud: BootingCloud
) -> None:
    """T2 T13 T14: each change is one event, on the topics too."""
    vim = gateway.deployment.rest("GET", f"/vims/{VIM}")
    cloud.fail("probe", times=1000)
    gateway.vim_is(VIM, "UNREACHABLE")
    cloud.well()
    gateway.vim_is(VIM, "REACHABLE")
    told = _monitored(gateway, vim["uuid"])
    assert told == ["REACHABLE", "UNREACHABLE", "REACHABLE"]
    heard = until(lambda: _heard(gateway, 3), every=0.1)
    assert heard == told


def test_what_is_added_by_one_process_is_removed_by_another_and_nobody_is_missed(
    gateway: Watched, cloud: BootingCloud, guests: Guests
) -> None:
    """T76 T77 T95 and the seed of decomposed monitors: kill and freeze what you like."""
    vnf = gateway.create("web", VIM, vnfd(action="log"))
    member = gateway.healthy(vnf)[0]
    _, one, two, three, conducting, *_ = gateway.deployment.processes
    one.kill()
    two.signal(signal.SIGSTOP)
    conducting.kill()
    guests.down(member["address"])
    until(lambda: gateway.members(vnf)[0]["health"] == "DOWN", every=0.1)
    two.signal(signal.SIGCONT)
    three.kill()
    guests.up(member["address"])
    gateway.healthy(vnf)
    ending(gateway, vnf, "ActionLogOnly invoked")

    with gateway.another_gateway() as other:
        gone = gateway.deployment.session.delete(f"{other}/api/multicloud/v1/vnfs/{vnf}", timeout=60)
        assert gone.ok
    until(lambda: gateway.is_gone(vnf), every=0.1)
    assert cloud.instances == {}


def _monitored(gateway: Watched, uuid: str) -> list[str]:
    url = f"{gateway.deployment.url}/openstack/v1.0/events?resource_id={uuid}&event_type=MONITOR"
    events: list[dict[str, Any]] = gateway.deployment.session.get(url, timeout=60).json()["events"]
    return [one["resource_state"] for one in sorted(events, key=lambda one: int(one["id"]))]


def _heard(gateway: Watched, count: int) -> list[str] | None:
    events = gateway.deployment.rest("GET", f"/events?kind=VIM_STATUS&vim_id={VIM}")["events"]
    states = [one["state"] for one in sorted(events, key=lambda one: one["occurred_at"])]
    return states if len(states) >= count else None
