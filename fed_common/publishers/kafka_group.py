"""One consumer group on one topic: a thread that keeps its place in Kafka, and pages to hand out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition, errors
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.structs import OffsetAndMetadata

from fed_common.interfaces.topics import Page
from fed_common.publishers.kafka_cluster import connected
from fed_common.publishers.page_book import Fetched, PageBook
from fed_common.telemetry.logging import get_logger

POLL_MS, COMMIT_MS = 250, 2_000
IDLE_SECONDS = 120.0
PAUSE = 1.0

READING: dict[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "allow_auto_create_topics": False,
    # a process that was killed keeps its partitions this long
    "session_timeout_ms": 6_000,
    "heartbeat_interval_ms": 2_000,
    "max_poll_interval_ms": 60_000,
    "metadata_max_age_ms": 10_000,
    "partition_assignment_strategy": (RangePartitionAssignor,),
    "metrics_enabled": False,
}

log = get_logger(__name__)


class GroupReader(ConsumerRebalanceListener):
    """All consumers of this process that belong to one group of one topic share it.

    Its thread polls Kafka all the time, so that it never holds up the group, and ends when nobody has
    asked for IDLE_SECONDS; the next question starts it again. Only what consumers have confirmed is
    committed: everything else comes again after a crash.
    """

    def __init__(
        self,
        options: dict[str, Any],
        topic: str,
        group: str,
        *,
        news: Callable[[], None],
        awaited: Callable[[], bool],
    ) -> None:
        self._options = {**options, **READING, "group_id": f"{group}--{topic}"}
        self._topic, self._news, self._awaited = topic, news, awaited
        self._lock = threading.Lock()
        self._book = PageBook()
        self._thread: threading.Thread | None = None
        self._asked_at = 0.0
        self._closing = self._reassigned = False

    def ask(self, consumer: str, limit: int) -> Page:
        """The next page for this consumer, at once."""
        with self._lock:
            self._asked_at = time.monotonic()
            if not (self._thread and self._thread.is_alive()):
                self._book.rewind()
                self._thread = threading.Thread(target=self._run, name=f"group-{self._topic}", daemon=True)
                self._thread.start()
            return self._book.hand_out(consumer, limit, redeliver_after=settings.REDELIVER_SECONDS)

    def written(self, consumer: str, receipt: int, *, whole: bool) -> None:
        """See TopicLog."""
        with self._lock:
            self._book.written(consumer, receipt, whole=whole)

    def confirm(self, consumer: str) -> None:
        """See TopicLog. Committed to Kafka a moment later."""
        with self._lock:
            self._book.confirm(consumer)

    def close(self) -> None:
        """Commit what is confirmed and leave the group. Safe to call twice."""
        self._closing = True
        if thread := self._thread:
            thread.join(PAUSE + (POLL_MS + COMMIT_MS) / 1000)

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing to do: what is owed of them may be kept after the rebalance."""

    def on_partitions_assigned(self, assigned: Any) -> None:  # noqa: ARG002 - asked for in ``_settle``
        """Called in kafka-python's I/O thread, which must not wait: our own thread settles it."""
        self._reassigned = True

    def _run(self) -> None:
        while self._wanted():
            try:
                self._read()
            except (errors.KafkaError, OSError) as error:
                log.warning("reading from Kafka again soon", topic=self._topic, reason=str(error))
                time.sleep(PAUSE)

    def _wanted(self) -> bool:
        """Whether to go on; when not, the thread is given up in the same breath."""
        with self._lock:
            if self._thread is not threading.current_thread():
                return False
            if not self._closing and (self._awaited() or time.monotonic() - self._asked_at < IDLE_SECONDS):
                return True
            self._book.park()
            self._thread = None
            return False

    def _read(self) -> None:
        consumer = connected(KafkaConsumer, **self._options)
        # kafka-python 3.0.12 would spin while a heartbeat is overdue, though another thread sends those
        consumer._coordinator.time_to_next_poll = lambda: PAUSE
        try:
            # who joins before it knows the partitions shares out none
            consumer.partitions_for_topic(self._topic)
            consumer.subscribe([self._topic], listener=self)
            while self._wanted():
                self._poll(consumer)
                self._commit(consumer)
        finally:
            consumer.close(timeout_ms=COMMIT_MS)

    def _poll(self, consumer: Any) -> None:
        busy = consumer.pause if self._book.full else consumer.resume
        busy(*consumer.assignment())
        found = consumer.poll(timeout_ms=POLL_MS)
        if self._reassigned:
            self._reassigned = False
            self._settle(consumer)
        elif found:
            with self._lock:
                self._book.add(_fetched(found))
            self._news()

    def _settle(self, consumer: Any) -> None:
        """After a rebalance: go on where we were in partitions we keep, at the committed place in others."""
        committed = {one.partition: consumer.committed(one, timeout_ms=COMMIT_MS) for one in consumer.assignment()}
        with self._lock:
            places = self._book.settle(committed)
        for partition, offset in places.items():
            consumer.seek(TopicPartition(self._topic, partition), offset)

    def _commit(self, consumer: Any) -> None:
        with self._lock:
            done = self._book.to_commit()
        if not done:
            return
        offsets = {
            TopicPartition(self._topic, partition): OffsetAndMetadata(offset, "", -1)
            for partition, offset in done.items()
        }
        try:
            consumer.commit(offsets, timeout_ms=COMMIT_MS)
        except errors.CommitFailedError:
            return  # the group is being rebalanced; what others get of it comes twice
        with self._lock:
            self._book.committed(done)


def _fetched(found: dict[Any, list[Any]]) -> Iterator[Fetched]:
    for place, records in found.items():
        for record in records:
            yield Fetched(place.partition, record.offset, (record.value or b"").decode(errors="replace"))
