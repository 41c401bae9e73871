"""The log of topics over Kafka: topic names, keys and group names are Kafka's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from django.conf import settings

from fed_common.core import clock
from fed_common.core.errors import Invalid, NotFound, Permanent
from fed_common.core.kinds import Kind, Phase
from fed_common.core.model import Event
from fed_common.interfaces.publisher import Message
from fed_common.interfaces.topics import Page, Record, TopicLog, check_member, check_topic
from fed_common.publishers.kafka import KafkaPublisher
from fed_common.publishers.kafka.config import KafkaConfig, producer_options
from fed_common.publishers.kafka_cluster import KafkaCluster
from fed_common.publishers.kafka_group import GroupReader
from fed_common.telemetry import metrics
from fed_common.topics.waiters import Waiters

Key = tuple[str, str]


class KafkaTopicLog(TopicLog):
    """See TopicLog. The consumer group of ``group`` on ``topic`` is named ``{group}--{topic}``.

    Pages are kept in this process: consumers should come back to the same gateway, else what it owes
    them waits for the redelivery time.
    """

    def __init__(self, config: KafkaConfig | None = None) -> None:
        """Raises Invalid naming the setting that is missing. No I/O."""
        config = config or KafkaConfig()
        if not (config.bootstrap or settings.KAFKA):
            raise Invalid("MCFED_KAFKA", "", "host:port,… for MCFED_TOPIC_LOG=kafka")
        self._options = producer_options(config)
        del self._options["compression_type"]
        self._publisher = KafkaPublisher(config)
        self._cluster = KafkaCluster(self._options)
        self._waiters: Waiters[Key] = Waiters()
        self._readers: dict[Key, GroupReader] = {}

    def create(self, topic: str) -> None:
        """See TopicLog. With the cluster's own number of partitions and replicas."""
        check_topic(topic)
        self._cluster.create(topic)

    def delete(self, topic: str) -> None:
        """See TopicLog. Kafka forgets the groups' offsets with the topic."""
        self._forget(topic)
        # a producer that remembers the topic would soon have the brokers make it again
        self._publisher.close()
        self._cluster.delete(topic)

    def topics(self) -> Sequence[str]:
        """See TopicLog."""
        return self._cluster.topics()

    def append(self, topic: str, records: Sequence[Record], *, timeout: float) -> None:
        """See TopicLog. Returns when all in-sync replicas have every record.

        Records of one call without a key go to one partition, so that they keep their order.
        """
        check_topic(topic)
        deadline = time.monotonic() + timeout
        self._cluster.create(topic)
        no_key = str(time.time_ns() // 1_000_000)
        messages = [_message(topic, one, no_key) for one in records]
        refused = self._publisher.publish(messages, timeout=max(0.1, deadline - time.monotonic()))
        if refused:
            raise Permanent(refused[0].reason)
        metrics.TOPIC_APPENDED.labels(topic).inc(len(records))

    def confirm(self, topic: str, group: str, consumer: str) -> None:
        """See TopicLog."""
        if reader := self._readers.get((topic, group)):
            reader.confirm(consumer)

    def fetch(self, topic: str, group: str, consumer: str, *, limit: int) -> Page:
        """See TopicLog. Says that nothing is there only when Kafka answers."""
        check_member("group", group)
        check_member("consumer", consumer)
        page = self._reader(topic, group).ask(consumer, limit)
        if not page.messages:
            self._require(topic)
        metrics.TOPIC_FETCHED.labels(topic).inc(len(page.messages))
        return page

    def written(self, topic: str, group: str, consumer: str, receipt: int, *, whole: bool = True) -> None:
        """See TopicLog."""
        if reader := self._readers.get((topic, group)):
            reader.written(consumer, receipt, whole=whole)

    def arrivals(self, topic: str, group: str, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """See TopicLog."""
        return self._waiters.waiting((topic, group), wake)

    def close(self) -> None:
        """Leave all groups and release all connections. Safe to call twice."""
        for topic, _ in list(self._readers):
            self._forget(topic)
        self._publisher.close()
        self._cluster.close()

    def _reader(self, topic: str, group: str) -> GroupReader:
        key = (topic, group)
        if reader := self._readers.get(key):
            return reader
        self._require(topic)
        self._cluster.fix_start(topic, f"{group}--{topic}", at_end=settings.NEW_GROUP_STARTS == "latest")
        made = GroupReader(
            self._options,
            topic,
            group,
            news=lambda: self._waiters.notify(key),
            awaited=lambda: self._waiters.anybody(key),
        )
        return self._readers.setdefault(key, made)

    def _require(self, topic: str) -> None:
        """Raises NotFound when the topic is gone, and ends its groups; Retryable when Kafka does not say."""
        try:
            self._cluster.partitions(topic)
        except NotFound:
            self._forget(topic)
            raise

    def _forget(self, topic: str) -> None:
        for key in [key for key in self._readers if key[0] == topic]:
            self._readers.pop(key).close()


def _message(topic: str, record: Record, no_key: str) -> Message:
    now = clock.now()
    event = Event(
        id="",
        type="",
        vim_id="",
        instance_id="",
        kind=Kind.OTHER,
        phase=Phase.MOMENT,
        state="",
        occurred_at=now,
        received_at=now,
    )
    return Message(topic, record.key or no_key, record.value.encode(), event)
