"""Faults under load: what went in comes out, in order per instance, whatever dies on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fed_common.events.ownership import LEASE
from tests.captures import AmqpMessage
from tests.conftest import service
from tests.doubles.message_router import MessageRouter, accept, failing
from tests.oracle import Told
from tests.processes import Process, deployed
from tests.replay import forget
from tests.scenario.conftest import River, event_of, some_messages
from tests.waiting import until

pytestmark = pytest.mark.servers
LOAD = 2_000


@pytest.fixture(scope="module")
def load() -> list[AmqpMessage]:
    """Different messages that all become events."""
    return some_messages(LOAD)


@pytest.fixture(scope="module")
def instances(load: list[AmqpMessage]) -> dict[str, str]:
    """The instance of each event id, in the order of sending."""
    events = [event for one in load if (event := event_of(one))]
    return {event.id: event.key for event in events}


def verify(river: River, instances: dict[str, str], fault: str, capsys: Any) -> None:
    """Count in = distinct count out, no inversion per instance; the numbers are printed."""
    told = river.told(len(instances), within=300)
    lost = len(instances) - len(told.distinct)
    inversions = told.inversions(instances, instances.__getitem__)
    with capsys.disabled():
        print(f"\n  {fault}: in {len(instances)}, out {len(told.distinct)}, lost {lost}, "
              f"repeats {told.repeats}, inversions {inversions}")  # fmt: skip
    assert set(told.distinct) == set(instances)
    assert inversions == 0


def flowing(river: River, count: int) -> None:
    """Wait until that many events are through."""
    assert len(river.told(count, within=300).distinct) >= count


def in_vain(listener: Process, times: int = 2) -> None:
    """Wait until it has tried so often to publish, and gave up after the time that it has for it."""
    until(lambda: listener.log.read_text().count("a sink does not take events") >= times, within=120)


def halves(load: Sequence[AmqpMessage]) -> tuple[Sequence[AmqpMessage], Sequence[AmqpMessage]]:
    return load[: LOAD // 2], load[LOAD // 2 :]


def test_a_listener_killed_again_and_again(river: River, load: Any, instances: Any, capsys: Any) -> None:
    listener = river.listen()
    sending = river.sending(load)
    for part in (1, 2, 3):
        flowing(river, part * LOAD // 8)
        listener.kill()
        listener = river.listen()
    sending.join()
    verify(river, instances, "listener killed 3 times", capsys)


def test_kafka_stopped_for_a_while(river: River, load: Any, instances: Any, capsys: Any) -> None:
    listener = river.listen()
    first, second = halves(load)
    sending = river.sending(first)
    flowing(river, LOAD // 10)
    service("kafka", "kill")
    try:
        sending.join()
        river.send(second)
        in_vain(listener)
    finally:
        service("kafka", "start")
    verify(river, instances, "Kafka killed for a while", capsys)


def test_kafka_frozen_for_longer_than_the_producer_waits(
    river: River, load: Any, instances: Any, capsys: Any
) -> None:
    listener = river.listen()
    first, second = halves(load)
    sending = river.sending(first)
    flowing(river, LOAD // 10)
    service("kafka", "pause")
    try:
        sending.join()
        river.send(second)
        in_vain(listener)
    finally:
        service("kafka", "resume")
    verify(river, instances, "Kafka frozen for a while", capsys)


def test_one_of_three_kafka_brokers_killed(
    tmp_path: Path, database_url: str, rabbitmq_url: str, load: Any, instances: Any, capsys: Any
) -> None:
    service("kafka", "start", BROKERS="3")
    bootstrap = service("kafka", "bootstrap", BROKERS="3")
    try:
        with deployed(tmp_path, MCFED_DATABASE_URL=database_url, MCFED_PUBLISH_TIMEOUT="15") as deployment:
            river = River(deployment, rabbitmq_url, bootstrap)
            river.listen()
            sending = river.sending(load)
            flowing(river, LOAD // 10)
            service("kafka", "kill", BROKERS="3", ONLY="2")
            sending.join()
            verify(river, instances, "one of three Kafka brokers killed", capsys)
            forget(rabbitmq_url, river.exchanges)
    finally:
        service("kafka", "stop", BROKERS="3")


def test_rabbitmq_stopped_and_started(river: River, load: Any, instances: Any, capsys: Any) -> None:
    river.listen()
    first, second = halves(load)
    river.send(first)
    flowing(river, LOAD // 10)
    service("rabbitmq", "stop")
    service("rabbitmq", "start")
    river.send(second)
    verify(river, instances, "RabbitMQ stopped and started", capsys)


def test_the_database_down(river: River, load: Any, instances: Any, capsys: Any) -> None:
    river.listen()
    first, second = halves(load)
    sending = river.sending(first)
    flowing(river, LOAD // 10)
    service("postgres", "stop")
    try:
        sending.join()
        river.send(second)
        time.sleep(LEASE.total_seconds() + 1)  # the length of the outage: its ownership ends
    finally:
        service("postgres", "start")
    verify(river, instances, "database down for a while", capsys)


def test_a_message_router_that_refuses_and_hangs(river: River, load: Any, instances: Any, capsys: Any) -> None:
    router = MessageRouter()
    try:
        river.subscribe({"publisher": "dmaap", "topic": "T", "options": {"url": router.url}})
        river.listen()
        sending = river.sending(load)
        until(lambda: len(router.values("T")) > LOAD // 10, within=120)
        for trouble, requests in ((failing(503), 3), (router.hanging, 2)):
            router.otherwise = trouble
            seen = len(router.requests)
            until(lambda seen=seen, more=requests: len(router.requests) >= seen + more, within=120)
        router.otherwise = accept
        sending.join()
        verify(river, instances, "Message Router answering 503 and hanging", capsys)
        told = Told([json.loads(one) for one in router.values("T")])
        assert set(told.distinct) == set(instances)
        assert told.inversions(instances, instances.__getitem__) == 0
    finally:
        router.close()
