"""How a transition is told: its reason, its notice, its line of history, its line of the table. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fed_common.alarms.evaluator.subjects import object_of
from fed_common.alarms.models import RuleChange
from fed_common.alarms.table.writing import Clear, Raise
from fed_common.core import clock
from fed_common.core.alarm import SEVERITY_OF, AlarmState, ManagedObject, Notice, NoticeKind, Severity
from fed_common.core.conditions import condition_to_plain
from fed_common.core.model import Event
from fed_common.core.rules import Condition, Rule

TRANSITION = "state transition"
LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class Transition:
    """One of a rule: told once. ``event`` as Ceilometer gives it; empty when time alone did it."""

    rule: Rule
    previous: str
    current: AlarmState
    reason: str
    cause: str
    at: datetime
    event_time: datetime
    about: ManagedObject
    event: Mapping[str, Any]
    fault_id: str = ""

    def notice(self) -> Notice:
        """For the actions of the new state."""
        rule, extras, at = self.rule, self.rule.extras, clock.iso(self.at)
        kind = _kind(self.previous, self.current)
        return Notice(
            kind=kind,
            alarm_id=str(rule.id),
            name=rule.name,
            severity=SEVERITY_OF[rule.severity] if self.current == AlarmState.ALARM else Severity.CLEARED,
            about=self.about,
            rule_severity=rule.severity,
            previous=self.previous,
            current=self.current.value,
            reason=self.reason,
            event=self.event,
            category=extras.category,
            probable_cause=extras.probable_cause,
            specific_problem=problem_of(rule),
            fault_id=self.fault_id,
            event_time=clock.iso(self.event_time),
            raised_at=at if kind is NoticeKind.RAISED else "",
            changed_at=at if kind is NoticeKind.CHANGED else "",
            cleared_at=at if kind is NoticeKind.CLEARED else "",
            group=self.fault_id if extras.group_wait else "",
            group_wait=extras.group_wait if self.fault_id else 0.0,
        )

    def change(self, *, suppressed: bool = False) -> RuleChange:
        """The line of history, as Aodh words it."""
        detail: dict[str, Any] = {"state": self.current.value, "transition_reason": self.reason}
        if suppressed:
            detail["suppressed"] = f"the host has fault {self.fault_id}: its alarm stands for this one"
        return RuleChange(
            rule_id=self.rule.id,
            type=TRANSITION,
            detail=detail,
            project_id=self.rule.project_id,
            on_behalf_of=self.rule.project_id,
            severity=self.rule.severity,
            timestamp=self.at,
            cause=self.cause,
        )


def raise_of(rule: Rule, event: Event, body: Mapping[str, Any], cause: str, fault_id: str) -> Raise:
    """The line of the table for an object that is in trouble because of an event."""
    fault = UUID(fault_id) if fault_id else None
    return replace(raise_on(rule, object_of(event), event.occurred_at, cause), fault_id=fault, event=body)


def raise_on(rule: Rule, about: ManagedObject, event_time: datetime, cause: str) -> Raise:
    """The line of the table for an object that is in trouble."""
    return Raise(
        about=about,
        problem=problem_of(rule),
        name=rule.name,
        severity=SEVERITY_OF[rule.severity],
        event_time=event_time,
        cause=cause,
        category=rule.extras.category,
        probable_cause=rule.extras.probable_cause,
        rule_id=rule.id,
    )


def clear_of(rule: Rule, event: Event, cause: str, *, every: bool = False) -> Clear:
    """An event rule's object is fine again; of a composite, and with ``every``, all of them are."""
    about = object_of(event) if rule.tree is None and not every else None
    return Clear(problem_of(rule), event.occurred_at, cause, about, None if about else rule.id)


def problem_of(rule: Rule) -> str:
    """What its troubles are called in the table: rules of one correlation share a line of one object."""
    return (rule.extras.correlation or str(rule.id))[:LONGEST_WORD]


def reason_of(rule: Rule, event: Event, current: AlarmState) -> str:
    """Aodh's words, which consumers read."""
    hit = current == AlarmState.ALARM or rule.extras.absent_after
    conditions = rule.conditions if hit else tuple(filter(None, [rule.extras.clear]))
    queries = [_query(one) for one in conditions]
    query = queries[0] if len(queries) == 1 else f"[{', '.join(queries)}]"
    return f"Event <id={event.id},event_type={event.type}> hits the query <query={query}>."


def _query(condition: Condition) -> str:
    return json.dumps(condition_to_plain(condition)["query"], sort_keys=True)


def _kind(previous: str, current: AlarmState) -> NoticeKind:
    if current == AlarmState.OK:
        return NoticeKind.CLEARED
    return NoticeKind.CHANGED if previous == AlarmState.ALARM else NoticeKind.RAISED
