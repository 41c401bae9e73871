"""Which faults are acted on next, and by whom: leases in the database, by its clock."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from fed_common.events.ownership import LEASE
from fed_common.faults.models import HostFault
from fed_common.topics.database import reachable, writing

State = HostFault.State
TIMEOUT = 5.0
UNFINISHED = (State.REPORTED, State.ACTING, State.CLEARING)
_FREE = Q(expires_at__isnull=True) | Q(expires_at__lte=Now())


def claim(owner: str, count: int, ours: Collection[UUID] = ()) -> list[HostFault]:
    """Up to so many faults that are this inspector's now, the oldest first. Raises Retryable."""
    with reachable():
        ready = list(_ready().exclude(pk__in=ours)[:count])
        return [fault for fault in ready if _claimed(fault, owner)]


def renew(owner: str, ours: Collection[UUID]) -> None:
    """Keep what is being acted on. Raises Retryable."""
    if ours:
        with writing(TIMEOUT):
            HostFault.objects.filter(pk__in=ours, owner=owner).update(expires_at=Now() + LEASE)


def _ready() -> QuerySet[HostFault]:
    due = Q(next_try_at__isnull=True) | Q(next_try_at__lte=Now())
    unfinished = HostFault.objects.filter(_FREE, due, state__in=UNFINISHED)
    return unfinished.select_related("vim").order_by("reported_at")


def _claimed(fault: HostFault, owner: str) -> bool:
    """Whether nobody was faster."""
    state = State.ACTING if fault.state == State.REPORTED else fault.state
    with writing(TIMEOUT):
        seen = HostFault.objects.filter(_FREE, pk=fault.pk, state=fault.state)
        taken = bool(seen.update(owner=owner, expires_at=Now() + LEASE, state=state))
    fault.owner, fault.state = owner, state
    return taken
