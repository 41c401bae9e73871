"""The monitor as a whole: how soon VIMs are decided, how soon a failure is known, and what a steady target costs.

One gateway, executor and conductor on PostgreSQL and RabbitMQ. ``python -m tests.bench.monitor`` runs it alone.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests.addresses import Addresses
from tests.bench.measure import percentile
from tests.conftest import empty_database, service
from tests.doubles.booting import booting
from tests.guests import Guests
from tests.processes import Process
from tests.scenario.watched import Watched, watched
from tests.vhosts import virtual_host
from tests.waiting import until

VIMS, CUT, CALLERS, STEADY = 1000, 200, 8, 10.0
_STATUSES = "select full_id, status, status_at from inventory_vim"


@dataclass(frozen=True)
class Run:
    """Seconds, but for ``calls``: calls to a conductor while nothing happened."""

    name: str
    registered: float
    answers: list[float]
    decided: float
    found: list[float]
    calls: float

    def row(self) -> str:
        """As a line of the table."""
        found = [percentile(self.found, part) for part in (0.5, 0.99)] if self.found else []
        detected = [f"{one:,.0f}" for one in found] or ["-", "-"]
        slow = percentile(self.answers, 0.95)
        cells = [f"{self.registered:.1f}", f"{slow:.0f}", f"{self.decided:.1f}", *detected, f"{self.calls:.0f}"]
        return f"| {self.name} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    for name in ("rabbitmq", "postgres"):
        service(name, "start")
    print(f"| {VIMS:,} VIMs | registered s | POST p95 ms | decided s | known p50 ms | p99 ms | calls steady |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(run("asked by ping, 1 s", "ping").row(), flush=True)
    print(run("asked by their API, 10 s", "api").row(), flush=True)


def run(name: str, probe: str) -> Run:
    """Register, wait, cut, and look."""
    rabbitmq = service("rabbitmq", "url").replace("amqp://", "rabbit://")
    with (
        Addresses(VIMS) as addresses,
        booting([]) as cloud,
        empty_database(service("postgres", "url")) as database,
        virtual_host(rabbitmq) as host,
        tempfile.TemporaryDirectory() as folder,
        watched(Path(folder), database, host.url, MCFED_VIM_PROBE=probe, MCFED_RATE_PER_SECOND="0") as gateway,
    ):
        gateway.work(executors=1, conductors=1)
        guests = Guests(addresses)
        guests.up(*guests.all)
        urls = [f"http://{one}:5000/v3" if probe == "ping" else cloud.url for one in guests.all]
        began = time.monotonic()
        with ThreadPoolExecutor(CALLERS) as pool:
            answers = list(pool.map(lambda one: _register(gateway, *one), enumerate(urls)))
        registered = time.monotonic() - began
        until(lambda: _count(database, "REACHABLE") == VIMS, within=120, every=0.1)
        decided = time.monotonic() - began
        calls = _calls(gateway.deployment.processes[1], STEADY)
        found = _cut(guests, database) if probe == "ping" else []
        return Run(name, registered, answers, decided, found, calls)


def _register(gateway: Watched, number: int, url: str) -> float:
    """One VIM; how many ms the answer took."""
    body: dict[str, Any] = {
        "cloud_owner": "many",
        "cloud_region_id": f"r{number}",
        "type": "booting",
        "auth_url": url,
        "credentials": {"username": "u", "password": "p"},
    }
    began = time.monotonic()
    headers = {"X-Auth-Token": str(gateway.deployment.session.headers["X-Auth-Token"])}
    answer = requests.post(
        f"{gateway.deployment.url}/api/multicloud/v1/vims", json=body, headers=headers, timeout=30
    )
    assert answer.status_code == 201, answer.text
    return time.monotonic() - began


def _count(database: str, status: str) -> int:
    with psycopg.connect(database) as server:
        return sum(found == status for _, found, _ in server.execute(_STATUSES))


def _calls(executor: Process, seconds: float) -> float:
    """Calls to a conductor meanwhile."""
    before = _made(executor)
    time.sleep(seconds)
    return _made(executor) - before


def _made(executor: Process) -> float:
    page = executor.get("/metrics")
    assert page is not None
    lines = [line for line in page.text.splitlines() if line.startswith("mcfed_executor_calls_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def _cut(guests: Guests, database: str) -> list[float]:
    """Cut some, one after the other; from each cut until a conductor had written it."""
    cut: dict[str, float] = {}
    for number, address in enumerate(guests.all[:CUT]):
        cut[f"many_r{number}"] = time.time()
        guests.down(address)
        time.sleep(0.02)
    until(lambda: _count(database, "UNREACHABLE") == CUT, within=60, every=0.1)
    with psycopg.connect(database) as server:
        rows: list[tuple[str, str, datetime]] = server.execute(_STATUSES).fetchall()
    return [at.timestamp() - cut[id] for id, status, at in rows if status == "UNREACHABLE"]


if __name__ == "__main__":
    main()
