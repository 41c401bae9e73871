"""Messages to publish in tests."""

from __future__ import annotations

import json
from typing import Any

from fed_common.interfaces.publisher import Message
from tests.examples import event


def message(id: str = "e-1", *, topic: str = "T1", value: bytes | None = None, **changes: Any) -> Message:
    """The message of one example event; its value names the event's id."""
    one = event(id, **changes)
    return Message(topic, one.key, json.dumps({"id": id}).encode() if value is None else value, one)


def numbered(count: int, *, topic: str = "T1", keys: int = 5, start: int = 0) -> list[Message]:
    """Messages of several VMs in turn; their ids are consecutive numbers."""
    return [message(str(n), topic=topic, instance_id=f"vm-{n % keys}") for n in range(start, start + count)]
