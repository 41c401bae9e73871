"""What is told of an alarm of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fed_common.alarms.models import ActiveAlarm
from fed_common.core import clock
from fed_common.core.alarm import (
    AlarmState,
    EventCategory,
    ManagedObject,
    Notice,
    NoticeKind,
    ObjectType,
    RuleSeverity,
    Severity,
)

_WORD = {Severity.CRITICAL: RuleSeverity.CRITICAL, Severity.MAJOR: RuleSeverity.MODERATE}


@dataclass(frozen=True, slots=True)
class Told:
    """One change of an alarm to be told, and how bad the alarm was before."""

    alarm_id: UUID
    notice: Notice
    before: str
    cause: str


def notice_of(
    row: ActiveAlarm, kind: NoticeKind, sequence: int, *, reason: str = "", event: Mapping[str, Any] | None = None
) -> Notice:
    """The row as it is now. A cleared one is told with the severity CLEARED."""
    over = row.cleared_at is not None
    severity = Severity(row.severity)
    previous = AlarmState.ALARM if kind != NoticeKind.RAISED else AlarmState.OK
    return Notice(
        kind=kind,
        alarm_id=str(row.id),
        name=row.name,
        severity=Severity.CLEARED if over else severity,
        about=object_of(row),
        rule_severity=_WORD.get(severity, RuleSeverity.LOW),
        previous=previous.value,
        current=(AlarmState.OK if over else AlarmState.ALARM).value,
        reason=reason or f"{row.name}: {kind.value}",
        event=event or {},
        category=EventCategory(row.category),
        probable_cause=row.probable_cause,
        specific_problem=row.problem,
        fault_id=str(row.fault_id or ""),
        event_time=clock.iso(row.event_time),
        raised_at=clock.iso(row.raised_at),
        changed_at=clock.iso(row.changed_at),
        cleared_at=moment(row.cleared_at),
        acknowledged_at=moment(row.acked_at),
        sequence=sequence,
        root_cause=is_root(row),
        correlated=(str(row.root_cause_id),) if row.root_cause_id else (),
    )


def object_of(row: ActiveAlarm) -> ManagedObject:
    """The thing that has the trouble."""
    return ManagedObject(
        row.vim_id, ObjectType(row.object_type), row.object_id, row.object_name, row.tenant_id, row.host
    )


def is_root(row: ActiveAlarm) -> bool:
    """Whether others may come of it: the alarm of a host that failed."""
    return row.object_type == ObjectType.HOST and row.fault_id is not None


def moment(time: datetime | None) -> str:
    """ISO 8601, empty for none."""
    return clock.iso(time) if time else ""
