"""Rules that wait for events: what time does to them when none comes."""

from __future__ import annotations

from datetime import datetime, timedelta

from fed_common.alarms.evaluator.deciding import TRANSITIONS, Step, step_of
from fed_common.alarms.evaluator.parts import EXPECTED, TROUBLED, Parts
from fed_common.alarms.evaluator.rows import StateRow
from fed_common.alarms.evaluator.subjects import object_named
from fed_common.alarms.evaluator.telling import Transition, raise_on
from fed_common.alarms.evaluator.turn import Outcome, deliver
from fed_common.alarms.models import PartSeen, Rule
from fed_common.alarms.windows import open_at
from fed_common.core import clock
from fed_common.core.alarm import AlarmState
from fed_common.core.rules import Rule as CoreRule
from fed_common.topics.database import reachable

AT_ONCE = 200
GRACE, LOOK_AGAIN = timedelta(seconds=5), timedelta(seconds=10)


def put_off(now: datetime) -> None:
    """Nobody looked for a while: what came meanwhile is heard first, then events are missed. Raises Retryable."""
    with reachable():
        waiting = Rule.objects.filter(clear_at__lt=now + GRACE, extras__absent_after__gt=0)
        waiting.update(clear_at=now + GRACE)


def missed(rule: CoreRule, row: Rule, now: datetime, outcome: Outcome) -> StateRow:
    """The row, which is locked, after a look at what is overdue; ``clear_at`` is the next look.

    An object is waited for from its first event on; while there was none of any, the rule itself is.
    """
    waits, absence = timedelta(seconds=rule.extras.absent_after), _Absence(rule, row, now, outcome)
    if not open_at(rule.time_constraints, now):
        absence.look_at(now + LOOK_AGAIN)
        return absence.state
    expected = PartSeen.objects.filter(rule_id=rule.id, part=EXPECTED).order_by("seen_at", "pk")
    overdue = list(expected.filter(seen_at__lte=now - waits)[:AT_ONCE])
    for one in overdue:
        absence.tell(one.subject, one.seen_at, f"absent:{one.event_id}:alarm")
    if not overdue and row.state != AlarmState.ALARM and not expected.exists():
        since = (row.clear_at or now) - waits
        absence.tell("", since, f"absent:{clock.iso(since)}:alarm")
    PartSeen.objects.filter(pk__in=[one.pk for one in overdue]).delete()
    absence.parts.save()
    oldest = expected.values_list("seen_at", flat=True).first()
    absence.look_at((oldest or now) + waits)
    return absence.state


class _Absence:
    """One look at one rule."""

    def __init__(self, rule: CoreRule, row: Rule, now: datetime, outcome: Outcome) -> None:
        self.state, self.parts = StateRow(row.id, row.revision, row.state), Parts([row.id])
        self._rule, self._row, self._now, self._outcome = rule, row, now, outcome

    def tell(self, subject: str, since: datetime, cause: str) -> None:
        """None came since then; an empty subject: of nobody."""
        rule, troubled = self._rule, self.parts.troubled(self._rule.id)
        step = step_of(
            self.state.state, raises=True, clears=False, repeat=rule.repeat, subject=subject, troubled=troubled
        )
        if step is Step.FIRE:
            self.parts.forget_troubled(rule.id)
        if subject:
            self.parts.put(rule.id, TROUBLED, subject, self._now, "")
        transition = self._transition(subject, since, cause)
        if step in TRANSITIONS:
            self.state.change(AlarmState.ALARM, transition.reason, self._now, None)
            self._outcome.history.append(transition.change())
            self._outcome.deliveries += deliver(transition)
        if step is not Step.NOTHING:
            self._outcome.changes.append(raise_on(rule, transition.about, since, cause))

    def look_at(self, due: datetime) -> None:
        """The next look; a rule that made no transition keeps the rest as it is."""
        if self.state.at is None:
            self.state.change(self._row.state, self._row.state_reason, self._row.evaluate_timestamp, due)
        self.state.clear_at = due

    def _transition(self, subject: str, since: datetime, cause: str) -> Transition:
        return Transition(
            rule=self._rule,
            previous=self.state.state,
            current=AlarmState.ALARM,
            reason=f"No event has hit it for {self._rule.extras.absent_after:g} s.",
            cause=cause,
            at=self._now,
            event_time=since,
            about=object_named(subject, self._rule),
            event={},
        )
