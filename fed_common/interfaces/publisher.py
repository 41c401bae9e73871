"""The contract of a northbound sink."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fed_common.core.model import Event


@dataclass(frozen=True, slots=True)
class Message:
    """One event formatted for one topic. ``key`` decides its place in the order."""

    topic: str
    key: str
    value: bytes
    event: Event


@dataclass(frozen=True, slots=True)
class Refused:
    """A message the far side will never take, and why."""

    message: Message
    reason: str


class Publisher(ABC):
    """Pushes messages to one far side.

    Called  by the pipeline, from one thread per VIM, so several calls may run at once.
    Config  a frozen dataclass; unknown options are refused before construction. A field whose
            metadata has ``secret`` is sealed in the database and never shown.
    required  of a publisher of the house itself: the river waits until it has the events.
    """

    name: ClassVar[str]
    required: ClassVar[bool] = False
    Config: ClassVar[type]

    @abstractmethod
    def __init__(self, config: Any) -> None:
        """Keep the config. No I/O."""

    @abstractmethod
    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:
        """Hand over all messages, keeping the order per key.

        Returns  when the far side durably holds every message but the refused ones.
        Raises   Retryable when it cannot take them now; ``unsent`` narrows what to send again.
        Again    safe: a message sent twice is a duplicate with the same event id, never a loss.
        Time     at most about ``timeout`` seconds.
        """

    def start(self) -> None:  # noqa: B027 - most need nothing
        """Get ready in the background, before the first message comes. ``publish`` works without it."""

    def check(self, *, timeout: float) -> None:  # noqa: B027 - some sinks cannot fail
        """Dry run of the connection. Raises Retryable or Permanent saying what is wrong."""

    def close(self) -> None:  # noqa: B027 - some sinks hold nothing
        """Release sockets and threads. Safe to call twice."""
