"""Each fact once: redelivered messages and the two formats of one notification."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from fed_common.core.matching import DropReason
from fed_common.core.model import Event

V = TypeVar("V")
REMEMBERED = 20_000


class _Recent(OrderedDict[str, V], Generic[V]):
    """The newest entries only."""

    def remember(self, key: str, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > REMEMBERED:
            self.popitem(last=False)


class RecentFacts:
    """What one VIM told lately. Not thread-safe: one worker per VIM.

    A fact told in both formats is passed on when its first copy arrives; the other copy is a twin.
    Facts that repeat within one request are paired one by one, so a repeat is not taken for a twin.
    """

    def __init__(self) -> None:
        self._ids: _Recent[None] = _Recent()
        self._unpaired: _Recent[tuple[str, int]] = _Recent()

    def repeats(self, event: Event) -> DropReason | None:
        """Why this event tells nothing new, or ``None``; then it is remembered."""
        if event.id in self._ids:
            return DropReason.DUPLICATE
        self._ids.remember(event.id, None)
        return DropReason.TWIN if event.fact and self._is_twin(event) else None

    def _is_twin(self, event: Event) -> bool:
        wire, count = self._unpaired.get(event.fact, (event.wire, 0))
        if wire == event.wire:
            self._unpaired.remember(event.fact, (wire, count + 1))
            return False
        if count == 1:
            del self._unpaired[event.fact]
        else:
            self._unpaired[event.fact] = (wire, count - 1)
        return True
