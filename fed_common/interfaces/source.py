"""The contract of a spring of the river: what brings a cloud's facts in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fed_common.core.matching import DropReason
from fed_common.core.model import Event


@dataclass(frozen=True, slots=True)
class Ignored:
    """A notification that is, by its name, not a fact about a VM or host."""

    reason: DropReason
    type: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A notification that should be a fact but cannot be read: it becomes a dead event."""

    reason: str
    notification: Mapping[str, Any]


Reading = Event | Ignored | Unreadable


class Listener(Protocol):
    """Whoever takes a source's readings, all of them in the cloud's order, in two steps."""

    def hear(self, readings: Sequence[Reading]) -> Sequence[Any] | None:
        """Hear them, for alarms wait for no sink; what to ``tell`` then. None: stopping."""

    def tell(self, heard: Sequence[Any]) -> bool:
        """True once every required sink holds what was heard, once or several times; False: stopping."""


class EventSource(ABC):
    """Brings one VIM's notifications in, in order, and acknowledges what was accepted."""

    @abstractmethod
    def start(self, listener: Listener) -> None:
        """Begin to have it hear from one thread, and tell from another one that may be behind.

        Returns at once, also when the cloud's bus is down: it connects as soon as it can.
        A batch is acknowledged to the cloud only after ``tell`` returned True for it.
        """

    @abstractmethod
    def stop(self, *, timeout: float) -> None:
        """Stop intake. What is not acknowledged stays with the cloud. Safe to call twice."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether the cloud's bus is being read now; feeds readiness and metrics."""
