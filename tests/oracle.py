"""What must be true of what arrived, whatever happened on the way."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import UnknownBrokerIdError


@dataclass(frozen=True)
class Told:
    """What a subscriber got, in its order."""

    events: Sequence[dict[str, Any]]

    @property
    def ids(self) -> list[str]:
        """Event ids, repeats included."""
        return [one["multicloud"]["event_id"] for one in self.events]

    @property
    def distinct(self) -> list[str]:
        """Event ids at their first appearance."""
        return list(dict.fromkeys(self.ids))

    @property
    def repeats(self) -> int:
        """How many came more than once; at-least-once allows them, within reason."""
        return len(self.ids) - len(self.distinct)

    def inversions(self, sent: Iterable[str], instance_of: Callable[[str], str]) -> int:
        """How often, within one instance, an event came first before one that was sent earlier."""
        place = {event_id: number for number, event_id in enumerate(sent)}
        newest: dict[str, int] = defaultdict(lambda: -1)
        wrong = 0
        for event_id in self.distinct:
            instance, at = instance_of(event_id), place[event_id]
            wrong += at < newest[instance]
            newest[instance] = max(newest[instance], at)
        return wrong


def read_kafka(bootstrap: str, topic: str, *, distinct: int, within: float) -> Told:
    """Read the topic from its beginning until that many different events came, or the time is up."""
    return read_kafka_until(bootstrap, topic, lambda seen: len(seen) >= distinct, within=within)


def read_kafka_until(bootstrap: str, topic: str, enough: Callable[[set[str]], bool], *, within: float) -> Told:
    """Read the topic from its beginning until the ids that came are enough, or the time is up."""
    events: list[dict[str, Any]] = []
    seen: set[str] = set()
    for record in records(bootstrap, topic, within):
        if record is not None:
            event = json.loads(record.value)
            events.append(event)
            seen.add(event["multicloud"]["event_id"])
        if enough(seen):
            break
    return Told(events)


def records(bootstrap: str, topic: str, within: float) -> Iterator[Any]:
    """The topic's records from its beginning for that many seconds; None whenever there is none just now."""
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False, group_id=None
    )
    deadline = time.monotonic() + within
    try:
        while time.monotonic() < deadline:
            with suppress(UnknownBrokerIdError):  # one that died a moment ago: it asks another one next
                for batch in consumer.poll(timeout_ms=500, max_records=2000).values():
                    yield from batch
            yield None
    finally:
        consumer.close()
