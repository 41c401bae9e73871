"""Notices to be told, and their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fed_common.core import clock
from fed_common.core.alarm import ManagedObject, Notice, NoticeKind, ObjectType, RuleSeverity, Severity

EVENT = {
    "message_id": "6f3c1f0e-1f5c-4a6e-9a37-0d1f5f6f7a11",
    "event_type": "compute.instance.update",
    "generated": "2026-11-21T10:00:00.000000",
    "traits": [["instance_id", 1, "vm-1"], ["state", 1, "error"], ["tenant_id", 1, "t1"]],
    "raw": {},
    "message_signature": None,
}


def a_notice(name: str = "vm-1 failed", **more: Any) -> Notice:
    """A rule that fires."""
    fields: dict[str, Any] = {
        "kind": NoticeKind.RAISED,
        "severity": Severity.MAJOR,
        "about": ManagedObject("vio_RegionOne", ObjectType.INSTANCE, "vm-1", "web", "t1", "host-1"),
        "alarm_id": "5f6f7a11-0000-4000-8000-000000000001",
        "rule_severity": RuleSeverity.MODERATE,
        "previous": "insufficient data",
        "current": "alarm",
        "reason": "Event <id=1,event_type=compute.instance.update> hits the query <query=[]>.",
        "event": EVENT,
        "event_time": "2026-11-21T10:00:00.000000Z",
    }
    return Notice(name=name, **{**fields, **more})


def send(actions: Sequence[str], *notices: Notice, **more: Any) -> list[Any]:
    """Make, store and hand over the deliveries of these notices, as the evaluator does."""
    from fed_common.notify import services
    from fed_common.notify.models import Delivery

    now = clock.now()
    rows = [row for one in notices for row in services.deliveries_of(actions, one, now=now, **more)]
    Delivery.objects.bulk_create(rows)
    services.hand_over(rows)
    return rows
