"""Rules and events for the evaluator, and what it would send, put down in place of sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fed_common.alarms.evaluator import evaluating, timers, turn
from fed_common.alarms.models import Revision, Rule, RuleChange
from fed_common.alarms.table.writing import Change
from fed_common.core import clock
from fed_common.core.alarm import Notice
from fed_common.core.kinds import Kind, Phase
from fed_common.core.model import Event
from fed_common.notify.models import Delivery

UPDATE = "compute.instance.update"
CLEAR = {"clear": {"event_type": UPDATE, "query": [{"field": "traits.state", "value": "active"}]}}


def term(field: str, value: str, op: str = "eq", type: str = "") -> dict[str, str]:
    """One comparison of a query."""
    return {"field": field, "op": op, "value": value, "type": type}


def error_rule(instance_id: str = "", **columns: Any) -> Rule:
    """Doctor's rule, stored: that instance, or any, gets into error."""
    return _store(doctors_rule(instance_id, **columns))


def doctors_rule(instance_id: str = "", **columns: Any) -> Rule:
    """The same, not stored."""
    query = [term("traits.instance_id", instance_id)] if instance_id else []
    return _rule([*query, term("traits.state", "error")], **columns)


def stored_rule(query: Sequence[dict[str, str]] = (), **columns: Any) -> Rule:
    """A rule with one action, as an API would have stored it."""
    return _store(_rule(query, **columns))


def _rule(query: Sequence[dict[str, str]], *, event_type: str = UPDATE, **columns: Any) -> Rule:
    now = clock.now()
    values: dict[str, Any] = {
        "name": f"rule-{uuid.uuid4().hex[:6]}",
        "type": "event",
        "rule": {"event_type": event_type, "query": list(query)},
        "alarm_actions": ["log://"],
        "ok_actions": ["log://"],
        "state_timestamp": now - timedelta(hours=1),
        "timestamp": now,
        "evaluate_timestamp": now,
        **columns,
    }
    return Rule(**values)


def _store(rule: Rule) -> Rule:
    rule.revision = Revision.next()
    rule.save(force_insert=True)
    return rule


def edit(row: Rule, /, **columns: Any) -> None:
    """Change its definition as an API does: these columns, and a new revision."""
    Rule.objects.filter(pk=row.pk).update(**columns, revision=Revision.next())


def set_state(rule: Rule, state: str) -> None:
    """As PUT …/state does."""
    Rule.objects.filter(pk=rule.pk).update(state=state)


def update(instance_id: str, state: str = "error", *, id: str = "", **fields: Any) -> Event:
    """Nova's ``compute.instance.update`` of an instance, which happened now."""
    now = clock.now()
    values: dict[str, Any] = {
        "id": id or str(uuid.uuid4()),
        "type": UPDATE,
        "vim_id": "vio_RegionOne",
        "instance_id": instance_id,
        "kind": Kind.ERROR if state == "error" else Kind.UPDATE,
        "phase": Phase.MOMENT,
        "state": state,
        "occurred_at": now,
        "received_at": now,
        **fields,
    }
    return Event(**values)


class Told:
    """What was handed over, and what the table was asked to write, in their order."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.changes: list[Change] = []

    @property
    def notices(self) -> list[Notice]:
        """Of all deliveries."""
        return [Notice.from_dict(one.notice) for one in self.deliveries]

    def hand_over(self, deliveries: Sequence[Delivery]) -> None:
        """In place of the sender."""
        self.deliveries += deliveries

    def write(self, changes: Sequence[Change], *, by: str = "") -> list[Delivery]:
        """In place of the table."""
        self.changes += changes
        return []


def deliveries_of(
    actions: Sequence[str], notice: Notice, *, now: datetime, project_id: str = "", cause: str = ""
) -> list[Delivery]:
    """A row for each action."""
    return [
        Delivery(
            notifier="log",
            target=action,
            shown=action,
            endpoint="log",
            lane=f"{notice.alarm_id} {action}",
            alarm_id=notice.alarm_id,
            project_id=project_id,
            cause=cause,
            notice=notice.to_dict(),
            created_at=now,
        )
        for action in actions
    ]


def listening(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What the evaluator of this process sends from now on."""
    told = Told()
    monkeypatch.setattr(turn, "deliveries_of", deliveries_of)
    for room in (evaluating, timers):
        monkeypatch.setattr(room, "hand_over", told.hand_over)
        monkeypatch.setattr(room, "write", told.write)
    return told


def history(rule_id: UUID) -> list[str]:
    """The states a rule went through, the oldest first."""
    rows = RuleChange.objects.filter(rule_id=rule_id, type="state transition").order_by("timestamp")
    return [row.detail["state"] for row in rows]
