"""One try of one packet, and what follows from how it went."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings

from fed_common.core import clock
from fed_common.core.errors import Permanent, Retryable
from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.telemetry.logging import get_logger
from fed_common.telemetry.redact import redact

FIRST_WAIT, LONGEST_WAIT, LONGEST_WISH = 0.5, 60.0, 300.0

log = get_logger(__name__)


class Outcome(StrEnum):
    """How a try ended. ``refused``: no other try can help."""

    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Try:
    """One try that ended; ``wish`` is how many seconds the far side wants to be left alone for."""

    outcome: Outcome
    at: datetime
    seconds: float
    reason: str = ""
    wish: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As a delivery's row keeps it."""
        plain = {"at": clock.iso(self.at), "ms": round(self.seconds * 1000, 1), "outcome": self.outcome.value}
        return {**plain, "reason": self.reason} if self.reason else plain


async def attempt(notifier: Notifier, packet: Packet, *, timeout: float) -> Try:
    """Try once, for at most ``timeout`` seconds. Never raises, but for being cancelled."""
    at, begun = clock.now(), time.perf_counter()
    outcome, reason, wish = Outcome.FAILED, "", 0.0
    try:
        async with asyncio.timeout(timeout):
            await notifier.notify(packet, timeout=timeout)
        outcome = Outcome.DELIVERED
    except TimeoutError:
        reason = f"no answer within {timeout:g} s"
    except Retryable as error:
        reason, wish = redact(error.reason), min(error.retry_after or 0.0, LONGEST_WISH)
    except Permanent as error:
        outcome, reason = Outcome.REFUSED, redact(error.reason)
    except Exception as error:
        log.exception("a notifier failed in a way it should not", notifier=notifier.name)
        reason = f"{type(error).__name__} in notifier {notifier.name}"
    return Try(outcome, at, time.perf_counter() - begun, reason, wish)


def wait_after(tries: int, wish: float) -> float:
    """Seconds until the next try: doubling, capped, with jitter, and no sooner than the far side wants it."""
    longest = min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT)
    return max(random.uniform(longest / 2, longest), wish)  # noqa: S311 - jitter, not secrecy


def last_try(tries: int) -> bool:
    """Whether that was the last."""
    return tries >= settings.NOTIFY_TRIES
