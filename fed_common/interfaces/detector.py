"""The contract of a detector: what finds out that a host is down, or back, without its cloud."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class HostReport:
    """What a detector says of a host. ``seen_at`` is when the failure itself was seen, by our clock."""

    vim_id: str
    host: str
    down: bool
    seen_at: datetime
    source: str
    cause: str = ""
    details: dict[str, Any] = field(default_factory=dict)


Report = Callable[[HostReport], None]
"""Takes a report and returns once it is stored. Raises Retryable: no database, say it again."""


class Detector(ABC):
    """Watches hosts until it is stopped. One instance per process; ``start`` gives it what to watch.

    ``Config``  a frozen dataclass: what it needs to know of one host; None: it watches no single host.
    """

    name: ClassVar[str]
    Config: ClassVar[type | None] = None

    @abstractmethod
    def start(self, report: Report) -> None:
        """Begin; returns at once. ``report`` is called from threads of the detector."""

    @abstractmethod
    def stop(self) -> None:
        """End. Safe to call twice."""

    def watch(self, hosts: dict[tuple[str, str], Any]) -> None:  # noqa: B027 - some watch no single host
        """These hosts from now on, ``(vim_id, host)`` -> Config; called again when they change."""
