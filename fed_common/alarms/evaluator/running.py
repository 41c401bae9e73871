"""One evaluator process: what time does to rules, and what comes for them over the bus."""

from __future__ import annotations

from typing import Any

from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.alarms.evaluator.intake import Intake
from fed_common.alarms.evaluator.rule_book import RuleBook, rule_book
from fed_common.alarms.evaluator.timers import Timers
from fed_common.alarms.table.later import Later


class Evaluating:
    """Timers and intake. The events of the gateway's own clouds are evaluated by whoever hears them."""

    def __init__(self) -> None:
        """Raises Invalid naming the transport when no driver can use it."""
        self._book: RuleBook = rule_book()
        self._timers = Timers(self._book)
        self._later = Later()
        self._intake = Intake(Evaluator(self._book, later=self._later))

    def start(self) -> None:
        """Begin; returns at once."""
        self._timers.start()
        self._intake.start()

    def stop(self) -> None:
        """End what is in hand, leave the rest to others."""
        self._intake.stop()
        self._later.stop()
        self._timers.stop()

    @property
    def ready(self) -> bool:
        """Whether the rules are known and the bus is being read."""
        return self._timers.settled and self._intake.connected

    def health(self) -> dict[str, Any]:
        """See ``telemetry.endpoint.Health``."""
        return {
            "ok": self.ready,
            "rules": len(self._book),
            "connected": self._intake.connected,
            "timers": self._timers.elected,
        }
