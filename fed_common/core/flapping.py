"""Flap detection as Icinga does it: too many of the last 20 results differ from the one before. Pure.

Of a change that is ``n`` results old, the weight is 1.15 for the newest and falls evenly to 0.8 for the oldest.
The share of changes is their weight in percent of 20: from 30 on a target flaps, below 25 it does so no more.
"""

from __future__ import annotations

WINDOW = 20
# 0.8 + 0.35 * place / 19, in units of 1/380, so that nothing is rounded
_WEIGHTS = tuple(304 + 7 * place for place in range(WINDOW))[::-1]
_UNIT = 380 * WINDOW
_BEGIN, _END = 30 * _UNIT // 100, 25 * _UNIT // 100
_MASK = (1 << WINDOW) - 1


class Flapping:
    """One target's. Not for several threads."""

    __slots__ = ("_changes", "_last", "active")

    def __init__(self, last: bool | None = None, *, active: bool = False) -> None:
        """``last``: the result before. ``active``: it flapped until now, so it has to prove that it stopped."""
        self._last, self.active = last, active
        self._changes = _MASK if active else 0

    def note(self, up: bool) -> bool:
        """One more result; whether the target began or ceased to flap with it."""
        changed = self._last is not None and up is not self._last
        self._last = up
        if not (changed or self._changes):
            return False
        self._changes = (self._changes << 1 | changed) & _MASK
        was, self.active = self.active, self._weight() >= (_END if self.active else _BEGIN)
        return was is not self.active

    @property
    def percent(self) -> float:
        """The weighted share of changes, 0 to 97.5."""
        return 100 * self._weight() / _UNIT

    def _weight(self) -> int:
        return sum(weight for place, weight in enumerate(_WEIGHTS) if self._changes >> place & 1)
