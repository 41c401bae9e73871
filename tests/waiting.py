"""Waiting for something to become true, with a deadline instead of a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], *, within: float = 60.0, every: float | None = None) -> T:
    """The first true value of ``condition()``; fails when there is none within the seconds given.

    It is asked every so many seconds; unless they are given, less and less often: to ask costs those who work.
    """
    began = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - began
        if waited > within:
            raise AssertionError(f"not true within {within} s: {condition}")
        time.sleep(min(max(0.02, waited / 20), 0.2) if every is None else every)
