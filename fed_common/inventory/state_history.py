"""The meter ``instance.state``: every change of state of every instance, in a chain without gaps.

A row's ``old_state`` is the state of the row before it, and the newest row says what the inventory says:
both are written in one transaction, see ``known.write_knowledge``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from fed_common.core import clock
from fed_common.core.differences import DELETED, Known
from fed_common.core.kinds import Origin
from fed_common.core.model import Event
from fed_common.inventory.models import Instance, InstanceStateChange

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Step:
    """A state that somebody said an instance is in, and since when."""

    state: str
    at: datetime
    state_description: str = ""
    tenant_id: str = ""
    event_id: str = ""
    event_type: str = ""
    origin: Origin = Origin.POLL


Steps = Mapping[str, Sequence[Step]]


def step_of(event: Event) -> Step:
    """What an event says."""
    return Step(
        event.state,
        event.occurred_at,
        event.state_description,
        event.tenant_id,
        event.id,
        event.type,
        event.origin,
    )


def keep(vim: int, steps: Steps, known: Mapping[str, Known]) -> None:
    """Write what the steps, and then what will be ``known``, change: in its transaction, before it is written."""
    ids = known.keys() | steps.keys()
    before = {row.instance_id: row for row in _rows_of(vim, ids)}
    rows: list[InstanceStateChange] = []
    for id in sorted(ids):
        ends = known.get(id) or before.get(id)
        chain = [*steps.get(id, ()), *([_step(ends)] if ends else [])]
        rows += _changes(vim, id, before[id].state if id in before else "", chain)
    InstanceStateChange.objects.bulk_create(rows, AT_ONCE)


def states_at(moment: datetime | None = None) -> QuerySet[InstanceStateChange]:
    """The row that says how each instance is, or was at that moment."""
    rows = InstanceStateChange.objects.filter(at__lte=moment) if moment else InstanceStateChange.objects.all()
    return rows.filter(~Exists(_newer(rows)))


def forget_old_states() -> int:
    """Delete changes that are older than the retention; how many. Raises Retryable.

    The one that still says how an instance is, or was when the retention began, stays.
    """
    old = InstanceStateChange.objects.filter(at__lt=clock.now() - timedelta(hours=settings.EVENT_RETENTION_HOURS))
    return old.filter(Q(state=DELETED) | Q(Exists(_newer(old)))).delete()[0]


def _newer(rows: QuerySet[InstanceStateChange]) -> QuerySet[InstanceStateChange]:
    return rows.filter(vim=OuterRef("vim"), instance_id=OuterRef("instance_id"), pk__gt=OuterRef("pk"))


def _rows_of(vim: int, ids: Iterable[str]) -> QuerySet[Instance]:
    rows = Instance.objects.filter(vim=vim).only(
        "instance_id", "state", "state_description", "tenant_id", "seen_at"
    )
    wanted = list(ids)
    return rows.filter(instance_id__in=wanted) if len(wanted) <= AT_ONCE else rows


def _step(ends: Known | Instance) -> Step:
    if isinstance(ends, Instance):
        return Step(ends.state, ends.seen_at, ends.state_description, ends.tenant_id)
    one = ends.instance
    return Step(one.state, ends.changed_at, one.state_description, one.tenant_id)


def _changes(vim: int, id: str, state: str, chain: Iterable[Step]) -> Iterator[InstanceStateChange]:
    for step in chain:
        if step.state != state:
            yield InstanceStateChange(
                vim_id=vim,
                instance_id=id,
                tenant_id=step.tenant_id,
                old_state=state,
                state=step.state,
                state_description=step.state_description,
                at=step.at,
                event_id=step.event_id,
                event_type=step.event_type,
                origin=step.origin,
            )
            state = step.state
