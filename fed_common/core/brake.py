"""The mass-failure brake: when many targets fail at once, it is more likely us than them. Pure."""

from __future__ import annotations

import threading
from collections import deque


class Brake:
    """Counts targets that newly failed. Safe to share between threads.

    It takes hold when more than ``percent`` % of all targets and more than ``count`` of them failed within
    ``window`` seconds, and lets go when a whole window has passed without one more.
    """

    def __init__(self, percent: float, count: int, window: float) -> None:
        self._percent, self._count, self._window = percent, count, window
        self._failures: deque[float] = deque()
        self._held = False
        self._lock = threading.Lock()

    def note(self, now: float) -> None:
        """A target went DOWN now; the time of any clock that goes forward only."""
        with self._lock:
            self._forget(now)
            self._failures.append(now)

    def holds(self, now: float, total: int) -> bool:
        """Whether nothing should be done about failures now, of ``total`` targets that are watched."""
        with self._lock:
            self._forget(now)
            failed = len(self._failures)
            self._held = self._held or (failed > self._count and failed * 100 > self._percent * total)
            return self._held

    def _forget(self, now: float) -> None:
        while self._failures and self._failures[0] <= now - self._window:
            self._failures.popleft()
        self._held = self._held and bool(self._failures)
