"""What an agent on a compute host heard of a guest's watchdog: stored first, then told to the river."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet

from fed_common.core import clock
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.core.matching import OPT_OUT, DropReason
from fed_common.core.model import Event
from fed_common.core.vnf import EventType
from fed_common.core.watchdog import event_traits, event_type, switched_off
from fed_common.inventory.known import opted_out
from fed_common.inventory.models import Instance, Vim
from fed_common.monitor.models import LifecycleEvent
from fed_common.telemetry import metrics
from fed_common.topics.database import writing

TIMEOUT = 10.0
RESOURCE = "instance"


@dataclass(frozen=True, slots=True)
class Heard:
    """One firing, or that one is over. Whoever says it again with the same ``id`` says nothing new."""

    instance_id: str
    action: str = ""
    cleared: bool = False
    host: str = ""
    occurred_at: datetime = field(default_factory=clock.now)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


def accept(vim: Vim, heard: Heard) -> DropReason | None:
    """Store it for a conductor to tell; the reason when it is not told. Safe twice. Raises Retryable: not stored.

    An instance that is known to have no watchdog cannot have had it fired.
    """
    with writing(TIMEOUT):
        known = Instance.objects.filter(vim=vim, instance_id=heard.instance_id).first()
        if known and switched_off(known.body.get("traits", {})):
            metrics.DROPPED.labels(vim.full_id, DropReason.WATCHDOG_OFF, "").inc()
            return DropReason.WATCHDOG_OFF
        row = _row(vim, heard, known)
        if not _rows_of(row).exists():
            row.save(force_insert=True)
    return None


def _rows_of(row: LifecycleEvent) -> QuerySet[LifecycleEvent]:
    same = {"resource_id": row.resource_id, "resource_type": RESOURCE, "event_details": row.event_details}
    return LifecycleEvent.objects.filter(**same)


def _row(vim: Vim, heard: Heard, known: Instance | None) -> LifecycleEvent:
    event = _event(vim, heard, known or Instance())
    return LifecycleEvent(
        resource_type=RESOURCE,
        resource_id=_uuid(heard.instance_id),
        vim_id=vim.full_id,
        resource_state=event.traits["watchdog"],
        event_type=EventType.MONITOR,
        event_details=heard.id,
        rule="watchdog",
        timestamp=event.received_at,
        event=event.to_dict(),
    )


def _event(vim: Vim, heard: Heard, known: Instance) -> Event:
    """As the notification of that name would tell it, with what the inventory knows of the instance."""
    quiet = {OPT_OUT: "disabled"} if opted_out(known) else {}
    payload = {
        "instance_id": heard.instance_id,
        "tenant_id": known.tenant_id,
        "display_name": known.name,
        "host": heard.host or known.host,
        "state": known.state,
        "action": heard.action,
    }
    return Event(
        id=heard.id,
        fact=heard.id,
        type=event_type(cleared=heard.cleared),
        vim_id=vim.full_id,
        instance_id=heard.instance_id,
        kind=Kind.WATCHDOG,
        phase=Phase.MOMENT,
        state=known.state,
        state_description=known.state_description,
        instance_name=known.name,
        tenant_id=known.tenant_id,
        host=heard.host or known.host,
        occurred_at=heard.occurred_at,
        received_at=clock.now(),
        origin=Origin.HOUSE,
        traits={**quiet, **event_traits(heard.action, cleared=heard.cleared)},
        payload=payload,
    )


def _uuid(instance_id: str) -> uuid.UUID:
    """The instance's own; of an instance whose cloud names it otherwise one that is always the same."""
    try:
        return uuid.UUID(instance_id)
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_URL, instance_id)
