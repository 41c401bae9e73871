"""The Kafka publisher on a real broker: order, refusals, outages, a frozen broker."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from fed_common.core.errors import Retryable
from fed_common.publishers.kafka import KafkaPublisher
from fed_common.publishers.kafka import producer as producer_module
from fed_common.publishers.kafka.config import KafkaConfig
from fed_common.telemetry import metrics
from tests.conftest import service
from tests.messages import message, numbered

pytestmark = pytest.mark.servers


class Topic:
    """A topic of its own for one test, and what is in it."""

    def __init__(self, bootstrap: str) -> None:
        self.name = f"test-{uuid.uuid4().hex[:12]}"
        self._bootstrap = bootstrap

    def records(self) -> list[Any]:
        """Every record there is now, by partition and offset."""
        consumer = KafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
        try:
            partitions = [TopicPartition(self.name, n) for n in consumer.partitions_for_topic(self.name) or ()]
            consumer.assign(partitions)
            consumer.seek_to_beginning()
            left = sum(consumer.end_offsets(partitions).values())
            found: list[Any] = []
            while len(found) < left:
                found += [one for batch in consumer.poll(timeout_ms=1000).values() for one in batch]
            return found
        finally:
            consumer.close()

    def ids(self) -> list[str]:
        return [json.loads(one.value)["id"] for one in self.records()]

    def first_ids_by_key(self) -> dict[str, list[int]]:
        """Per key the ids in order, later copies left out."""
        found: dict[str, list[int]] = {}
        for one in self.records():
            ids = found.setdefault(one.key.decode(), [])
            number = int(json.loads(one.value)["id"])
            if number not in ids:
                ids.append(number)
        return found


@pytest.fixture
def topic(kafka_bootstrap: str) -> Topic:
    return Topic(kafka_bootstrap)


@pytest.fixture
def publisher(kafka_bootstrap: str) -> Iterator[KafkaPublisher]:
    publisher = KafkaPublisher(KafkaConfig(bootstrap=kafka_bootstrap))
    yield publisher
    publisher.close()


def publish_until_taken(publisher: KafkaPublisher, messages: list[Any]) -> None:
    """Publish the way the pipeline does; ten tries must do."""
    for _ in range(10):
        try:
            assert publisher.publish(messages, timeout=5) == []
            return
        except Retryable as error:
            messages = messages if error.unsent is None else list(error.unsent)
    raise AssertionError("never taken")


def test_every_message_arrives_with_its_key_and_time_and_in_order_per_key(
    publisher: KafkaPublisher, topic: Topic
) -> None:
    messages = numbered(2_000, topic=topic.name, keys=50)

    assert publisher.publish(messages, timeout=30) == []

    records = topic.records()
    assert len(records) == 2_000
    assert {one.timestamp for one in records} == {int(messages[0].event.occurred_at.timestamp() * 1000)}
    assert topic.first_ids_by_key() == {f"vm-{k}": list(range(k, 2_000, 50)) for k in range(50)}


def test_several_threads_share_one_producer(publisher: KafkaPublisher, topic: Topic) -> None:
    def publish(thread: int) -> None:
        for n in range(5):
            publisher.publish([message(f"{thread}-{n}", topic=topic.name)], timeout=30)

    threads = [threading.Thread(target=publish, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(topic.ids()) == sorted(f"{thread}-{n}" for thread in range(8) for n in range(5))


def test_an_oversize_message_is_refused_and_the_others_flow(publisher: KafkaPublisher, topic: Topic) -> None:
    big = message("big", topic=topic.name, value=b'{"x":"' + b"x" * 1_200_000 + b'"}')

    refused = publisher.publish(
        [*numbered(3, topic=topic.name), big, message("last", topic=topic.name)], timeout=30
    )

    assert [one.message for one in refused] == [big]
    assert "1200008 bytes are too much; at most 1048576" in refused[0].reason
    assert sorted(topic.ids()) == ["0", "1", "2", "last"]


def test_a_message_over_the_limit_of_its_topic_alone_is_refused_by_the_broker(
    publisher: KafkaPublisher, topic: Topic, kafka_bootstrap: str
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    admin.create_topics([NewTopic(topic.name, 1, 1, topic_configs={"max.message.bytes": "2000"})])
    admin.close()
    big = message("big", topic=topic.name, value=b'{"id":"' + b"x" * 5_000 + b'"}')

    refused = publisher.publish(
        [*numbered(2, topic=topic.name), big, message("last", topic=topic.name)], timeout=30
    )

    assert [one.message for one in refused] == [big]
    assert "MessageSizeTooLarge" in refused[0].reason
    assert topic.ids() == ["0", "1", "last"]


def test_a_message_refused_by_the_broker_does_no_harm_to_what_other_threads_publish(
    publisher: KafkaPublisher, topic: Topic, kafka_bootstrap: str
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    admin.create_topics([NewTopic(topic.name, 1, 1, topic_configs={"max.message.bytes": "2000"})])
    admin.close()
    refused: list[Any] = []
    done = threading.Event()

    def refuse() -> None:
        for n in range(10):
            big = message(f"big-{n}", topic=topic.name, value=b"x" * 5_000)
            refused.extend(one.message.event.id for one in publisher.publish([big], timeout=30))
        done.set()

    thread = threading.Thread(target=refuse)
    thread.start()
    taken = 0
    while not done.is_set():
        publish_until_taken(publisher, [message(str(taken), topic=topic.name)])
        taken += 1
    thread.join()

    assert refused == [f"big-{n}" for n in range(10)]
    assert sorted(set(map(int, topic.ids()))) == list(range(taken))


def test_a_name_that_is_no_topic_is_refused_and_the_others_flow(publisher: KafkaPublisher, topic: Topic) -> None:
    wrong = message("wrong", topic="no topic")

    refused = publisher.publish([wrong, message("right", topic=topic.name)], timeout=30)

    assert [one.message for one in refused] == [wrong]
    assert topic.ids() == ["right"]


def test_a_cloud_whose_clock_is_ahead_does_not_get_its_events_refused(
    publisher: KafkaPublisher, topic: Topic
) -> None:
    ahead = message("ahead", topic=topic.name)
    later = ahead.event.occurred_at.replace(year=ahead.event.occurred_at.year + 50)

    assert publisher.publish([message("ahead", topic=topic.name, occurred_at=later)], timeout=30) == []

    assert topic.records()[0].timestamp == int(ahead.event.received_at.timestamp() * 1000)


def test_a_compressed_batch_is_read_back(kafka_bootstrap: str, topic: Topic) -> None:
    publisher = KafkaPublisher(KafkaConfig(bootstrap=kafka_bootstrap, compression="gzip"))

    publisher.publish(numbered(100, topic=topic.name), timeout=30)
    publisher.close()

    assert sorted(topic.ids(), key=int) == [str(n) for n in range(100)]


def test_a_stopped_broker_is_retryable_and_everything_arrives_once_it_is_back(
    publisher: KafkaPublisher, topic: Topic
) -> None:
    messages = numbered(200, topic=topic.name)
    publisher.publish(messages[:100], timeout=30)
    service("kafka", "stop")
    try:
        with pytest.raises(Retryable) as caught:
            publisher.publish(messages[100:], timeout=2)
        with pytest.raises(Retryable, match="no Kafka broker"):
            publisher.check(timeout=1)
    finally:
        service("kafka", "start")

    publish_until_taken(publisher, list(caught.value.unsent or ()))

    assert topic.first_ids_by_key() == {f"vm-{k}": list(range(k, 200, 5)) for k in range(5)}


def test_a_producer_wedged_by_a_frozen_broker_is_replaced_and_nothing_is_lost(
    kafka_bootstrap: str, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    # short timeouts let batches expire inside kafka-python, which is what wedges it for good
    for name, value in {"delivery_timeout_ms": 2_000, "request_timeout_ms": 1_000}.items():
        monkeypatch.setitem(producer_module.DURABLE, name, value)
    publisher = KafkaPublisher(KafkaConfig(bootstrap=kafka_bootstrap))
    messages = numbered(400, topic=topic.name)
    publisher.publish(messages[:100], timeout=30)
    rebuilds = metrics.REBUILDS._value.get()
    service("kafka", "pause")
    try:
        with pytest.raises(Retryable) as caught:
            publisher.publish(messages[100:200], timeout=6)
        assert caught.value.unsent == messages[100:200]
        assert metrics.REBUILDS._value.get() == rebuilds + 1
        with pytest.raises(Retryable):
            publisher.publish(messages[100:200], timeout=1)
    finally:
        service("kafka", "resume")

    publish_until_taken(publisher, messages[100:200])
    publish_until_taken(publisher, messages[200:])
    publisher.close()

    assert topic.first_ids_by_key() == {f"vm-{k}": list(range(k, 400, 5)) for k in range(5)}


def test_the_deadline_is_kept_while_the_broker_is_frozen_and_the_old_producer_ends(
    publisher: KafkaPublisher, topic: Topic, eventually: Callable[..., object]
) -> None:
    publisher.publish(numbered(10, topic=topic.name), timeout=30)
    service("kafka", "pause")
    try:
        with pytest.raises(Retryable, match="does not confirm"):
            publisher.publish(numbered(10, topic=topic.name, start=10), timeout=1)
        eventually(lambda: not [one for one in threading.enumerate() if "mcfed-network" in one.name])
    finally:
        service("kafka", "resume")


def test_failed_connections_leave_no_threads_behind(eventually: Callable[..., object]) -> None:
    publisher = KafkaPublisher(KafkaConfig(bootstrap="127.0.0.1:1"))
    before = threading.active_count()

    for _ in range(3):
        with pytest.raises(Retryable, match=r"no Kafka broker of 127\.0\.0\.1:1 answers over PLAINTEXT"):
            publisher.publish(numbered(1), timeout=0.2)

    eventually(lambda: threading.active_count() <= before)
