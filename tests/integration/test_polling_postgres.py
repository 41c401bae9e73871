"""Pollers as processes on PostgreSQL: each VIM has one, and another when that one is killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import Fleet, fleet
from tests.processes import Deployment, Process, deployed
from tests.waiting import until

pytestmark = pytest.mark.servers
CLOUDS, SERVERS = 6, 5


@pytest.fixture
def clouds() -> Iterator[Fleet]:
    with fleet(CLOUDS, SERVERS) as made:
        yield made


@pytest.fixture
def deployment(tmp_path: Path, database_url: str, clouds: Fleet) -> Iterator[Deployment]:
    """A gateway that knows the clouds, on a database of its own."""
    with deployed(tmp_path, MCFED_DATABASE_URL=database_url) as made:
        made.gateway()
        made.subscribe("store", {"publisher": "store"})
        for cloud in range(CLOUDS):
            made.rest("POST", "/vims", clouds.vim(cloud, poll_interval=1))
        yield made


def told(deployment: Deployment) -> Counter[str]:
    """How often each fact is in the store: VIM, kind and the server's place."""
    events = deployment.rest("GET", "/events?limit=1000")["events"]
    return Counter(f"{one['vim_id']} {one['kind']} {int(one['instance_id'][-12:], 16)}" for one in events)


def owned(process: Process) -> set[str]:
    answer = process.get("/healthz")
    return set(answer.json()["vims"]) if answer else set()


def change_all(clouds: Fleet, server: int, state: str) -> None:
    for cloud in range(CLOUDS):
        clouds.change(cloud, server, state)


def facts(kind: str, server: int) -> Counter[str]:
    return Counter(f"fleet_r{cloud} {kind} {server}" for cloud in range(CLOUDS))


def test_two_pollers_share_the_clouds_and_one_that_is_killed_is_replaced(
    deployment: Deployment, clouds: Fleet
) -> None:
    first, second = deployment.start("poller"), deployment.start("poller")
    until(lambda: len(owned(first)) == len(owned(second)) == CLOUDS // 2, within=60)
    assert not owned(first) & owned(second)
    until(lambda: {one["status"] for one in vims(deployment)} == {"REACHABLE"}, within=60)

    change_all(clouds, 0, "paused")
    until(lambda: told(deployment) == facts("PAUSE", 0), within=60)

    first.kill()
    change_all(clouds, 0, "active")
    change_all(clouds, 1, "deleted")
    expected = facts("PAUSE", 0) + facts("UNPAUSE", 0) + facts("DELETE", 1)
    until(lambda: told(deployment) == expected, within=60)
    until(lambda: len(owned(second)) == CLOUDS, within=60)
    looks = clouds.looks()
    until(lambda: all(clouds.looks()[cloud] >= count + 12 for cloud, count in looks.items()), within=90)
    assert told(deployment) == expected


def test_what_happens_while_no_poller_runs_is_told_once_by_the_next(deployment: Deployment, clouds: Fleet) -> None:
    first = deployment.start("poller")
    until(lambda: {one["status"] for one in vims(deployment)} == {"REACHABLE"}, within=60)
    first.kill()
    change_all(clouds, 2, "stopped")
    change_all(clouds, 3, "deleted")
    deployment.start("poller")
    until(lambda: told(deployment) == facts("POWER_OFF", 2) + facts("DELETE", 3), within=60)


def vims(deployment: Deployment) -> list[Any]:
    return list(deployment.rest("GET", "/vims")["vims"])
