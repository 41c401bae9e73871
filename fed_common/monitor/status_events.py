"""What VIMs and VNFs went through: a row for each, and for a change of state the event the river is told."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from fed_common.core import clock
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.core.model import Event
from fed_common.core.vnf import EventType
from fed_common.monitor.models import LifecycleEvent

_KINDS = {"vim": Kind.VIM_STATUS, "vnf": Kind.VNF_STATUS, "vdu": Kind.VDU_STATUS}

_NEEDED = ("vim_id", "instance_id")
"""Of an event; the other fields may be left out where they are empty."""


def note(resource_type: str, resource_id: UUID, **what: Any) -> LifecycleEvent:
    """Keep one moment, see ``moment``. Call it in the transaction of the change."""
    row = moment(resource_type, resource_id, **what)
    row.save(force_insert=True)
    return row


def moment(
    resource_type: str,
    resource_id: UUID,
    *,
    state: str,
    event_type: EventType,
    old_state: str | None = None,
    vim_id: str = "",
    name: str = "",
    details: str = "",
    rule: str = "",
    tenant_id: str = "",
    instance_id: str = "",
    traits: dict[str, Any] | None = None,
) -> LifecycleEvent:
    """One moment of a ``vim``, ``vnf`` or ``vdu``, not stored yet. A vdu's id is that of its VNF.

    The river is told when the state changed: ``old_state`` is ``None`` when it did not, and empty when there was
    none before. ``traits`` are further ones of that event.
    """
    row = LifecycleEvent(
        resource_type=resource_type,
        resource_id=resource_id,
        vim_id=vim_id,
        resource_state=state,
        event_type=event_type,
        event_details=details,
        rule=rule,
        timestamp=clock.now(),
    )
    if old_state is not None and old_state != state:
        whose = "vim" if resource_type == "vim" else "vnf"
        about = {f"{whose}_id": str(resource_id), f"{whose}_name": name, **(traits or {})}
        plain = _event(row, old_state, tenant_id, instance_id, about).to_dict()
        row.event = {name: value for name, value in plain.items() if value or name in _NEEDED}
    return row


def _event(row: LifecycleEvent, old_state: str, tenant_id: str, instance_id: str, about: dict[str, Any]) -> Event:
    traits = {"state": row.resource_state, "old_state": old_state, "rule": row.rule, "reason": row.event_details}
    id = str(uuid.uuid4())
    return Event(
        id=id,
        fact=id,
        type=f"monitor.{row.resource_type}.status",
        vim_id=row.vim_id,
        instance_id=instance_id,
        kind=_KINDS[row.resource_type],
        phase=Phase.MOMENT,
        state=row.resource_state,
        old_state=old_state,
        occurred_at=row.timestamp,
        received_at=row.timestamp,
        tenant_id=tenant_id,
        origin=Origin.HOUSE,
        traits={name: value for name, value in {**about, **traits}.items() if value},
    )
