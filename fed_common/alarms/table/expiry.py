"""What time does to the table: what nobody needs goes, and what was missed is made good."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from fed_common.alarms.models import ActiveAlarm, AlarmChange
from fed_common.alarms.table.catalogue import ERROR, INSTANCE_ERROR
from fed_common.alarms.table.changes import Clear
from fed_common.alarms.table.notices import object_of
from fed_common.alarms.table.writing import write
from fed_common.core import clock
from fed_common.core.alarm import ObjectType
from fed_common.faults.models import HostFault
from fed_common.inventory.models import Instance, Vim
from fed_common.notify.services import hand_over
from fed_common.topics.database import reachable

AT_ONCE = 5000

M = TypeVar("M", bound=Model)


def forget_old() -> int:
    """Delete alarms that left the list, and changes, older than the retention; how many. Raises Retryable."""
    limit = clock.now() - timedelta(hours=settings.ALARM_RETENTION_HOURS)
    left = ActiveAlarm.objects.filter(cleared_at__lt=limit, acked_at__isnull=False)
    with reachable():
        return _forget(left) + _forget(AlarmChange.objects.filter(at__lt=limit))


def settle() -> int:
    """Clear what is known to be over, as after an outage of the database; how many. Raises Retryable."""
    with reachable():
        rows = list(_over()[:AT_ONCE])
    now = clock.now()
    deliveries = write([Clear(row.problem, now, f"settled:{row.id}:{row.count}", object_of(row)) for row in rows])
    if deliveries:
        hand_over(deliveries)
    return len(rows)


def _over() -> QuerySet[ActiveAlarm]:
    """Open troubles of VIMs that are gone, and of instances of healthy hosts that are not in error."""
    open_ones = ActiveAlarm.objects.filter(cleared_at__isnull=True, rule_id__isnull=True)
    vims = Vim.objects.filter(full_id=OuterRef("vim_id"))
    healed = Instance.objects.filter(vim__full_id=OuterRef("vim_id"), instance_id=OuterRef("object_id"))
    healed = healed.exclude(state=ERROR).filter(seen_at__gt=OuterRef("changed_at"))
    faults = HostFault.objects.filter(pk=OuterRef("fault_id")).exclude(state=HostFault.State.CLEARED)
    error = Q(object_type=ObjectType.INSTANCE, problem=INSTANCE_ERROR.problem) & ~Exists(faults)
    return open_ones.filter(~Exists(vims) | (error & Exists(healed))).order_by("raised_at")


def _forget(rows: QuerySet[M]) -> int:
    gone = 0
    while ids := list(rows.order_by().values_list("pk", flat=True)[:AT_ONCE]):
        gone += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return gone
