"""Which operation is run next, and by whom: leases in the database, by its clock."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Now

from fed_common.core.vnf import OperationKind
from fed_common.events.ownership import LEASE
from fed_common.monitor.models import UNFINISHED, Operation
from fed_common.topics.database import reachable, writing

TIMEOUT = 5.0
_EXPIRED = Q(state=Operation.State.RUNNING, expires_at__lte=Now())


def claim(owner: str, count: int, ours: Collection[int]) -> list[Operation]:
    """Up to so many operations that are this runner's now, but none of ``ours``. Raises Retryable.

    Of one VNF at most one is run at a time: what has begun is ended first, a deletion comes before what waits
    longer, and else the order is the one they were asked for in.
    """
    with reachable():
        ready = list(_ready().exclude(pk__in=ours)[:count])
    return [operation for operation in ready if _claimed(operation, owner)]


def renew(owner: str, ours: Collection[int]) -> None:
    """Keep what is being run. Raises Retryable."""
    if ours:
        with writing(TIMEOUT):
            mine = Operation.objects.filter(pk__in=ours, owner=owner, state=Operation.State.RUNNING)
            mine.update(expires_at=Now() + LEASE)


def _ready() -> QuerySet[Operation]:
    rank = Case(
        When(state=Operation.State.RUNNING, then=Value(0)),
        When(kind=OperationKind.DELETE, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    unfinished = Operation.objects.filter(state__in=UNFINISHED)
    ranked = unfinished.annotate(rank=rank)
    before = Q(rank__lt=OuterRef("rank")) | Q(rank=OuterRef("rank"), id__lt=OuterRef("id"))
    blocked = Exists(ranked.filter(before, vnf=OuterRef("vnf")))
    ready = ranked.filter(Q(state=Operation.State.WAITING) | _EXPIRED).annotate(blocked=blocked)
    return ready.filter(blocked=False).select_related("vnf__vim").order_by("id")


def _claimed(operation: Operation, owner: str) -> bool:
    """Whether nobody was faster."""
    seen = Q(state=Operation.State.WAITING) if operation.state == Operation.State.WAITING else _EXPIRED
    running = {"state": Operation.State.RUNNING, "owner": owner, "expires_at": Now() + LEASE}
    try:
        with writing(TIMEOUT):
            return bool(Operation.objects.filter(seen, pk=operation.pk).update(**running))
    except IntegrityError:  # another one of this VNF began a moment before
        return False
