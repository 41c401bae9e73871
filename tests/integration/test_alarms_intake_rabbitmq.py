"""Events over ``alarm.all`` of a real RabbitMQ, as a Ceilometer or a gateway's bus publisher sends them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from fed_common.alarms.evaluator.intake import Intake
from fed_common.core.errors import Retryable
from fed_common.core.model import Event
from fed_common.interfaces.publisher import Message
from fed_common.publishers.bus import BusConfig, BusPublisher
from tests.evaluated import update
from tests.waiting import until

pytestmark = pytest.mark.servers


class Listening:
    """In place of an evaluator, with a database that is away at first."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.here = threading.Event()

    def evaluate(self, events: list[Event]) -> None:
        if not self.here.is_set():
            raise Retryable("away")
        self.heard += [event.id for event in events]


def test_what_waits_for_the_database_survives_the_evaluator(vhost_url: str, settings: Any) -> None:
    """N42 N58 N60: durable queues on both sides; the first evaluator ends before it could evaluate anything."""
    settings.TRANSPORT_URL = f"{vhost_url}?amqp_durable_queues=true"
    first, second = Listening(), Listening()
    intake = Intake(first)  # type: ignore[arg-type]
    intake.start()
    until(lambda: intake.connected)
    publisher = BusPublisher(BusConfig(settings.TRANSPORT_URL))
    events = [update("vm") for _ in range(150)]
    publisher.publish([Message("", "vm", b"", event) for event in events], timeout=60)
    publisher.close()
    intake.stop()
    assert first.heard == []
    second.here.set()
    intake = Intake(second)  # type: ignore[arg-type]
    intake.start()
    try:
        until(lambda: len(second.heard) >= 150)
        assert second.heard == [event.id for event in events]
    finally:
        intake.stop()
