"""Building and throwing away kafka-python's producer."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from kafka import KafkaProducer, errors
from kafka.partitioner import DefaultPartitioner, murmur2
from kafka.record import util as record_util

from fed_common.publishers.kafka.config import TLS_FILES
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)

RETIRE_SECONDS = 30.0
FRAME_BYTES = 1024

DURABLE: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "max_in_flight_requests_per_connection": 5,
    # publish() hands over a whole batch and waits: lingering would only add latency
    "linger_ms": 0,
    "batch_size": 256 * 1024,
    # the publisher has a deadline of its own; a batch that expires in here wedges the producer
    "delivery_timeout_ms": 3_600_000,
    "request_timeout_ms": 15_000,
    # how long send() waits for the metadata of a topic it does not know
    "max_block_ms": 5_000,
    "reconnect_backoff_max_ms": 1_000,
    "metrics_enabled": False,
    "client_id": "mcfed",
}

_hash = lru_cache(maxsize=65_536)(murmur2)


class RememberingPartitioner(DefaultPartitioner):
    """Kafka's own choice of partition for a key, the same as Java's, hashed once per key."""

    def partition(self, topic: str, *key_and_value: Any) -> int:
        """Called by KafkaProducer with (key, serialized key, value, serialized value, cluster)."""
        partitions = sorted(key_and_value[-1].partitions_for_topic(topic) or ())
        if not partitions:
            raise errors.StaleMetadata(topic)
        return int(partitions[(_hash(key_and_value[1]) & 0x7FFFFFFF) % len(partitions)])


def build_producer(options: dict[str, Any], *, timeout: float) -> Any:
    """A connected KafkaProducer. Raises what kafka-python raises, or OSError naming an unreadable TLS file."""
    warn_without_crc32c()
    for name in options.keys() & TLS_FILES:
        # kafka-python would only say that no broker answers
        Path(options[name]).open("rb").close()
    return KafkaProducer(
        **DURABLE,
        **options,
        partitioner=RememberingPartitioner(),
        max_request_size=settings.MESSAGE_MAX_BYTES + FRAME_BYTES,
        bootstrap_timeout_ms=max(1, int(timeout * 1000)),
    )


def retire_producer(producer: Any) -> None:
    """End a producer that may be wedged; what it still holds is dropped. May take RETIRE_SECONDS.

    close() alone will not do: it first waits for what is in flight, and when that never comes it
    raises and leaves the I/O thread running. There is no public way to drop it.
    """
    sender = producer._sender
    sender.force_close()
    sender.join(RETIRE_SECONDS)
    if sender.is_alive():
        log.warning("a retired Kafka producer does not end")
    else:
        producer.close(timeout=1)


@cache
def warn_without_crc32c() -> None:
    """Say loudly, once, when checksums are computed in Python: three to six times slower."""
    if record_util.crc32c_c is None:
        log.warning("the package crc32c is missing: Kafka publishing is 3 to 6 times slower without it")
