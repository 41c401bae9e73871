"""From Nova's message in RabbitMQ to the action at its consumer: the gateway beside Ceilometer and Aodh.

Doctor's rules, of one instance each; PostgreSQL with fsync, one listener; the peer as it comes out of its box.
``python -m tests.bench.alarms`` runs it alone; ``--no-peer`` leaves Ceilometer and Aodh out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pika

from tests.alarmed import Alarmed, alarmed
from tests.bench.aodh import peer
from tests.bench.measure import percentile
from tests.captures import AmqpMessage
from tests.conftest import empty_database, service
from tests.consumer import Consumer
from tests.nova_updates import alarm_body, instance_update, instances
from tests.replay import PERSISTENT

RULES = (1, 1_000, 100_000)
RATES = (10, 200)
STEADY_SECONDS = 10
BURST, SPREAD = 1_000, 100
PEER_RULES = 1_000
STORMS = (50, 1_000)


class Chain(Protocol):
    """What carries a message to an action."""

    name: str
    exchange: str
    amqp: str
    consumer: Consumer

    def rule(self, instance_id: str) -> None:
        """A rule that fires each time that instance is in error."""

    def once(self, ids: Sequence[str]) -> None:
        """A rule for each of these that fires once."""

    def cpu(self) -> float:
        """Processor seconds of all its processes so far."""


@dataclass(frozen=True)
class Row:
    """One chain's figures with so many rules."""

    name: str
    rules: int
    latencies: dict[int, Sequence[float]]
    burst: float
    cpu_ms: float

    def cells(self, first: Row) -> str:
        """As a line of the table."""
        times = [f"{percentile(self.latencies[rate], share):.1f}" for rate in RATES for share in (0.5, 0.99)]
        figures = [
            f"{self.rules:,}",
            *times,
            f"{self.burst:,.0f}",
            f"{self.burst / first.burst:.1f}",
            f"{self.cpu_ms:.2f}",
        ]
        return f"| {self.name} | " + " | ".join(figures) + " |"


class Gateway:
    """Ours: one gateway for the rules, one listener for everything else."""

    name = "gateway"

    def __init__(self, house: Alarmed) -> None:
        self._house, self.exchange, self.amqp, self.consumer = (
            house,
            house.exchange,
            house.rabbitmq_url,
            house.consumer,
        )
        (self._listener,) = house.listen()

    def rule(self, instance_id: str) -> None:
        """See Chain."""
        self._house.alarm("bench", instance_id, repeat_actions=True)

    def once(self, ids: Sequence[str]) -> None:
        """See Chain."""
        self._house.lay(rules=[alarm_body("storm", one, self.consumer.url()) for one in ids])

    def cpu(self) -> float:
        """See Chain."""
        return self._listener.cpu()


@contextmanager
def gateway(rules: int) -> Iterator[Gateway]:
    """With so many rules of other instances."""
    rabbitmq, postgres = (service(name, "start") and service(name, "url") for name in ("rabbitmq", "postgres"))
    rabbitmq = rabbitmq.replace("amqp://", "rabbit://").rstrip("/") + "/"
    with (
        tempfile.TemporaryDirectory() as folder,
        empty_database(postgres) as database,
        alarmed(Path(folder), database, rabbitmq) as house,
    ):
        house.lay_rules(rules)
        yield Gateway(house)


def run(chain: Chain, rules: int) -> Row:
    """Each rate for some seconds, then everything at once."""
    ids = instances(SPREAD)
    for one in ids:
        chain.rule(one)
    _send(chain, _burst(ids[:1]))
    chain.consumer.has(1)
    chain.consumer.forget()
    latencies = {rate: _steady(chain, ids[0], rate) for rate in RATES}
    cpu, start = chain.cpu(), time.time()
    _send(chain, _burst([ids[number % SPREAD] for number in range(BURST)]))
    arrivals = chain.consumer.has(BURST, within=600)
    took = max(one.at for one in arrivals) - start
    return Row(chain.name, rules, latencies, BURST / took, 1000 * (chain.cpu() - cpu) / BURST)


