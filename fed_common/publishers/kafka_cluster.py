"""What the log of topics asks of a Kafka cluster besides reading and writing messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from kafka import KafkaAdminClient, TopicPartition, errors
from kafka.admin import OffsetSpec
from kafka.net.compat import KafkaNetClient
from kafka.structs import OffsetAndMetadata

from fed_common.core.errors import NotFound, Retryable

CONNECT_MS, REQUEST_MS = 2_000, 3_000
REMEMBER_SECONDS = 2.0
PATIENCE, PAUSE = 3.0, 0.1

T = TypeVar("T")


@contextmanager
def kafka_answers() -> Iterator[None]:
    """Turn what kafka-python raises into Retryable."""
    try:
        yield
    except (errors.KafkaError, OSError) as error:
        raise Retryable(f"Kafka cannot be used now: {str(error) or type(error).__name__}") from error


def connected(kind: Callable[..., T], **options: Any) -> T:
    """A connected client of kafka-python; an attempt that fails leaves no thread behind (3.0.12 would)."""
    made: list[Any] = []

    def client(**names: Any) -> Any:
        made.append(KafkaNetClient(**names))
        return made[-1]

    try:
        return kind(
            kafka_client=client,
            bootstrap_timeout_ms=CONNECT_MS,
            reconnect_backoff_max_ms=1_000,
            client_id="mcfed",
            **options,
        )
    except BaseException:
        for one in made:
            one.close()
        raise


class KafkaCluster:
    """Topics and group offsets. Connects when first asked. Every method raises Retryable.

    Thread-safe, one question at a time: kafka-python refuses more than a few at once.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._asking = threading.Lock()
        self._admin: Any = None
        self._seen: dict[str, tuple[float, Sequence[int]]] = {}

    def topics(self) -> list[str]:
        """Names of all topics that are not Kafka's own, sorted."""
        with self._client() as client:
            return sorted(name for name in client.list_topics() if not name.startswith("__"))

    def partitions(self, topic: str) -> Sequence[int]:
        """The topic's partitions, as known not longer than REMEMBER_SECONDS ago. Raises NotFound."""
        return self._seen_lately(topic) or self._partitions_now(topic)

    def create(self, topic: str) -> None:
        """Make a topic with the cluster's own defaults, unless there is one."""
        with suppress(NotFound):
            self.partitions(topic)
            return
        with self._client() as client:
            with suppress(errors.TopicAlreadyExistsError):
                client.create_topics([topic])
            client.wait_for_topics([topic], timeout_ms=REQUEST_MS)

    def delete(self, topic: str) -> None:
        """Delete a topic. Raises NotFound."""
        with self._client() as client:
            try:
                client.delete_topics([topic])
            except errors.UnknownTopicOrPartitionError:
                raise NotFound("topic", topic) from None
            self._seen.pop(topic, None)

    def fix_start(self, topic: str, group: str, *, at_end: bool) -> None:
        """Commit where a new group begins, so that what is published from now on is not missed.

        A known group keeps its place; a partition added since then is read from its beginning.
        """
        wanted = [TopicPartition(topic, partition) for partition in self.partitions(topic)]
        with self._client() as client:
            known = _patiently(lambda: client.list_group_offsets({group: wanted}))[group]
            missing = [one for one in wanted if one not in known or known[one].offset < 0]
            if not missing:
                return
            new = len(missing) == len(wanted)
            spec = OffsetSpec.LATEST if at_end and new else OffsetSpec.EARLIEST
            found = client.list_partition_offsets(dict.fromkeys(missing, spec))
            starts = {one: OffsetAndMetadata(place.offset, "", -1) for one, place in found.items()}
            for error in client.alter_group_offsets(group, starts).values():
                # a group that has members has its places from them
                if error not in (errors.NoError, errors.UnknownMemberIdError):
                    raise error

    def close(self) -> None:
        """Release the connection. Safe to call twice."""
        with self._asking:
            if self._admin:
                self._admin.close()
            self._admin = None

    @contextmanager
    def _client(self) -> Iterator[Any]:
        if not self._asking.acquire(timeout=REQUEST_MS / 1000):
            raise Retryable("Kafka cannot be used now: others wait for its answer already")
        try:
            with kafka_answers():
                if not self._admin:
                    self._admin = connected(KafkaAdminClient, request_timeout_ms=REQUEST_MS, **self._options)
                yield self._admin
        finally:
            self._asking.release()

    def _seen_lately(self, topic: str) -> Sequence[int]:
        seen_at, partitions = self._seen.get(topic, (0.0, ()))
        return partitions if time.monotonic() - seen_at < REMEMBER_SECONDS else ()

    def _partitions_now(self, topic: str) -> Sequence[int]:
        with self._client() as client:
            if partitions := self._seen_lately(topic):
                return partitions
            found = client.describe_topics([topic])[0]
            error = errors.for_code(found["error_code"])
            if error in (errors.UnknownTopicOrPartitionError, errors.InvalidTopicError):
                raise NotFound("topic", topic)
            if error is not errors.NoError:
                raise error
            partitions = sorted(one["partition_index"] for one in found["partitions"])
            self._seen[topic] = (time.monotonic(), partitions)
            return partitions


def _patiently(ask: Callable[[], T]) -> T:
    """Ask again while the group's coordinator is being found, for a short while."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except errors.RetriableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)
