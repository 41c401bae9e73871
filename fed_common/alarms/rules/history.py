"""A rule's history: what was changed, by whom, in Aodh's words. It outlives the rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from fed_common.access.tokens import Identity
from fed_common.alarms.models import Rule, RuleChange
from fed_common.alarms.rules.ownership import user_of

Plain = dict[str, Any]

DEFINITION = (
    *("name", "description", "enabled", "type", "rule", "severity", "time_constraints"),
    *("ok_actions", "alarm_actions", "insufficient_data_actions", "repeat_actions", "project_id", "user_id"),
)


class ChangeType(StrEnum):
    """What a change is called."""

    CREATION = "creation"
    RULE_CHANGE = "rule change"
    STATE_TRANSITION = "state transition"
    DELETION = "deletion"


def definition_of(rule: Rule) -> Plain:
    """The rule as its history tells it."""
    extras = {"multicloud": rule.extras} if rule.extras else {}
    return {**{name: getattr(rule, name) for name in DEFINITION}, **extras, **state_of(rule)}


def state_of(rule: Rule) -> Plain:
    """Its state, as far as the history tells it."""
    return {"state": rule.state, "state_reason": rule.state_reason}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Plain:
    """What is another after a change; None: it is there no more."""
    names = [*after, *(name for name in before if name not in after)]
    return {name: after.get(name) for name in names if after.get(name) != before.get(name)}


def record(rule: Rule, type: ChangeType, detail: Plain, by: Identity, now: datetime) -> RuleChange:
    """Store it, in the transaction of the change."""
    return RuleChange.objects.create(
        rule_id=rule.id,
        type=type,
        detail=detail,
        user_id=user_of(by),
        project_id=by.project,
        on_behalf_of=rule.project_id,
        severity=rule.severity,
        timestamp=now,
    )
