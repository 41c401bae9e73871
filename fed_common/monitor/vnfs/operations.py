"""Every operation by its kind: its steps, and how its end is told."""

from __future__ import annotations

from collections.abc import Mapping

from fed_common.core.states import VNF, VnfTrigger
from fed_common.core.vnf import EventType, OperationKind
from fed_common.monitor.models import Operation, Vnf
from fed_common.monitor.vnfs.acting import ACT
from fed_common.monitor.vnfs.creating import CREATE
from fed_common.monitor.vnfs.deleting import DELETE, LOG_AND_KILL
from fed_common.monitor.vnfs.healing import HEAL
from fed_common.monitor.vnfs.respawning import RESPAWN
from fed_common.monitor.vnfs.run import Step
from fed_common.monitor.vnfs.scaling import SCALE_IN, SCALE_OUT
from fed_common.monitor.vnfs.statuses import fail, note_vnf

STEPS: Mapping[str, tuple[Step, ...]] = {
    OperationKind.CREATE: CREATE,
    OperationKind.DELETE: DELETE,
    OperationKind.SCALE_OUT: SCALE_OUT,
    OperationKind.SCALE_IN: SCALE_IN,
    OperationKind.HEAL: HEAL,
    OperationKind.RESPAWN: RESPAWN,
    OperationKind.LOG_AND_KILL: LOG_AND_KILL,
}
_EVENTS: Mapping[str, EventType] = {
    OperationKind.CREATE: EventType.CREATE,
    OperationKind.DELETE: EventType.DELETE,
    OperationKind.SCALE_OUT: EventType.SCALE,
    OperationKind.SCALE_IN: EventType.SCALE,
    OperationKind.HEAL: EventType.HEAL,
    OperationKind.RESPAWN: EventType.CREATE,
}


def steps_of(operation: Operation) -> tuple[Step, ...]:
    """What is done for it."""
    return STEPS.get(operation.kind, ACT)


def note_failure(operation: Operation, vnf: Vnf, reason: str) -> None:
    """The VNF is in ERROR when the operation had begun to change it, and has one more event in any case."""
    event_type = _EVENTS.get(operation.kind, EventType.MONITOR)
    if operation.kind in STEPS and (vnf.status, VnfTrigger.FAILED) in VNF.moves:
        fail(vnf, event_type, reason)
    else:
        note_vnf(vnf, event_type, f"{operation.kind} failed: {reason}")
