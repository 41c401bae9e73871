"""OPNFV Doctor's flow: a host fails, and the consumer of each of its VMs is told. Times of every stage.

The inspector's own body is posted for a host; its cloud takes 100 ms a call. Beside it what Doctor published for
its sample inspector with Nova, Ceilometer and Aodh (shortcut, parallel). ``python -m tests.bench.doctor``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fed_common.core import clock
from tests.alarmed import Alarmed, alarmed
from tests.conftest import empty_database, service
from tests.nova_updates import alarm_body, instances
from tests.plugins import installed
from tests.vhosts import virtual_host
from tests.waiting import until

SIZES = (1, 50, 1_000)
TIMES = 3
PUBLISHED = {1: 122.0, 50: 584.0}
SETTLED = ("done", "partial")


@dataclass(frozen=True)
class Run:
    """One fault: milliseconds from its report on."""

    size: int
    answered: float
    first: float
    middle: float
    last: float
    marked: float
    reset: float


def run(house: Alarmed, size: int, number: int) -> Run:
    """A host of that many VMs, each with a rule, fails."""
    ids, host = instances(size), f"host-{size}-{number}"
    rules = [alarm_body(f"doctor-{n}", one, house.consumer.url("/ok/failure")) for n, one in enumerate(ids)]
    house.lay(rules=rules, vim="slow_RegionOne", host=host, instances=ids)
    house.consumer.forget()
    start = time.time()
    event = {"time": clock.iso(clock.now()), "type": "compute.host.down", "details": _details(host)}
    answer = house.deployment.session.put(f"{house.deployment.url}/events", json=[event], timeout=30)
    assert answer.ok, answer.text
    answered = time.time()
    times = sorted(one.at for one in house.consumer.has(size, within=120))
    fault = until(lambda: _settled(house, host), within=120, every=0.1)
    assert fault["state"] == "done", fault
    stages = {name: clock.parse(at) for name, at in fault["stages"].items()}
    at = [answered, times[0], statistics.median(times), times[-1], _unix(stages["T04"]), _unix(stages["T03"])]
    return Run(size, *(1000 * (one - start) for one in at))


def table(runs: Sequence[Run]) -> str:
    """As Markdown: the median of each size."""
    head = (
        "| VMs of the host | PUT answered ms | first consumer told | half | all of them | host marked down "
        "| all VMs in error | published by Doctor, ms | ratio |"
    )
    lines = [head, "|---:" * 9 + "|"]
    for size in dict.fromkeys(one.size for one in runs):
        some = [one for one in runs if one.size == size]
        names = ("answered", "first", "middle", "last", "marked", "reset")
        figures = {name: statistics.median(getattr(one, name) for one in some) for name in names}
        peer = PUBLISHED.get(size)
        ratio = f"{peer:,.0f} | {peer / figures['last']:.1f}" if peer else "- | -"
        lines.append(f"| {size:,} | " + " | ".join(f"{figures[name]:,.0f}" for name in names) + f" | {ratio} |")
    return "\n".join(lines)


def main() -> None:
    """Each size a few times."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    asked, _ = options.parse_known_args()
    with _house() as house:
        run(house, 1, 0)  # the first fault of a process finds nothing warm
        print(table([run(house, size, number) for size in asked.sizes for number in range(1, TIMES + 1)]))


@contextmanager
def _house() -> Iterator[Alarmed]:
    for name in ("rabbitmq", "postgres"):
        service(name, "start")
    bus = service("rabbitmq", "url").replace("amqp://", "rabbit://")
    with (
        tempfile.TemporaryDirectory() as folder,
        empty_database(service("postgres", "url")) as database,
        virtual_host(bus) as host,
    ):
        path = installed(Path(folder) / "plugins", slow="tests.doubles.slow:SlowPlugin")
        with alarmed(Path(folder), database, host.url, PYTHONPATH=path) as house:
            house.deployment.start("conductor")
            body = {"cloud_owner": "slow", "cloud_region_id": "RegionOne", "type": "slow"}
            credentials = {"username": "u", "password": "p"}
            house.deployment.rest(
                "POST", "/vims", {**body, "auth_url": "http://127.0.0.1:9", "credentials": credentials}
            )
            yield house


def _details(host: str) -> dict[str, str]:
    return {"hostname": host, "status": "down", "monitor": "bench", "monitor_event_id": host}


def _settled(house: Alarmed, host: str) -> dict[str, Any] | None:
    fault: dict[str, Any] = house.deployment.rest("GET", f"/slow/RegionOne/hosts/{host}/fault")
    return fault if fault["state"] in SETTLED else None


def _unix(moment: Any) -> float:
    return float(moment.timestamp())


if __name__ == "__main__":
    main()
