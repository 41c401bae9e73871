"""The status of a VNF: each change is the row, its Tacker event and the river's, in one transaction."""

from __future__ import annotations

from fed_common.core.states import VNF, VnfTrigger, transition
from fed_common.core.vnf import EventType, OperationKind
from fed_common.monitor.models import LifecycleEvent, Vnf
from fed_common.monitor.status_events import note


def move(vnf: Vnf, trigger: VnfTrigger | OperationKind, event_type: EventType, details: str = "") -> None:
    """Change its status as the state table says. ``vnf`` is locked. Raises Conflict: not in this state."""
    before = vnf.status
    vnf.status = transition(VNF, before, trigger)
    vnf.save(update_fields=["status", "updated_at"])
    note_vnf(vnf, event_type, details, old_state=before)


def fail(vnf: Vnf, event_type: EventType, reason: str) -> None:
    """It is in ERROR for this reason. ``vnf`` is locked. Raises Conflict: nothing was under way."""
    vnf.error_reason = reason
    vnf.save(update_fields=["error_reason"])
    move(vnf, VnfTrigger.FAILED, event_type, reason)


def note_vnf(
    vnf: Vnf,
    event_type: EventType,
    details: str,
    *,
    state: str = "",
    old_state: str | None = None,
    rule: str = "",
) -> LifecycleEvent:
    """A moment of the VNF. ``state`` is its status unless given; see ``status_events.note``."""
    return note(
        "vnf",
        vnf.pk,
        state=state or vnf.status,
        old_state=old_state,
        event_type=event_type,
        vim_id=vnf.vim.full_id,
        name=vnf.name,
        details=details,
        rule=rule,
        tenant_id=vnf.tenant_id,
    )
