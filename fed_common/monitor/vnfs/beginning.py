"""The first record of an operation that changes a VNF."""

from __future__ import annotations

from fed_common.core.vnf import EventType, OperationKind
from fed_common.monitor.actions.known import known_actions
from fed_common.monitor.models import Target, Vnf
from fed_common.monitor.vnfs.run import Cancelled, Run
from fed_common.monitor.vnfs.statuses import move, note_vnf


def begin(run: Run, vnf: Vnf, event_type: EventType, details: str = "") -> None:
    """The VNF's status says what is being done to it now, and its events who asked for it.

    Raises Conflict: not in this state; Cancelled: what it is to answer was answered by something else, which
    replaced the member that failed.
    """
    asked = run.operation
    if asked.target and not Target.objects.filter(pk=asked.target, removed=False).exists():
        raise Cancelled("the member that failed is watched no longer")
    move(vnf, OperationKind(asked.kind), event_type, details)
    if action := asked.parameters.get("action"):
        note_vnf(
            vnf, EventType.MONITOR, known_actions().get(action).invoked, rule=asked.parameters.get("rule", "")
        )
