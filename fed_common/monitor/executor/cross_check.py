"""When many targets fail at once, another executor is asked first: perhaps it is us who see nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from fed_common.core.brake import Brake
from fed_common.core.errors import Retryable
from fed_common.core.health import Target, Verdict
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

SAMPLE = 5

log = get_logger(__name__)


class CrossCheck:
    """Whether what this executor sees can be believed. ``believes`` is for one thread, the rest for any."""

    def __init__(
        self,
        brake: Brake,
        total: Callable[[], int],
        peers: Callable[[], list[str]],
        opinion: Callable[[str, Target], str],
    ) -> None:
        """``total``: how many targets we have. ``peers``: other executors that live. Both may raise Retryable.

        ``opinion``: the Verdict of that executor; raises Retryable.
        """
        self._brake, self._total, self._peers, self._opinion = brake, total, peers, opinion
        self._trusted = False
        self.holds = False

    def note(self) -> None:
        """A target of ours that was UP went DOWN."""
        self._brake.note(time.monotonic())

    def believes(self, failed: Sequence[Target]) -> bool:
        """Whether these may be told DOWN. Asks others once while the brake holds; takes seconds then."""
        self.holds = self._brake.holds(time.monotonic(), self._total())
        metrics.MONITOR_BRAKE.set(self.holds)
        if not self.holds:
            self._trusted = False
            return True
        if not self._trusted:
            log.error("many targets failed at once: another executor is asked", failed=len(failed))
            self._trusted = self._agreed(failed)
        return self._trusted

    def _agreed(self, failed: Sequence[Target]) -> bool:
        """True where nobody can be asked: then it is told, and conductors have a brake of their own."""
        sample = random.sample(failed, min(SAMPLE, len(failed)))
        with ThreadPoolExecutor(SAMPLE, "opinion") as pool:
            verdicts = list(pool.map(self._ask, sample, range(len(sample))))
        up, down = verdicts.count(Verdict.UP), verdicts.count(Verdict.DOWN)
        log.error("other executors were asked", say_up=up, say_down=down, say_nothing=len(sample) - up - down)
        return up <= down

    def _ask(self, target: Target, place: int) -> Verdict:
        try:
            peers = self._peers()
            return Verdict(self._opinion(peers[place % len(peers)], target)) if peers else Verdict.ERROR
        except (Retryable, ValueError):
            return Verdict.ERROR
