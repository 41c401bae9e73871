"""Differences of a VIM that pushes: its notification may be on the way, so polling waits before it tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from fed_common.core.differences import Change, HostChange

C = TypeVar("C", Change, HostChange)


class Settling:
    """Which differences were there before, and since when. Not thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[tuple[str, ...], float] = {}
        self._seen: dict[tuple[str, ...], float] = {}

    @property
    def waiting(self) -> bool:
        """Whether the last look left something untold."""
        return bool(self._since)

    def begin(self) -> None:
        """A new look: what it does not show again is forgotten."""
        self._since, self._seen = {}, self._since

    def ripe(self, changes: Iterable[C], now: float) -> list[C]:
        """Those that tell nothing, and those that were there so long already. ``now`` is in seconds."""
        return [one for one in changes if not one.events or self._is_ripe(one, now)]

    def _is_ripe(self, change: C, now: float) -> bool:
        facts = tuple(event.id for event in change.events)
        since = self._seen.get(facts, now)
        if now - since >= self._seconds:
            return True
        self._since[facts] = since
        return False
