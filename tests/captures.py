"""Notifications of a real Nova, recorded from its RabbitMQ: see tests/data/nova/README.md."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

NOVA = Path(__file__).parent / "data" / "nova"
KEYS = ("message_id", "publisher_id", "event_type", "priority", "payload", "timestamp")
Notification = Mapping[str, Any]


class AmqpMessage(NamedTuple):
    """One message as it came from RabbitMQ: ``received`` is in seconds of Unix time."""

    exchange: str
    routing_key: str
    body: str
    received: float


def load_legacy() -> list[Notification]:
    """The notifications of the legacy format, in the order they were received."""
    return [notification_of(one) for one in legacy_messages()]


def load_versioned() -> list[Notification]:
    """The notifications of the versioned format, in the order they were received."""
    return [notification_of(one) for one in versioned_messages()]


def load_all() -> list[Notification]:
    """Both formats, in the order they were received."""
    return [notification_of(one) for one in all_messages()]


def legacy_messages() -> Sequence[AmqpMessage]:
    """The raw messages of the legacy format, in the order they were received."""
    return _messages("legacy")


def versioned_messages() -> Sequence[AmqpMessage]:
    """The raw messages of the versioned format, in the order they were received."""
    return _messages("versioned")


def all_messages() -> list[AmqpMessage]:
    """The raw messages of both formats, in the order they were received."""
    return sorted([*legacy_messages(), *versioned_messages()], key=lambda one: one.received)


def notification_of(message: AmqpMessage) -> Notification:
    """What a listener hands over: the inner message without the sender's context but its request id."""
    inner = json.loads(json.loads(message.body)["oslo.message"])
    return {key: inner[key] for key in KEYS} | {"request_id": inner["_context_request_id"]}


@cache
def _messages(wire: str) -> tuple[AmqpMessage, ...]:
    with gzip.open(NOVA / f"{wire}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(
            AmqpMessage(one["exchange"], one["routing_key"], one["body"], one["received"])
            for one in map(json.loads, lines)
        )
