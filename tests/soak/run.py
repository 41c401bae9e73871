"""One soak: a world, a deployment that watches it, disturbances for a while, and the verdict."""

from __future__ import annotations

import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import empty_database, service
from tests.scenario.watched import watched
from tests.soak.chaos import Chaos, Disturbance
from tests.soak.verdict import Books, cuts, table, violations, wrong_states
from tests.soak.world import world
from tests.vhosts import virtual_host
from tests.waiting import until

EXECUTORS, CONDUCTORS = 3, 2
SETTLED_WITHIN = 60.0
QUIET = 4.0


@dataclass(frozen=True)
class Soaked:
    """What came of it."""

    violations: list[str]
    report: str


def soak(seconds: float, targets: int, *, seed: int = 1, quiet: float = QUIET) -> Soaked:
    """Disturb for so many seconds, and in each way once; real servers are started and, at times, killed."""
    service("rabbitmq", "start")
    service("postgres", "start")
    rabbitmq = service("rabbitmq", "url").replace("amqp://", "rabbit://")
    with (
        empty_database(service("postgres", "url")) as database,
        virtual_host(rabbitmq) as host,
        world(targets) as (made, addresses, (listening,)),
        tempfile.TemporaryDirectory(prefix="mcfed-soak-") as folder,
        watched(Path(folder), database, host.url, MCFED_RATE_PER_SECOND="0") as gateway,
    ):
        chaos = Chaos(gateway.deployment, EXECUTORS, CONDUCTORS, seed, servers=True)
        gateway.register("lab", "booting", made.cloud.url)
        made.populate(gateway, addresses)
        stopping = threading.Event()
        threads = [
            threading.Thread(target=made.flap, args=(stopping, seed)),
            threading.Thread(target=made.kill, args=(gateway, stopping, seed)),
        ]
        for thread in threads:
            thread.start()
        done = _disturb(chaos, seconds, quiet)
        stopping.set()
        for thread in threads:
            thread.join()
        for vnf in made.respawned:
            gateway.healthy(vnf, within=SETTLED_WITHIN)
        until(lambda: not wrong_states(made, Books.read(database)), within=SETTLED_WITHIN, every=0.5)
        until(lambda: not Books.read(database).unfinished, within=SETTLED_WITHIN, every=0.5)
        heard, books = made.heard(listening), Books.read(database)
        failures = sum(seq for address, _, seq in books.targets if address in made.history)
        counts = (
            f"{heard['echoes']:,} echo requests to {heard['addresses']:,} addresses; "
            f"{sum(cuts(made, one) for one in made.history):,} cuts, {failures:,} failures found, "
            f"{sum(books.logged.values()):,} actions; {sum(made.kills.values())} guests killed, "
            f"{sum(gateway.vnf(vnf)['failure_count'] for vnf in made.respawned)} respawns"
        )
        return Soaked(violations(made, books, heard, done), f"{table(heard, done)}\n\n{counts}")


def _disturb(chaos: Chaos, seconds: float, quiet: float) -> list[Disturbance]:
    ending, done = time.monotonic() + seconds, []
    while len(done) < chaos.ways or time.monotonic() < ending:
        done.append(chaos.disturb())
        time.sleep(quiet)
    return done
