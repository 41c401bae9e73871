"""A timer wheel: what is due when, in slots of 10 ms, without a timer of its own for anything."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from math import ceil
from typing import Generic, TypeVar

SLOT = 0.01
"""Seconds."""

T = TypeVar("T", bound=Hashable)


class Wheel(Generic[T]):
    """Items and their moments, each item once. Moments are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._slots: dict[int, dict[T, None]] = {}
        self._order: list[int] = []
        self._where: dict[T, int] = {}

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, item: T) -> bool:
        return item in self._where

    def put(self, item: T, when: float) -> None:
        """It is due at ``when``, not before and at most a slot later; a moment it had is forgotten."""
        if item in self._where:
            self.remove(item)
        number = self._where[item] = ceil(when / SLOT)
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = {}
            heapq.heappush(self._order, number)
        slot[item] = None

    def remove(self, item: T) -> None:
        """It is not due any more. Safe when it is not there."""
        number = self._where.pop(item, None)
        if number is not None:
            del self._slots[number][item]

    def due(self, now: float, most: int | None = None) -> list[T]:
        """What is due by now, the oldest slot first; at most so many, the rest stays due. It is taken out."""
        found: list[T] = []
        last = int(now / SLOT)
        while self._order and self._order[0] <= last:
            slot = self._slots[self._order[0]]
            while slot:
                if len(found) == most:
                    return found
                item, _ = slot.popitem()
                del self._where[item]
                found.append(item)
            del self._slots[heapq.heappop(self._order)]
        return found
