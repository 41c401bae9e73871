"""A circuit breaker: after some failures in a row the far side is left alone for a while.

closed ── so many failures in a row ──> open ── rested ──> half-open ── the one trial answers ──> closed
                                         ^                    └────── it fails ──> open
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """One far side's. Safe to share between threads.

    Each ``enter()`` that returned True is followed by exactly one of ``answered``, ``failed`` and
    ``abandoned``, with the attempt that ``enter`` counted.
    """

    def __init__(
        self, *, failures: int = 5, rest: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open after ``failures`` in a row; try again after ``rest`` seconds."""
        self._limit, self._rest, self._clock = failures, rest, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._trial = 0
        self._attempts = 0

    @property
    def state(self) -> State:
        """Closed, open, or half-open: rested, waiting for a trial or for how it ends."""
        if self._opened_at is None:
            return State.CLOSED
        return State.HALF_OPEN if self._trial or self.retry_after <= 0 else State.OPEN

    @property
    def retry_after(self) -> float:
        """Seconds until a next trial may be made; 0 when one may be made now."""
        opened_at = self._opened_at
        return 0.0 if opened_at is None else max(0.0, opened_at + self._rest - self._clock())

    def enter(self) -> int:
        """The number of the attempt that may be made now; 0: none may."""
        with self._lock:
            if self._opened_at is not None and (self._trial or self.retry_after > 0):
                return 0
            self._attempts += 1
            if self._opened_at is not None:
                self._trial = self._attempts
            return self._attempts

    def answered(self, _attempt: int) -> None:
        """The far side lives: whichever attempt showed it, the breaker closes."""
        with self._lock:
            self._failures, self._opened_at, self._trial = 0, None, 0

    def failed(self, attempt: int) -> None:
        """It was not reached, or did not answer in time. Attempts older than the opening count no more."""
        with self._lock:
            if self._opened_at is None:
                self._failures += 1
                if self._failures >= self._limit:
                    self._opened_at = self._clock()
            elif attempt == self._trial:
                self._opened_at, self._trial = self._clock(), 0

    def abandoned(self, attempt: int) -> None:
        """The attempt ended without telling anything of the far side; another may be the trial."""
        with self._lock:
            if attempt == self._trial:
                self._trial = 0
