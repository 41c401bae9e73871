"""The whole river for scenario tests: real servers, real processes, one exchange and topic per test."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.model import Event
from multicloud_vio.notifications import to_event
from tests.captures import AmqpMessage, legacy_messages, notification_of
from tests.oracle import Told, read_kafka, read_kafka_until
from tests.processes import Deployment, Process, deployed
from tests.replay import forget, multiply, replay

VIM = "vio_RegionOne"


def event_of(message: AmqpMessage) -> Event | None:
    """The event a recorded message becomes, if it becomes one."""
    reading = to_event(notification_of(message), VIM, clock.now())
    return reading if isinstance(reading, Event) else None


def some_messages(count: int) -> list[AmqpMessage]:
    """That many different messages, of many instances, that all become events."""
    originals = [one for one in legacy_messages() if event_of(one)]
    return list(islice(multiply(originals, count // len(originals) + 1), count))


class River:
    """A deployment with one VIM on RabbitMQ and one subscription to a Kafka topic."""

    def __init__(self, deployment: Deployment, rabbitmq_url: str, kafka: str) -> None:
        self.deployment, self.rabbitmq_url, self.kafka = deployment, rabbitmq_url, kafka
        self.exchanges: list[str] = []
        self.exchange = self.pool = self.topic = f"river-{uuid.uuid4().hex[:8]}"
        deployment.gateway()
        self.register("vio")
        self.subscribe()

    def register(self, owner: str, exchange: str = "") -> None:
        """A VIM whose notifications are on our RabbitMQ, in durable queues."""
        exchange = exchange or self.exchange
        self.exchanges.append(exchange)
        url = self.rabbitmq_url + "?amqp_durable_queues=true"
        self.deployment.register(owner, url, exchange=exchange, pool=exchange)

    def subscribe(self, *more: dict[str, Any], filter: dict[str, Any] | None = None) -> None:
        """Everything the filter lets through, to the Kafka topic and the sinks given."""
        kafka = {"publisher": "kafka", "topic": self.topic, "options": {"bootstrap": self.kafka}}
        self.deployment.subscribe("river", kafka, *more, filter=filter)

    def listen(self) -> Process:
        """A listener that is ready: it owns the VIM and reads its bus, or another does."""
        return self.deployment.start("listener")

    def send(self, messages: Sequence[AmqpMessage]) -> None:
        """Put the messages on the VIM's bus."""
        replay(self.rabbitmq_url, messages, self.exchange)

    def sending(self, messages: Sequence[AmqpMessage]) -> threading.Thread:
        """Put them there meanwhile."""
        thread = threading.Thread(target=self.send, args=(messages,), daemon=True)
        thread.start()
        return thread

    def dead_events(self) -> list[dict[str, Any]]:
        """The dead events there are."""
        rows: list[dict[str, Any]] = self.deployment.rest("GET", "/dead-events")["dead_events"]
        return rows

    def dead_event(self, number: int) -> dict[str, Any]:
        """One of them."""
        row: dict[str, Any] = self.deployment.rest("GET", f"/dead-events/{number}")
        return row

    def told(self, distinct: int, within: float = 120.0) -> Told:
        """What the Kafka topic holds, once that many different events are there."""
        return read_kafka(self.kafka, self.topic, distinct=distinct, within=within)

    def told_until(self, event_id: str, within: float = 120.0) -> Told:
        """What the Kafka topic holds, once that event is there."""
        return read_kafka_until(self.kafka, self.topic, lambda seen: event_id in seen, within=within)


@pytest.fixture
def river(tmp_path: Path, database_url: str, rabbitmq_url: str, kafka_bootstrap: str) -> Iterator[River]:
    """The river, without a listener yet."""
    with deployed(tmp_path, MCFED_DATABASE_URL=database_url, MCFED_PUBLISH_TIMEOUT="5") as deployment:
        made = River(deployment, rabbitmq_url, kafka_bootstrap)
        yield made
    forget(rabbitmq_url, made.exchanges)
