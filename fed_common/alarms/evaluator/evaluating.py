"""Events in, transitions of rules out: each once, whoever evaluates, however often an event is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from django.db import connection

from fed_common.alarms.evaluator.late import LateEvents
from fed_common.alarms.evaluator.rule_book import Match, RuleBook, Unsure, rule_book
from fed_common.alarms.evaluator.turn import Outcome, Stale, turn
from fed_common.alarms.table.later import Later, stored
from fed_common.alarms.table.truth import still_true
from fed_common.alarms.table.writing import Change, write
from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Event
from fed_common.notify.services import hand_over
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing
from fed_common.topics.statements import insert

FIRST_CUT, CUT = 16, 256
SECONDS = 10.0
TRIES = 5
CONFLICTS = ("40P01", "40001")
"""PostgreSQL's deadlock_detected and serialization_failure."""
Heed = Callable[[Sequence[Event]], list[Change]]

log = get_logger(__name__)


class Evaluator:
    """Evaluates the rules for events. Any number, in any process, may hear the same events at the same time."""

    def __init__(
        self, book: RuleBook | None = None, heed: Heed = lambda _events: [], later: Later | None = None
    ) -> None:
        """``heed``: what the alarm table makes of events without any rule; ``later``: who writes into it.

        Without ``later`` it is written before ``evaluate`` returns.
        """
        self._book = rule_book() if book is None else book
        self._heed, self._later = heed, later
        self._late = LateEvents(self._evaluate)

    def prepare(self) -> bool:
        """Know the rules before the next event comes; False: the database is away, that event reads them."""
        try:
            self._book.refresh()
        except Retryable as error:
            log.info("the rules are read with the next event", reason=error.reason)
            return False
        except Exception:
            log.exception("the rules are read with the next event")
            return False
        finally:
            connection.close()
        return True

    def evaluate(self, events: Sequence[Event]) -> None:
        """Returns once every transition is stored, and its actions are on their way.

        Raises Retryable: tell all of them again; what was done already is not done twice.
        """
        try:
            self._late.settle()
            self._evaluate(events)
        except Unsure:
            if self._book.concerns(_monitored(events)):  # it was the earlier ones that no rule is about
                raise
            self._write(self._heed(events))
            if not self._late.keep(events):
                raise

    def _evaluate(self, events: Sequence[Event]) -> None:
        with reachable():
            changes: list[Change] = []
            besides, heard = self._heed(events), _monitored(events)
            metrics.ALARM_EVENTS.labels("opted_out").inc(len(events) - len(heard))
            metrics.ALARM_EVENTS.labels("evaluated").inc(len(heard))
            for cut in self._cuts(heard):
                changes += self._settle(cut, besides)
                besides = []
            self._write(changes + besides)

    def _write(self, changes: Sequence[Change]) -> None:
        """What is not stored yet."""
        if self._later and changes:
            kept = stored(changes)
            with writing(SECONDS):
                insert([kept.row])
            self._later.take(kept)
            return
        if changes:
            with writing(SECONDS):
                deliveries = write(still_true(changes))
            hand_over(deliveries)

    def _cuts(self, events: Sequence[Event]) -> Iterator[Sequence[Match]]:
        """What matches, piece by piece; the first piece is short, so that the first action leaves early."""
        rest, size = iter(events), FIRST_CUT
        while some := list(islice(rest, size)):
            matches = iter(self._book.matches(some))
            while cut := list(islice(matches, size)):
                yield cut
                size = CUT
            size = CUT

    def _settle(self, cut: Sequence[Match], besides: Sequence[Change]) -> list[Change]:
        """One cut: decided and stored in one transaction, then sent; the changes that are still to be written."""
        for attempt in range(1, TRIES + 1):
            try:
                outcome = turn(cut, faulty=self._book.faulty, besides=besides, keep=self._later is not None)
            except Stale:
                cut = self._book.matches(list({match.event.id: match.event for match in cut}.values()))
            except Retryable as error:
                if attempt == TRIES or not _is_conflict(error):
                    raise
            else:
                hand_over(outcome.deliveries)
                _observe(cut)
                return self._put_off(outcome)
        raise Retryable("the rules change faster than they can be evaluated")

    def _put_off(self, outcome: Outcome) -> list[Change]:
        if self._later is None:
            return outcome.changes
        if outcome.stored:
            self._later.take(outcome.stored)
        return []


def _monitored(events: Sequence[Event]) -> list[Event]:
    """Those of instances that did not opt out of monitoring."""
    return [event for event in events if event.traits.get(OPT_OUT) != "disabled"]


def _is_conflict(error: Retryable) -> bool:
    """Whether another transaction was in the way: it is over by now."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlstate", None) in CONFLICTS:
            return True
        cause = cause.__cause__
    return False


def _observe(cut: Sequence[Match]) -> None:
    now = clock.now()
    for event in {id(match.event): match.event for match in cut}.values():
        metrics.ALARM_SECONDS.observe(max((now - event.received_at).total_seconds(), 0))
