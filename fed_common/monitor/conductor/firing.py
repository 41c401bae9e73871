"""What the alarm of a trigger has done to its VNF: each transition once, and nothing while the VNF changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fed_common.core import clock
from fed_common.core.alarm import AlarmState
from fed_common.core.errors import NotFound
from fed_common.core.vnf import AlarmTrigger, OperationKind, VnfStatus
from fed_common.monitor.actions.scaling import ScaleOut
from fed_common.monitor.conductor.answering import operations_of
from fed_common.monitor.conductor.holding import MAINTENANCE, in_maintenance
from fed_common.monitor.conductor.judging import TIMEOUT
from fed_common.monitor.models import OPEN, Operation, Vnf
from fed_common.monitor.rpc import conductor
from fed_common.monitor.vnfs.services import CHANGING
from fed_common.telemetry.logging import get_logger
from fed_common.topics.casting import after_commit
from fed_common.topics.database import writing

RULE = "alarm"
SKIPPED = "skipped: "
QUIET = timedelta(minutes=5)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fired:
    """What the keeper of the alarm says. ``said`` stands for the whole body.

    ``request``  the same when it is sent again; this and ``previous`` are empty where they are not told.
    """

    alarm_id: str
    said: str
    previous: str = ""
    reason: str = ""
    request: str = ""


def fire(vnf: Vnf, trigger: AlarmTrigger, fired: Fired) -> list[Operation]:
    """Have the actions of the trigger done; what is laid down for it now, CANCELLED when it is skipped.

    Nothing for an alarm that was answered already. One that was skipped is answered when it is told again.
    Raises NotFound: the VNF is gone; Retryable: no database.
    """
    with writing(TIMEOUT):
        locked = Vnf.objects.select_for_update(of=("self",), no_key=True).select_related("vim")
        row = locked.filter(pk=vnf.pk).first()
        if row is None:
            raise NotFound("VNF", str(vnf.pk))
        last, against = _last(row, trigger, fired), _against(row)
        if last and _is_repeat(last, fired) and (against or not last.reason.startswith(SKIPPED)):
            return []
        operations = _operations(row, trigger, fired)
        for one in operations if against else ():
            one.state, one.reason, one.ended_at = Operation.State.CANCELLED, SKIPPED + against, clock.now()
        Operation.objects.bulk_create(operations)
        if against:
            log.info("an alarm is skipped", vnf=str(vnf.pk), trigger=trigger.name, reason=against)
        else:
            after_commit(lambda: conductor().wake())
    return operations


def _last(vnf: Vnf, trigger: AlarmTrigger, fired: Fired) -> Operation | None:
    about = {"rule": RULE, "trigger": trigger.name, "alarm_id": fired.alarm_id}
    same = vnf.operations.filter(**{f"parameters__{name}": value for name, value in about.items()})
    return same.order_by("-pk").first()


def _is_repeat(last: Operation, fired: Fired) -> bool:
    """Whether this tells of the same transition. Who tells too little for that is believed to, for a while."""
    known = last.parameters
    if fired.previous == AlarmState.ALARM or (fired.request and fired.request == known["request"]):
        return True
    if fired.previous and fired.request:
        return False
    return bool(known["said"] == fired.said) and clock.now() - last.created_at < QUIET


def _against(vnf: Vnf) -> str:
    """Why nothing is done to the VNF now; "": nothing speaks against it."""
    if in_maintenance(vnf):
        return MAINTENANCE
    if vnf.status != VnfStatus.ACTIVE:
        return f"the VNF is {vnf.status}"
    changing = vnf.operations.filter(state__in=OPEN, kind__in=CHANGING).first()
    return f"the VNF is to be changed already: {changing.kind}" if changing else ""


def _operations(vnf: Vnf, trigger: AlarmTrigger, fired: Fired) -> list[Operation]:
    about = {
        **{"cause": RULE, "rule": RULE, "detail": f"alarm of {trigger.name}: {fired.reason}"},
        **{"trigger": trigger.name, "alarm_id": fired.alarm_id, "said": fired.said, "request": fired.request},
    }
    return [one for action in trigger.actions for one in _operation(vnf, action, about)]


def _operation(vnf: Vnf, action: str, about: dict[str, Any]) -> list[Operation]:
    scaling, _, direction = action.rpartition("-")
    if not scaling:
        return operations_of([action], vnf, about)
    operations = operations_of([f"{ScaleOut.name}:{scaling}"], vnf, about)
    for one in operations:
        one.kind = OperationKind.SCALE_OUT if direction == "out" else OperationKind.SCALE_IN
    return operations
