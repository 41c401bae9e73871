"""KafkaPublisher: a batch is handed over when every in-sync replica has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from kafka import errors

from fed_common.core.errors import Retryable
from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.publishers.kafka.config import KafkaConfig, producer_options
from fed_common.publishers.kafka.producer import build_producer, retire_producer
from fed_common.publishers.kafka.sending import Outcome, said, send_batch
from fed_common.publishers.parts import Part, PartRefused, parts_of, publish_parts, sort_out_unfit
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

PART_MESSAGES, PART_BYTES, PARTS_IN_FLIGHT = 500, 4 * 1024 * 1024, 8
OPERATOR_PAUSE = 30.0

log = get_logger(__name__)


class KafkaPublisher(Publisher):
    """One producer, connected at the first publish, rebuilt when it stops confirming.

    kafka-python does not bound what is in flight and its idempotent producer can wedge for good, so
    both are settled here: at most PARTS_IN_FLIGHT parts at a time, and a producer that has not
    confirmed by the deadline is thrown away. Do not fork after the first publish.
    """

    name: ClassVar[str] = "kafka"
    Config: ClassVar[type] = KafkaConfig

    def __init__(self, config: KafkaConfig) -> None:
        """Raises Invalid naming the option that cannot be used."""
        self._options = producer_options(config)
        self._slots = threading.BoundedSemaphore(PARTS_IN_FLIGHT)
        self._building, self._swapping = threading.Lock(), threading.Lock()
        self._producer: Any = None

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:
        """Refused are messages over the size limit and topics that are misnamed or forbidden to us."""
        deadline = time.monotonic() + timeout
        fitting, refused = sort_out_unfit(messages)
        parts = parts_of(fitting, most=PART_MESSAGES, most_bytes=PART_BYTES)
        return publish_parts(parts, lambda part: self._publish_part(part, deadline), refused)

    def check(self, *, timeout: float) -> None:
        """Connects and authenticates."""
        self._connected(time.monotonic() + timeout)

    def close(self) -> None:
        """Ends the producer; nothing is pending, because every publish waits for its own."""
        producer = self._producer
        if producer is not None and self._forget(producer):
            retire_producer(producer)

    def _publish_part(self, part: Part, deadline: float) -> Sequence[Refused]:
        with self._slot(deadline):
            producer = self._connected(deadline)
            outcome = send_batch(producer, part, deadline)
        if not outcome.left:
            return []
        self._discard(producer, outcome.trouble)
        _retry_unless_refused(outcome)
        return publish_parts([outcome.left], lambda suspects: self._publish_apart(suspects, deadline))

    def _publish_apart(self, part: Part, deadline: float) -> Sequence[Refused]:
        """Find out with a producer of its own which message it is that the brokers refuse.

        kafka-python gives the error of one refused record to everything else it holds as well, also
        to what other threads sent, and takes nothing more.
        """
        producer = self._built(_left(deadline))
        try:
            outcome = send_batch(producer, part, deadline)
        finally:
            _retire(producer)
        if not outcome.left:
            return []
        _retry_unless_refused(outcome)
        raise PartRefused(outcome.trouble, outcome.left)

    @contextmanager
    def _slot(self, deadline: float) -> Iterator[None]:
        if not self._slots.acquire(timeout=_left(deadline)):
            raise Retryable("Kafka is slow: too many messages are in flight already")
        try:
            yield
        finally:
            self._slots.release()

    def _connected(self, deadline: float) -> Any:
        producer = self._producer
        if producer is not None:
            return producer
        if not self._building.acquire(timeout=_left(deadline)):
            raise Retryable("another thread is still connecting to Kafka")
        try:
            producer = self._producer or self._built(_left(deadline))
            self._producer = producer
            return producer
        finally:
            self._building.release()

    def _built(self, timeout: float) -> Any:
        where = ",".join(self._options["bootstrap_servers"])
        protocol = self._options["security_protocol"]
        try:
            return build_producer(self._options, timeout=timeout)
        except errors.RetriableError as error:
            raise Retryable(f"no Kafka broker of {where} answers over {protocol}: {said(error)}") from error
        except (errors.KafkaError, OSError, ValueError, RuntimeError) as error:
            raise Retryable(f"Kafka at {where}: {said(error)}", retry_after=OPERATOR_PAUSE) from error

    def _discard(self, producer: Any, trouble: str) -> None:
        """Throw a producer that failed away, so that the next publish builds another. Does not wait."""
        if self._forget(producer):
            metrics.REBUILDS.inc()
            log.warning("a Kafka producer is thrown away", reason=trouble)
            _retire(producer)

    def _forget(self, producer: Any) -> bool:
        with self._swapping:
            ours = self._producer is producer
            if ours:
                self._producer = None
            return ours


def _retry_unless_refused(outcome: Outcome) -> None:
    if not outcome.refused:
        raise Retryable(f"Kafka does not confirm: {outcome.trouble}", unsent=outcome.left)


def _retire(producer: Any) -> None:
    threading.Thread(target=retire_producer, args=(producer,), name="kafka-retire", daemon=True).start()


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
