"""One transaction of the evaluation: which rules change their state, what is written and sent of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fed_common.alarms.evaluator import rows
from fed_common.alarms.evaluator.deciding import TRANSITIONS, Step, step_of
from fed_common.alarms.evaluator.host_faults import HostFaults
from fed_common.alarms.evaluator.parts import EXPECTED, TROUBLED, Parts
from fed_common.alarms.evaluator.rows import StateRow
from fed_common.alarms.evaluator.rule_book import Match
from fed_common.alarms.evaluator.subjects import object_of, subject_of
from fed_common.alarms.evaluator.telling import Transition, clear_of, raise_of, reason_of
from fed_common.alarms.models import RuleChange
from fed_common.alarms.table.later import Stored, stored
from fed_common.alarms.table.writing import Change
from fed_common.alarms.windows import open_at
from fed_common.core import clock
from fed_common.core.alarm import AlarmState
from fed_common.core.composite import holds
from fed_common.core.rules import Rule, Tree
from fed_common.core.traits import alarm_event
from fed_common.notify.models import Delivery
from fed_common.notify.services import deliveries_of
from fed_common.telemetry import metrics
from fed_common.topics.database import writing
from fed_common.topics.statements import Statements

SECONDS = 10.0


class Stale(Exception):
    """A rule was changed since it was matched: match again."""


@dataclass(slots=True)
class Outcome:
    """What is to be done once the transaction is committed."""

    deliveries: list[Delivery] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    history: list[RuleChange] = field(default_factory=list)
    stored: Stored | None = None

    def store(self, states: Iterable[StateRow]) -> None:
        """Write the states that changed, the history and the deliveries, in the transaction of the change."""
        statements = Statements()
        rows.save(statements, states)
        statements.insert(self.history)
        statements.insert(self.deliveries)
        statements.insert([self.stored.row] if self.stored else [])
        statements.run()

    def keep_changes(self) -> None:
        """Have them stored with the rest, to be written into the table later."""
        if self.changes:
            self.stored = stored(self.changes)


def turn(
    cut: Sequence[Match], *, faulty: bool = True, besides: Sequence[Change] = (), keep: bool = False
) -> Outcome:
    """Evaluate the matches in their order; ``faulty``: hosts may have open faults.

    ``besides`` are further changes of the table; with ``keep`` all of them are stored in the same transaction.
    Raises Stale and Retryable: nothing of it was done.
    """
    with writing(SECONDS):
        one = _Turn(cut, faulty)
        one.run()
        one.outcome.changes += besides
        if keep:
            one.outcome.keep_changes()
        one.save()
    for name, times in one.counts.items():
        metrics.ALARM_TRANSITIONS.labels(name).inc(times)
    return one.outcome


class _Turn:
    """The state of one transaction."""

    def __init__(self, cut: Sequence[Match], faulty: bool) -> None:
        self.outcome, self.counts = Outcome(), Counter[str]()
        self._cut, self._now = cut, clock.now()
        rules = {match.entry.rule.id: match.entry for match in cut}
        self._told = Counter((match.entry.rule.id, match.event.id) for match in cut)
        self._states, self._new = rows.take_turn(rules, self._told, self._now)
        for rule_id, row in self._states.items():
            if row.revision != rules[rule_id].revision:
                raise Stale
        self._parts = Parts([id for id, one in rules.items() if one.rule.tree or one.rule.extras.per_object])
        self._faults = HostFaults(cut) if faulty else HostFaults(())
        self._bodies: dict[str, Mapping[str, Any]] = {}

    def run(self) -> None:
        """Decide on each match that no evaluator has seen before."""
        again = []
        for match in self._cut:
            pair = match.entry.rule.id, match.event.id
            if match.entry.rule.id not in self._states:
                continue
            if pair in self._new:
                self._new.discard(pair)
                self._evaluate(match)
            elif self._told[pair] == 1:
                again.append(match)
        if again:
            self._tell_table_again(again)

    def save(self) -> None:
        """Write what was decided."""
        self._parts.save()
        self.outcome.store(self._states.values())

    def _evaluate(self, match: Match) -> None:
        rule, event, row = match.entry.rule, match.event, self._states[match.entry.rule.id]
        if self._faults.told(event):
            self.counts["told_before"] += 1
            return
        subject = subject_of(rule, event, match.seen)
        waits = rule.extras.absent_after > 0 and bool(match.parts)
        if waits:
            self._parts.put(rule.id, EXPECTED, subject, self._now, event.id)
        raises = bool(match.parts) and not waits and open_at(rule.time_constraints, self._now)
        if raises and rule.tree is not None:
            raises = self._completes(rule.tree, match, subject)
        troubled = self._parts.troubled(rule.id) if rule.extras.per_object else None
        clears = match.clears or waits
        step = step_of(
            row.state, raises=raises, clears=clears, repeat=rule.repeat, subject=subject, troubled=troubled
        )
        self.counts[step] += 1
        if step is not Step.NOTHING:
            self._do(step, match, row, subject)

    def _completes(self, tree: Tree, match: Match, subject: str) -> bool:
        """Whether with this event the composite holds; what made it hold counts no more then."""
        rule, event = match.entry.rule, match.event
        for part in match.parts:
            self._parts.put(rule.id, part, subject, event.occurred_at, event.id)
        seen = self._parts.of(rule.id, subject)
        complete = holds(tree, seen, max(seen.values()), rule.extras.within)
        if complete:
            self._parts.forget(rule.id, subject, seen)
        return complete

    def _do(self, step: Step, match: Match, row: StateRow, subject: str) -> None:
        rule, event = match.entry.rule, match.event
        fault_id = self._faults.over(rule, event)
        cause = f"{event.id}:{'ok' if step in (Step.CLEAR, Step.LEAVE) else 'alarm'}"
        if rule.extras.per_object:
            self._count_trouble(step, rule, subject, match)
        if step in TRANSITIONS:
            self._change(row, match, TRANSITIONS[step], cause, fault_id)
        if step in (Step.CLEAR, Step.LEAVE):
            every = step is Step.CLEAR and rule.extras.absent_after > 0
            self.outcome.changes.append(clear_of(rule, event, cause, every=every))
        else:
            told = fault_id or str(event.traits.get("fault_id", ""))
            self.outcome.changes.append(raise_of(rule, event, self._body(match), cause, told))

    def _count_trouble(self, step: Step, rule: Rule, subject: str, match: Match) -> None:
        """Keep whose trouble the rule is in alarm for."""
        if step in (Step.FIRE, Step.CLEAR):
            self._parts.forget_troubled(rule.id)
        if step is Step.LEAVE:
            self._parts.forget(rule.id, subject, [TROUBLED])
        elif step is not Step.CLEAR:
            self._parts.put(rule.id, TROUBLED, subject, match.event.occurred_at, match.event.id)

    def _change(self, row: StateRow, match: Match, current: AlarmState, cause: str, fault_id: str) -> None:
        rule, event = match.entry.rule, match.event
        transition = Transition(
            rule=rule,
            previous=row.state,
            current=current,
            reason=reason_of(rule, event, current),
            cause=cause,
            at=self._now,
            event_time=event.occurred_at,
            about=object_of(event),
            event=self._body(match),
            fault_id=fault_id or str(event.traits.get("fault_id", "")),
        )
        suppressed = bool(fault_id) and current == AlarmState.ALARM
        self.outcome.history.append(transition.change(suppressed=suppressed))
        if not suppressed:
            self.outcome.deliveries += deliver(transition)
        else:
            self.counts["suppressed"] += 1
        after = rule.extras.clear_after if current == AlarmState.ALARM else rule.extras.absent_after
        row.change(current, transition.reason, self._now, self._now + timedelta(seconds=after) if after else None)

    def _body(self, match: Match) -> Mapping[str, Any]:
        """The event as Ceilometer gives it, made once."""
        event = match.event
        if event.id not in self._bodies:
            self._bodies[event.id] = alarm_event(event)
        return self._bodies[event.id]

    def _tell_table_again(self, matches: Sequence[Match]) -> None:
        """A process may have died between its transaction and the table's: what still holds is told again."""
        done = rows.causes_of([(match.entry.rule.id, match.event.id) for match in matches], ("alarm", "ok"))
        for match in matches:
            rule, event, row = match.entry.rule, match.event, self._states[match.entry.rule.id]
            raised, cleared = (rule.id, f"{event.id}:alarm"), (rule.id, f"{event.id}:ok")
            joined = self._parts.troubled_by(rule.id, subject_of(rule, event, match.seen), event.id)
            if row.state == AlarmState.ALARM and (raised in done or joined):
                fault_id = self._faults.over(rule, event) or str(event.traits.get("fault_id", ""))
                self.outcome.changes.append(raise_of(rule, event, self._body(match), raised[1], fault_id))
            elif row.state != AlarmState.ALARM and cleared in done:
                self.outcome.changes.append(clear_of(rule, event, cleared[1]))


def deliver(transition: Transition) -> list[Delivery]:
    """A row for each action of the new state; store them in the transaction of the transition."""
    rule = transition.rule
    actions = rule.actions.get(transition.current, ())
    if not actions:
        return []
    return deliveries_of(
        actions, transition.notice(), now=transition.at, project_id=rule.project_id, cause=transition.cause
    )
