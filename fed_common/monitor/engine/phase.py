"""When a target's turn is: a stable moment within its interval, the same on every node."""

from __future__ import annotations

from fed_common.monitor.engine.wheel import SLOT

_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: numbers in a row fall evenly over the interval


def share(key: int) -> float:
    """What part of its interval a key's turn comes after, from 0 up to 1."""
    return (key * _GOLDEN & 0xFFFFFFFFFFFFFFFF) / 2**64


def next_turn(now: float, interval: float, turn: float) -> float:
    """The next turn after ``now``, all of them an interval from each other and from ``turn``.

    One that is just now is not meant, so that a check begun a moment early is not made twice.
    """
    wait = interval - (now - turn) % interval
    return now + (wait if wait >= SLOT else wait + interval)
