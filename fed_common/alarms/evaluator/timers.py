"""What time does to rules: back to ``ok``, to ``alarm`` for want of events; and what is old is forgotten.

One process of all does it.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Model, QuerySet

from fed_common.alarms.evaluator.absences import missed, put_off
from fed_common.alarms.evaluator.rows import StateRow
from fed_common.alarms.evaluator.rule_book import RuleBook, rule_book
from fed_common.alarms.evaluator.telling import TRANSITION, Transition, problem_of
from fed_common.alarms.evaluator.turn import SECONDS, Outcome, deliver
from fed_common.alarms.models import ActiveAlarm, Heard, PartSeen, Rule, RuleChange
from fed_common.alarms.table.later import write_left
from fed_common.alarms.table.writing import Clear, write
from fed_common.core import clock
from fed_common.core.alarm import AlarmState, ManagedObject, ObjectType
from fed_common.core.errors import Retryable
from fed_common.core.rules import Rule as CoreRule
from fed_common.events.models import Role
from fed_common.events.ownership import RENEW_EVERY, Ownership, own_name
from fed_common.notify.services import hand_over
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing

SHARE = "timers"
AT_ONCE, FORGET_AT_ONCE = 200, 2_000
FORGET_EVERY = timedelta(minutes=5)

log = get_logger(__name__)


class Timers:
    """Looks twice a second, where it is this process's turn."""

    def __init__(self, book: RuleBook | None = None) -> None:
        self._book = rule_book() if book is None else book
        self._ownership = Ownership(own_name(), Role.EVALUATOR)
        self._stopping = threading.Event()
        self._forget_at = clock.now()
        self.elected = self.settled = self._looked = False
        self._thread = threading.Thread(target=self._run, name="alarm-timers", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and let another process go on at once."""
        self._stopping.set()
        self._thread.join()
        try:
            self._ownership.leave()
        except Retryable as error:
            log.warning("the lease will run out by itself", reason=error.reason)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look(clock.now())
                self.settled = True
            except Retryable as error:
                self._looked = False
                log.warning("the timers wait for the database", reason=error.reason)
            except Exception:
                log.exception("the timers go on")
            self._stopping.wait(RENEW_EVERY)

    def _look(self, now: datetime) -> None:
        self.elected = bool(self._ownership.share({SHARE}))
        self._book.refresh()
        if not self.elected:
            self._looked = False
            return
        if not self._looked:
            put_off(now)
            self._looked = True
        while clear_due(self._book, now) == AT_ONCE and not self._stopping.is_set():
            pass
        write_left()
        if now >= self._forget_at:
            forget_old(now - timedelta(hours=settings.ALARM_RETENTION_HOURS))
            self._forget_at = now + FORGET_EVERY


def clear_due(book: RuleBook, now: datetime) -> int:
    """Take the rules on whose time has come, at most AT_ONCE; how many that were. Raises Retryable.

    Done by several processes at once, each is taken on once. The table hears of it in the same transaction:
    no event would ever tell it again.
    """
    outcome = Outcome()
    with writing(SECONDS):
        due = Rule.objects.select_for_update().filter(clear_at__lte=now, revision__lte=book.known).order_by("pk")
        states = [_taken_on(book, row, now, outcome) for row in due[:AT_ONCE]]
        outcome.store(states)
        deliveries = [*outcome.deliveries, *write(outcome.changes)]
    hand_over(deliveries)
    return len(states)


def _taken_on(book: RuleBook, row: Rule, now: datetime, outcome: Outcome) -> StateRow:
    """The row after it; one that is no longer in force, or was reset meanwhile, only has its time taken away."""
    entry = book.entry(row.id)
    if entry and entry.rule.extras.absent_after:
        return missed(entry.rule, row, now, outcome)
    if entry and row.state == AlarmState.ALARM:
        return _cleared(entry.rule, row, now, outcome)
    state = StateRow(row.id, row.revision, row.state)
    state.change(row.state, row.state_reason, row.evaluate_timestamp, None)
    return state


def _cleared(rule: CoreRule, row: Rule, now: datetime, outcome: Outcome) -> StateRow:
    state = StateRow(row.id, row.revision, row.state)
    transition = Transition(
        rule=rule,
        previous=row.state,
        current=AlarmState.OK,
        reason=f"No event has hit it for {rule.extras.clear_after:g} s.",
        cause=f"timer:{clock.iso(row.clear_at or now)}:ok",
        at=now,
        event_time=now,
        about=_object_of(rule),
        event={},
    )
    state.change(AlarmState.OK, transition.reason, now, None)
    outcome.history.append(transition.change())
    outcome.deliveries += deliver(transition)
    outcome.changes.append(Clear(problem_of(rule), now, transition.cause, rule_id=rule.id))
    return state


def _object_of(rule: CoreRule) -> ManagedObject:
    """The newest object the table has in trouble because of the rule; without one, nothing in particular."""
    row = ActiveAlarm.objects.filter(rule_id=rule.id, cleared_at=None).order_by("-raised_at").first()
    if row is None:
        return ManagedObject("", ObjectType.VIM, "", rule.name, rule.project_id)
    kind = ObjectType(row.object_type)
    return ManagedObject(row.vim_id, kind, row.object_id, row.object_name, row.tenant_id, row.host)


def forget_old(limit: datetime) -> None:
    """Delete what is older: transitions, what was heard, parts of composites, and rules deleted before then."""
    gone = Rule.objects.filter(deleted_at__lt=limit)
    of_gone = gone.values("pk")
    _delete(RuleChange.objects.filter(timestamp__lt=limit, type=TRANSITION))
    _delete(RuleChange.objects.filter(timestamp__lt=limit, rule_id__in=of_gone))
    _delete(Heard.objects.filter(at__lt=limit))
    _delete(PartSeen.objects.filter(seen_at__lt=limit, part__gte=0))
    _delete(PartSeen.objects.filter(rule_id__in=of_gone))
    _delete(gone)


def _delete(old: QuerySet[Model]) -> None:
    """In small bites, so that nobody waits for it."""
    while True:
        with reachable():
            ids = list(old.order_by().values_list("pk", flat=True)[:FORGET_AT_ONCE])
            if not ids:
                return
            old.model._default_manager.filter(pk__in=ids).delete()
