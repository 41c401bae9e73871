"""``make bench``: the river beside the reference style and the raw limit, in one run.

Real RabbitMQ, real Kafka, recorded payloads, acknowledged late. All contenders drain the same
waiting messages; then each carries 200 events/s for some seconds, timed from publish to consumer.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pika
import psycopg

from tests.bench import (
    alarms,
    broker,
    doctor,
    evaluator,
    executor,
    measure,
    monitor,
    notifier,
    poller,
    rules,
    takeover,
    watched,
)
from tests.bench.contenders import Lane, null_router, ours, raw, reference
from tests.bench.measure import TopicWatch, drain, percentile, router_count, send_steadily
from tests.bench.table import Row, table
from tests.captures import AmqpMessage
from tests.conftest import service
from tests.replay import replay
from tests.scenario.conftest import some_messages

STEADY_SECONDS = 10
Contender = Callable[[Lane], AbstractContextManager[int]]


class Bench:
    """The servers, the load, and one method per kind of sink."""

    def __init__(self, count: int) -> None:
        for name in ("rabbitmq", "kafka", "postgres"):
            service(name, "start")
        self.rabbitmq = service("rabbitmq", "url").replace("amqp://", "rabbit://")
        self.kafka, self.postgres = service("kafka", "bootstrap"), service("postgres", "url")
        every = some_messages(count + STEADY_SECONDS * measure.RATE)
        self.messages, self.later = every[:count], every[count:]

    def lane(self) -> Lane:
        """A fresh lane."""
        return Lane(self.rabbitmq, self.kafka)

    def database(self) -> str:
        """A fresh database."""
        name = f"bench_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(self.postgres, autocommit=True) as server:
            server.execute(f"create database {name}")
        return f"{self.postgres.rpartition('/')[0]}/{name}"

    def to_kafka(self, name: str, contender: Contender, *, messages: Sequence[AmqpMessage] | None = None) -> Row:
        """Drain to Kafka, then 200 events/s."""
        load, lane = messages or self.messages, self.lane()
        replay(self.rabbitmq, load, lane.name)
        watch = TopicWatch(lane)
        with contender(lane) as pid:
            drained = drain(len(load), pid, lambda: watch.count)
            self.steady(lane)
            measure._wait(lambda: len(watch.latencies) >= STEADY_SECONDS * measure.RATE or None)
            watch.close()
        times = watch.latencies
        return Row(
            name, drained.rate, drained.cpu_us, drained.memory, percentile(times, 0.5), percentile(times, 0.99)
        )

    def to_router(self, name: str, contender: Contender, router: str, count: int) -> Row:
        """Drain to a Message Router that costs little."""
        lane = self.lane()
        arrived = router_count(router)
        replay(self.rabbitmq, self.messages[:count], lane.name)
        with contender(lane) as pid:
            drained = drain(count, pid, arrived)
        return Row(name, drained.rate, drained.cpu_us, drained.memory)

    def other(self, count: int) -> Sequence[AmqpMessage]:
        """A load that shares no message with what is sent steadily afterwards."""
        return some_messages(len(self.messages) + len(self.later) + count)[-count:]

    def steady(self, lane: Lane) -> None:
        """200 events/s for some seconds."""
        with pika.BlockingConnection(pika.URLParameters(lane.amqp)) as connection:
            send_steadily(connection.channel(), lane.name, self.later)


def main() -> None:
    """Run every contender and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--long", type=int, default=200_000, help="events of the memory run; 0 leaves it out")
    asked = options.parse_args()
    bench = Bench(asked.events)
    kafka: dict[str, object] = {"publisher": "kafka", "options": {"bootstrap": bench.kafka}}
    rows = []
    with null_router() as router:
        dmaap: dict[str, object] = {"publisher": "dmaap", "options": {"url": router}}
        few = min(asked.events, 3_000)
        rows.append(
            bench.to_router("reference style, POST each", lambda lane: reference(lane, router), router, few)
        )
        via_router: Contender = lambda lane: ours(lane, dmaap, bench.database())  # noqa: E731
        rows.append(bench.to_router("gateway to Message Router", via_router, router, asked.events))
    via_kafka: Contender = lambda lane: ours(lane, kafka, bench.database())  # noqa: E731
    rows.append(bench.to_kafka("gateway to Kafka", via_kafka))
    rows.append(bench.to_kafka("raw pika + confluent-kafka", raw))
    if asked.long:
        rows.append(bench.to_kafka(f"gateway, {asked.long:,} events", via_kafka, messages=bench.other(asked.long)))
    print(table(rows))
    for part in (broker, poller, executor, takeover, monitor, watched, rules, notifier, evaluator, alarms, doctor):
        print()
        part.main()


if __name__ == "__main__":
    main()
