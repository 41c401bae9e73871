"""Messages kept in this process, by topic: for tests and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fed_common.interfaces.publisher import Message, Publisher, Refused

_lock = threading.Lock()
_topics: dict[str, list[Message]] = {}


def messages(topic: str) -> list[Message]:
    """What was published on the topic since the last ``clear``, in order."""
    with _lock:
        return list(_topics.get(topic, ()))


def clear() -> None:
    """Forget everything."""
    with _lock:
        _topics.clear()


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """No options."""


class MemoryPublisher(Publisher):
    """Keeps messages until ``clear``; every instance writes to the same place."""

    name: ClassVar[str] = "memory"
    Config: ClassVar[type] = MemoryConfig

    def __init__(self, config: MemoryConfig) -> None:
        pass

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:  # noqa: ARG002 - never waits
        """Keep them; never refuses, never fails."""
        with _lock:
            for message in messages:
                _topics.setdefault(message.topic, []).append(message)
        return []
