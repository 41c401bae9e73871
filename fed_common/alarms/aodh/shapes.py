"""Rules and their history as Aodh shows them. Source: Aodh's API reference (v2); times are UTC without a zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fed_common.alarms.models import Rule, RuleChange
from fed_common.core.rules import RuleType

Plain = dict[str, Any]


def alarm(rule: Rule) -> Plain:
    """The rule; with ``multicloud`` when it says more than Aodh's rules can."""
    return {
        "alarm_id": str(rule.id),
        "name": rule.name,
        "description": rule.description,
        "enabled": rule.enabled,
        "type": rule.type,
        "event_rule" if rule.type == RuleType.EVENT else "composite_rule": rule.rule,
        "severity": rule.severity,
        "state": rule.state,
        "state_reason": f"Not evaluated: {rule.quarantine}" if rule.quarantine else rule.state_reason,
        "state_timestamp": moment(rule.state_timestamp),
        "timestamp": moment(rule.timestamp),
        "evaluate_timestamp": moment(rule.evaluate_timestamp),
        "time_constraints": rule.time_constraints,
        "ok_actions": rule.ok_actions,
        "alarm_actions": rule.alarm_actions,
        "insufficient_data_actions": rule.insufficient_data_actions,
        "repeat_actions": rule.repeat_actions,
        "project_id": rule.project_id,
        "user_id": rule.user_id,
        **({"multicloud": rule.extras} if rule.extras else {}),
    }


def change(row: RuleChange) -> Plain:
    """One entry of a history."""
    return {
        "event_id": str(row.id),
        "alarm_id": str(row.rule_id),
        "type": row.type,
        "detail": json.dumps(row.detail),
        "user_id": row.user_id,
        "project_id": row.project_id,
        "on_behalf_of": row.on_behalf_of,
        "timestamp": moment(row.timestamp),
    }


def moment(time: datetime) -> str:
    """As OpenStack writes it."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
