"""How fast a caller may ask, and how often an address may be wrong about who it is. Per process."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from functools import cache

from django.conf import settings
from rest_framework.exceptions import Throttled

from fed_common.access.tokens import Identity

CALLERS_MOST = 10_000


class Buckets:
    """A token bucket per key: ``burst`` at once, ``rate`` a second in the long run; 0: any number.

    Kept per key is only when its bucket will be full again, so a key that has rested needs no memory.
    Source: the generic cell rate algorithm, ITU-T I.371. Safe to use from many threads.
    """

    def __init__(
        self, rate: float, burst: float, *, most: int = CALLERS_MOST, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._most, self._now = rate, max(burst, 1.0), most, now
        self._full_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait(self, key: str) -> float:
        """Seconds until ``take`` would give one; 0: now. Takes nothing."""
        if not self._rate:
            return 0.0
        now = self._now()
        owed = max(self._full_at.get(key, now) - now, 0.0) * self._rate
        return max(owed + 1 - self._burst, 0.0) / self._rate

    def take(self, key: str) -> float:
        """Take one and return 0, or take none and return the seconds to wait for it."""
        if not self._rate:
            return 0.0
        with self._lock:
            wait = self.wait(key)
            if not wait:
                self._full_at[key] = max(self._full_at.get(key, 0.0), self._now()) + 1 / self._rate
                if len(self._full_at) > self._most:
                    self._forget()
        return wait

    def _forget(self) -> None:
        """Those that have rested; at least a tenth, beginning with those that rested most."""
        now = self._now()
        rested = [key for key, full_at in self._full_at.items() if full_at <= now]
        tenth = self._most // 10 + 1
        for key in (
            rested if len(rested) >= tenth else heapq.nsmallest(tenth, self._full_at, self._full_at.__getitem__)
        ):
            del self._full_at[key]


def check(identity: Identity) -> None:
    """Count one request of this caller. Raises Throttled, with the seconds to wait."""
    if wait := callers().take(identity.name):
        raise Throttled(wait, f"{identity.name!r} asks more than {settings.RATE_PER_SECOND:g} times a second")


def failed(address: str) -> None:
    """Count one wrong token from this address. Raises Throttled when there were too many."""
    if wait := failures().take(address):
        raise _too_often_wrong(wait)


def check_address(address: str) -> None:
    """Raises Throttled while this address has brought too many wrong tokens."""
    if wait := failures().wait(address):
        raise _too_often_wrong(wait)


@cache
def callers() -> Buckets:
    """Of this process, as MCFED_RATE_PER_SECOND and MCFED_RATE_BURST say."""
    return Buckets(settings.RATE_PER_SECOND, settings.RATE_BURST)


@cache
def failures() -> Buckets:
    """Of this process, as MCFED_FAILURES_PER_MINUTE says; all of a minute's may come at once."""
    return Buckets(settings.FAILURES_PER_MINUTE / 60, settings.FAILURES_PER_MINUTE)


def _too_often_wrong(wait: float) -> Throttled:
    return Throttled(wait, "too many wrong tokens came from this address")