@dataclass(frozen=True)
class Storm:
    """All VMs of a host in error at once, a rule each: milliseconds to the first, the middle, the last action."""

    name: str
    size: int
    first: float
    middle: float
    last: float

    def cells(self, first: Storm) -> str:
        """As a line of the table."""
        figures = " | ".join(f"{one:,.0f}" for one in (self.first, self.middle, self.last))
        return f"| {self.name} | {self.size:,} | {figures} | {first.last / self.last:.1f} |"


def storm(chain: Chain, size: int) -> Storm:
    """That many updates back to back."""
    chain.consumer.forget()
    ids = instances(size)
    chain.once(ids)
    start = time.time()
    _send(chain, _burst(ids))
    times = sorted(1000 * (one.at - start) for one in chain.consumer.has(size, within=600))
    return Storm(chain.name, size, times[0], times[size // 2], times[-1])


def storm_table(storms: Sequence[Storm]) -> str:
    """As Markdown; ratios of the last action to the first row of the same size."""
    first = {one.size: one for one in reversed(storms)}
    head = "| chain | VMs of one host, one rule each | first action ms | middle | last | ratio |"
    return "\n".join([head, "|---" + "|---:" * 5 + "|", *(one.cells(first[one.size]) for one in storms)])


def table(rows: Sequence[Row]) -> str:
    """As Markdown; ratios of the burst to the first row of the same number of rules."""
    times = " | ".join(f"p50 ms, {rate}/s | p99" for rate in RATES)
    head = f"| chain | rules | {times} | events/s in a burst of {BURST:,} | ratio | CPU ms/event |"
    first = {row.rules: row for row in reversed(rows)}
    return "\n".join([head, "|---" + "|---:" * 8 + "|", *(row.cells(first[row.rules]) for row in rows)])


def main() -> None:
    """Every chain with every number of rules."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--no-peer", action="store_true", help="without Ceilometer and Aodh")
    options.add_argument("--rules", type=int, nargs="*", default=list(RULES))
    asked, _ = options.parse_known_args()
    chains: list[Callable[[int], AbstractContextManager[Chain]]] = [gateway] if asked.no_peer else [peer, gateway]
    rows = []
    for rules in asked.rules:
        for chain in chains:
            if chain is not peer or rules <= PEER_RULES:
                with chain(rules) as carrying:
                    rows.append(run(carrying, rules))
    print(table(rows))
    storms = []
    for size in STORMS:
        for chain in chains:
            with chain(1) as carrying:
                storms.append(storm(carrying, size))
    print()
    print(storm_table(storms))


def _burst(ids: Sequence[str]) -> list[AmqpMessage]:
    return [instance_update(one) for one in ids]


def _steady(chain: Chain, instance_id: str, rate: int) -> list[float]:
    """So many a second, each telling when it was sent; how long each took, in seconds."""
    count = rate * STEADY_SECONDS if rate < 100 else rate * STEADY_SECONDS // 2
    with pika.BlockingConnection(pika.URLParameters(chain.amqp.replace("rabbit://", "amqp://"))) as connection:
        channel, start = connection.channel(), time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            message = instance_update(instance_id, display_name=f"sent-at {time.time()!r}")
            channel.basic_publish(chain.exchange, message.routing_key, message.body, PERSISTENT)
    arrivals = chain.consumer.has(count, within=120)
    chain.consumer.forget()
    return [one.at - float(one.traits["display_name"].partition(" ")[2]) for one in arrivals]


def _send(chain: Chain, messages: Sequence[AmqpMessage]) -> None:
    with pika.BlockingConnection(pika.URLParameters(chain.amqp.replace("rabbit://", "amqp://"))) as connection:
        channel = connection.channel()
        for one in messages:
            channel.basic_publish(chain.exchange, one.routing_key, one.body, PERSISTENT)
        channel.exchange_declare(chain.exchange, passive=True)


if __name__ == "__main__":
    main()
