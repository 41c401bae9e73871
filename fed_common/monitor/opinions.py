"""What executors on other servers see of hosts that seem to have failed all at once."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from fed_common.core.errors import Retryable
from fed_common.core.health import Check, Verdict
from fed_common.events.models import Role
from fed_common.events.ownership import living
from fed_common.monitor.rpc import executors
from fed_common.telemetry.logging import get_logger

SAMPLE = 5

log = get_logger(__name__)


def others_agree(failed: Sequence[Check]) -> bool:
    """Whether others see most of a sample down, too. False: they do not, or there is nobody to ask. Takes seconds.

    An executor on our own server is cut off when we are, so it is not asked.
    """
    try:
        ours = f"{socket.gethostname()}:"
        peers = [name for name in living(Role.EXECUTOR) if not name.startswith(ours)]
    except Retryable:
        return False
    sample = random.sample(list(failed), min(SAMPLE, len(failed))) if peers else []
    with ThreadPoolExecutor(SAMPLE, "opinion") as pool:
        verdicts = list(pool.map(_ask, sample, [peers[place % len(peers)] for place in range(len(sample))]))
    up, down = verdicts.count(Verdict.UP), verdicts.count(Verdict.DOWN)
    log.error("many hosts failed at once: executors were asked", asked=len(sample), say_up=up, say_down=down)
    return down > up


def _ask(check: Check, executor: str) -> Verdict:
    try:
        return Verdict(executors().second_opinion(executor, asdict(check)))
    except (Retryable, ValueError):
        return Verdict.ERROR
