"""Alarms on a topic of a real Kafka."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from confluent_kafka import Consumer

from fed_common.core.alarm import Notice
from fed_common.notify import kafka, services
from fed_common.notify.kafka import Cluster
from fed_common.notify.models import Delivery
from fed_common.publishers.kafka.config import KafkaConfig
from tests.notices import a_notice, send
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process keeps its producers for ever; other tests count the threads of theirs."""
    made: list[Cluster] = []

    @cache
    def kept(config: KafkaConfig) -> Cluster:
        made.append(Cluster(config))
        return made[-1]

    monkeypatch.setattr(kafka, "_cluster", kept)
    yield
    for one in made:
        one.publisher.close()


def test_the_notices_of_an_alarm_are_on_the_topic_in_their_order(kafka_bootstrap: str, settings: Any) -> None:
    settings.KAFKA = kafka_bootstrap
    topic = f"alarms-{uuid.uuid4().hex[:8]}"
    notices = [a_notice(f"n{number}") for number in range(5)]
    rows = send([f"kafka://{topic}"], *notices)
    until(lambda: Delivery.objects.filter(state="done").count() == 5)
    services.stop()

    options = {"bootstrap.servers": kafka_bootstrap, "group.id": topic, "auto.offset.reset": "earliest"}
    consumer = Consumer(options)
    consumer.subscribe([topic])
    found: list[Any] = []
    until(lambda: _read(consumer, found) == 5)
    consumer.close()
    told = [json.loads(one.value()) for one in found]
    assert [one.pop("delivery_id") for one in told] == [str(row.id) for row in rows]
    assert [Notice.from_dict(one) for one in told] == notices
    assert {one.key().decode() for one in found} == {notices[0].alarm_id}


def _read(consumer: Consumer, found: list[Any]) -> int:
    message = consumer.poll(0.1)
    if message is not None and not message.error():
        found.append(message)
    return len(found)
