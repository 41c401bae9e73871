"""What a failed system call says: that the target is down, or that we could not ask."""

from __future__ import annotations

import errno
import os

from fed_common.core.health import Outcome, Verdict

_DOWN = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.EPIPE,
    errno.ETIMEDOUT,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
}

BUSY = {errno.EAGAIN, errno.ENOBUFS}
"""Not a failure of anything: it goes when tried again."""

LATE = 0.1
"""Seconds. Who looks later than that after a deadline was away himself: he asks again instead of judging."""


def outcome_of(error: OSError) -> Outcome:
    """Down when the network says so of the target; an error of the monitor in any other case."""
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    return Outcome(Verdict.DOWN if error.errno in _DOWN else Verdict.ERROR, reason)


def unanswered(seconds: float) -> Outcome:
    """Nothing came in time."""
    return Outcome(Verdict.DOWN, f"no answer within {seconds:g} s")
