"""What the engine did, told to the metrics once a second: counting each check there would cost as much as it."""

from __future__ import annotations

from collections import Counter

from fed_common.core.health import Outcome, ProbeKind, Verdict
from fed_common.telemetry import metrics

_EVERY = 1.0
_SAMPLE = 16


class Tally:
    """Counts of checks, and how late the loop was at worst."""

    def __init__(self) -> None:
        self._checks: Counter[tuple[ProbeKind, Verdict]] = Counter()
        self._answers = 0
        self._flushed = self._worst = 0.0
        self.lag = 0.0

    def check(self, kind: ProbeKind, outcome: Outcome) -> None:
        """One check is over."""
        self._checks[kind, outcome.verdict] += 1
        if outcome.verdict is Verdict.UP:
            self._answers += 1
            if self._answers % _SAMPLE == 0:
                metrics.CHECK_SECONDS.labels(kind).observe(outcome.seconds)

    def turn(self, now: float, late: float, targets: Counter[ProbeKind]) -> None:
        """The loop's turn came, so many seconds late; once a second it is all told."""
        self._worst = max(self._worst, late)
        if now - self._flushed < _EVERY:
            return
        self._flushed, self.lag, self._worst = now, self._worst, 0.0
        metrics.ENGINE_LAG.set(self.lag)
        for (kind, verdict), count in self._checks.items():
            metrics.CHECKS.labels(kind, verdict).inc(count)
        self._checks.clear()
        for kind in ProbeKind:
            metrics.ENGINE_TARGETS.labels(kind).set(targets[kind])
