"""One poller on one core: 50 OpenStacks with 1,000 servers each, every one looked at within its 10 s.

The clouds are one process of their own on the other core; their JSON is a recorded server's, and ten
servers of every cloud change each round. ``python -m tests.bench.poller`` runs it alone.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.bench.measure import cpu_seconds, peak_memory
from tests.conftest import service
from tests.fleet import Fleet, fleet
from tests.processes import Deployment, deployed
from tests.waiting import until

CLOUDS, SERVERS, INTERVAL = 50, 1_000, 10.0
ROUNDS, CHANGES = 3, 10


@dataclass(frozen=True)
class Rounds:
    """What the rounds cost: processor seconds of one round, the longest time between two looks at one cloud."""

    name: str
    cpu: float
    longest: float
    events: int
    expected: int
    memory: int

    def row(self) -> str:
        """As a line of the table."""
        found = f"{self.events:,} of {self.expected:,}"
        return f"| {self.name} | {self.cpu:.1f} | {self.longest:.1f} | {found} | {self.memory} |"


def run(name: str, **settings: str) -> Rounds:
    """Some rounds with these settings of the gateway."""
    with fleet(CLOUDS, SERVERS) as clouds, _deployment(**settings) as deployment:
        os.sched_setaffinity(clouds.pid, {_cores()[-1]})
        for cloud in range(CLOUDS):
            deployment.rest("POST", "/vims", clouds.vim(cloud, poll_interval=INTERVAL))
        poller = deployment.start("poller")
        os.sched_setaffinity(poller.pid, {_cores()[0]})
        until(lambda: _reachable(deployment) == CLOUDS, within=300, every=0.5)
        return _measure(name, deployment, clouds, poller.pid)


def main() -> None:
    """Both ways of looking, as a table."""
    print(
        table([run("whole looks only", MCFED_POLL_FULL_EVERY="1"), run("as shipped: changes between whole looks")])
    )


def table(rows: list[Rounds]) -> str:
    """As Markdown."""
    title = f"poller on one core, {CLOUDS} VIMs x {SERVERS:,} VMs, interval {INTERVAL:g} s"
    head = f"| {title} | CPU s/round | longest gap s | events found | peak MiB |"
    return "\n".join([head, "|---|---:|---:|---:|---:|", *(one.row() for one in rows)])


def _measure(name: str, deployment: Deployment, clouds: Fleet, pid: int) -> Rounds:
    time.sleep(INTERVAL)
    began, before, cpu = time.monotonic(), clouds.looks(), cpu_seconds(pid)
    gaps = _Gaps(clouds)
    for number in range(ROUNDS):
        for cloud in range(CLOUDS):
            for server in range(CHANGES):
                clouds.change(cloud, number * CHANGES + server, "paused")
        time.sleep(max(0.0, began + (number + 1) * INTERVAL - time.monotonic()))
    used = cpu_seconds(pid) - cpu
    after = clouds.looks()
    rounds = sum(after[cloud] - before[cloud] for cloud in after) / CLOUDS
    expected = CLOUDS * CHANGES * ROUNDS
    with suppress(AssertionError):  # the row tells how many there are
        until(lambda: len(_events(deployment)) >= expected, within=60, every=1)
    longest, found = gaps.stop(), len(_events(deployment))
    return Rounds(name, used / rounds, longest, found, expected, peak_memory(pid))


class _Gaps:
    """The longest time between two looks at one cloud."""

    def __init__(self, clouds: Fleet) -> None:
        self._clouds, self._stopping, self._longest = clouds, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """How long it was."""
        self._stopping.set()
        self._thread.join()
        return self._longest

    def _watch(self) -> None:
        began = time.monotonic()
        last = {cloud: (count, began) for cloud, count in self._clouds.looks().items()}
        while not self._stopping.wait(0.1):
            now = time.monotonic()
            for cloud, count in self._clouds.looks().items():
                if count != last[cloud][0]:
                    if last[cloud][1] > began:
                        self._longest = max(self._longest, now - last[cloud][1])
                    last[cloud] = (count, now)


@contextmanager
def _deployment(**settings: str) -> Iterator[Deployment]:
    service("postgres", "start")
    server_url = service("postgres", "url")
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"create database {name}")
    url = f"{server_url.rpartition('/')[0]}/{name}"
    with (
        tempfile.TemporaryDirectory() as folder,
        deployed(Path(folder), MCFED_DATABASE_URL=url, **settings) as made,
    ):
        made.gateway()
        made.subscribe("store", {"publisher": "store"})
        yield made
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"drop database {name} with (force)")


def _reachable(deployment: Deployment) -> int:
    return sum(one["status"] == "REACHABLE" for one in deployment.rest("GET", "/vims")["vims"])


def _events(deployment: Deployment) -> list[str]:
    """The ids of all stored events."""
    found: list[str] = []
    after = 0
    while page := deployment.rest("GET", f"/events?limit=1000&after={after}")["events"]:
        found += [one["id"] for one in page if one["phase"] == "end"]
        after = page[-1]["sequence"]
    return found


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
