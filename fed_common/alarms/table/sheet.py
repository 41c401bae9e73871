"""The rows that one transaction on the table is about, with the changes applied to them so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from fed_common.alarms.models import ActiveAlarm, AlarmChange, TableSequence
from fed_common.alarms.table.changes import LONGEST, Change, Clear, Key, Raise, key_of
from fed_common.alarms.table.notices import Told, notice_of
from fed_common.alarms.table.receivers import deliveries_to_receivers
from fed_common.core import clock
from fed_common.core.alarm import NoticeKind, ObjectType
from fed_common.notify.models import Delivery
from fed_common.telemetry import metrics
from fed_common.topics.statements import Statements

REPEATED = "repeated"
LISTED = Q(cleared_at__isnull=True) | Q(acked_at__isnull=True)
_OF_EVENT = ("message_id", "event_type")
_KEPT = ("id", "vim_id", "object_type", "object_id", "problem")
_COLUMNS = [one.name for one in ActiveAlarm._meta.concrete_fields if one.name not in _KEPT]


class Sheet:
    """Made and used inside of one transaction: from its beginning it holds the row that numbers the changes.

    ``by``  the person who does it; empty: none does.
    """

    def __init__(self, by: str = "") -> None:
        self._by, self.now = by, clock.now()
        self._sequence = TableSequence.held()
        self._rows: dict[Key, ActiveAlarm] = {}
        self._touched: dict[UUID, ActiveAlarm] = {}
        self._seen: set[tuple[str, Key]] = set()
        self._told: list[Told] = []
        self._repeats: list[AlarmChange] = []
        self._hosts: dict[UUID, UUID] = {}
        self._new_hosts: set[UUID] = set()

    def load(self, changes: Sequence[Change]) -> None:
        """Read whatever these changes may be about, each thing once."""
        listed = ActiveAlarm.objects.filter(LISTED).order_by()
        abouts = {one.about.id[:LONGEST] for one in changes if one.about}
        rules = {one.rule_id for one in changes if isinstance(one, Clear) and one.about is None}
        faults = {one.fault_id for one in changes if isinstance(one, Raise) and one.fault_id}
        self._know(listed.filter(object_id__in=abouts))
        if rules:
            self._know(listed.filter(rule_id__in=rules))
        if faults:
            hosts = listed.filter(fault_id__in=faults, object_type=ObjectType.HOST, cleared_at__isnull=True)
            self._hosts = {row.fault_id: row.id for row in hosts if row.fault_id}
        self._remember({one.cause for one in changes})

    def apply(self, change: Change) -> None:
        """Do what a change says to the rows it is about; nothing when its cause did it before."""
        if isinstance(change, Raise):
            key = key_of(change.about, change.problem)
            if self._first(change.cause, key):
                self._raise(change, key)
            return
        for key in list(self._keys(change)):
            row = self._rows[key]
            if row.cleared_at is None and row.event_time <= change.event_time and self._first(change.cause, key):
                self.clear(row, change.event_time, change.cause)

    def clear(self, row: ActiveAlarm, event_time: datetime, cause: str = "", reason: str = "") -> None:
        """The trouble is over."""
        row.cleared_at, row.event_time, row.cause = self.now, event_time, cause
        if row.acked_at:
            self._rows.pop(_key(row), None)  # it left the list: what comes now is another alarm
        self.tell(row, NoticeKind.CLEARED, before=row.severity, cause=cause, reason=reason)

    def tell(
        self,
        row: ActiveAlarm,
        kind: NoticeKind,
        *,
        before: str = "",
        cause: str = "",
        reason: str = "",
        event: Mapping[str, Any] | None = None,
    ) -> None:
        """The row changed: give it the next number."""
        row.changed_at = self.now
        self._touched[row.id] = row
        self._sequence.number += 1
        notice = notice_of(row, kind, self._sequence.number, reason=reason, event=event)
        self._told.append(Told(row.id, notice, before, cause))

    def store(self) -> list[Delivery]:
        """Write it all down; the deliveries, stored too."""
        rows = list(self._touched.values())
        statements = Statements()
        statements.insert(rows, replace=_COLUMNS)
        statements.insert([*self._repeats, *map(self._change, self._told)])
        statements.run()
        self._link_to_new_hosts()
        if not self._told:
            return []
        TableSequence.objects.filter(pk=self._sequence.pk).update(number=self._sequence.number)
        for one in self._told:
            metrics.ALARM_CHANGES.labels(one.notice.kind.value).inc()
        return deliveries_to_receivers(self._told, self.now)

    def _raise(self, change: Raise, key: Key) -> None:
        row = self._rows.get(key)
        before = row.severity if row else ""
        if row is None:
            row = self._rows[key] = ActiveAlarm(**key._asdict(), raised_at=self.now)
            kind = NoticeKind.RAISED
        elif row.cleared_at:
            row.cleared_at, row.raised_at = None, self.now
            row.flaps, row.count = row.flaps + 1, row.count + 1
            row.rule_id = row.fault_id = row.root_cause_id = None
            kind = NoticeKind.RAISED
        else:
            row.count += 1
            if not _differs(row, change):
                self._repeat(row, change)
                return
            kind = NoticeKind.CHANGED
        self._take_over(row, change)
        self.tell(row, kind, before=before, cause=change.cause, event=change.event)

    def _take_over(self, row: ActiveAlarm, change: Raise) -> None:
        """What the change says of the trouble. One that became another severity is to be acknowledged again."""
        about = change.about
        if row.severity != change.severity.value:
            row.acked_at, row.acked_by = None, ""
        row.object_name, row.host = about.name[:LONGEST], about.host[:LONGEST]
        row.tenant_id = about.tenant_id[:100]
        row.name, row.severity, row.category = change.name[:LONGEST], change.severity.value, change.category.value
        row.probable_cause = change.probable_cause[:LONGEST]
        row.details = {**row.details, **change.details}
        row.event_time, row.cause = change.event_time, change.cause
        row.rule_id = change.rule_id or row.rule_id
        if change.fault_id:
            row.fault_id = change.fault_id
            self._find_root(row, change.fault_id)

    def _find_root(self, row: ActiveAlarm, fault_id: UUID) -> None:
        """Whatever a host fault brought about has the host's alarm as its root, whichever came first."""
        if row.object_type == ObjectType.HOST:
            self._hosts[fault_id] = row.id
            self._new_hosts.add(fault_id)
        else:
            row.root_cause_id = self._hosts.get(fault_id)

    def _link_to_new_hosts(self) -> None:
        for fault_id in self._new_hosts:
            children = ActiveAlarm.objects.filter(fault_id=fault_id, cleared_at__isnull=True)
            children.exclude(object_type=ObjectType.HOST).update(root_cause=self._hosts[fault_id])

    def _repeat(self, row: ActiveAlarm, change: Raise) -> None:
        row.event_time, row.cause = change.event_time, change.cause
        self._touched[row.id] = row
        self._repeats.append(
            AlarmChange(
                alarm_id=row.id, vim_id=row.vim_id, kind=REPEATED, at=self.now, cause=change.cause, notice={}
            )
        )

    def _keys(self, change: Clear) -> Iterator[Key]:
        """Of the rows a clear is about."""
        if change.about:
            key = key_of(change.about, change.problem)
            if key in self._rows:
                yield key
        else:
            yield from (key for key, row in self._rows.items() if row.rule_id == change.rule_id)

    def _know(self, rows: QuerySet[ActiveAlarm]) -> None:
        for row in rows:
            self._rows.setdefault(_key(row), row)

    def _remember(self, causes: set[str]) -> None:
        """Which of these causes did something already, and to which alarms, listed or not."""
        done = AlarmChange.objects.filter(cause__in=causes - {""}).values_list("alarm_id", "cause")
        if pairs := list(done.order_by()):
            rows = ActiveAlarm.objects.in_bulk({alarm_id for alarm_id, _ in pairs})
            self._seen = {(cause, _key(rows[alarm_id])) for alarm_id, cause in pairs if alarm_id in rows}

    def _first(self, cause: str, key: Key) -> bool:
        """Whether this cause does something to this alarm for the first time."""
        if (cause, key) in self._seen:
            return False
        if cause:
            self._seen.add((cause, key))
        return True

    def _change(self, told: Told) -> AlarmChange:
        """Its row. Of the event it keeps the names: events are stored by themselves."""
        event = {name: told.notice.event[name] for name in _OF_EVENT if name in told.notice.event}
        return AlarmChange(
            sequence=told.notice.sequence,
            alarm_id=told.alarm_id,
            vim_id=told.notice.about.vim_id,
            kind=told.notice.kind.value,
            at=self.now,
            by=self._by,
            cause=told.cause,
            notice=replace(told.notice, event=event).to_dict(),
        )


def _key(row: ActiveAlarm) -> Key:
    return Key(row.vim_id, row.object_type, row.object_id, row.problem)


def _differs(row: ActiveAlarm, change: Raise) -> bool:
    """Whether people would read something else, or that it came of another fault."""
    said = (change.severity.value, change.name[:LONGEST], change.probable_cause[:LONGEST], change.category.value)
    return said != (row.severity, row.name, row.probable_cause, row.category) or (
        change.fault_id is not None and change.fault_id != row.fault_id
    )
