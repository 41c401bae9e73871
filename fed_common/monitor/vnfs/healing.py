"""Members of one VDU are replaced; the others go on working, and are watched meanwhile."""

from __future__ import annotations

from fed_common.core.health import Health
from fed_common.core.states import VnfTrigger
from fed_common.core.vnf import EventType
from fed_common.monitor.models import Vnf, Vnfc
from fed_common.monitor.vnfs.beginning import begin
from fed_common.monitor.vnfs.replacing import REMOVE_OLD, boot_new, replace
from fed_common.monitor.vnfs.run import Cancelled, Run, Step
from fed_common.monitor.vnfs.statuses import move
from fed_common.monitor.vnfs.watching import watch
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)


def _begin(run: Run, vnf: Vnf) -> None:
    members = _failed(run, vnf)
    reason = run.operation.parameters.get("detail", "") or "asked for"
    begin(run, vnf, EventType.HEAL, f"Starts heal vnf request for VNF '{vnf.pk}'. Reason to Heal VNF: '{reason}'")
    replace(run, vnf, members)


def _failed(run: Run, vnf: Vnf) -> list[Vnfc]:
    """The member a policy names; else those of the VDU that are down, else all of it."""
    vdu, member = run.operation.parameters.get("vdu"), run.operation.parameters.get("member")
    if not vdu:
        log.error("there is no healing without the name of a VDU", vnf=str(vnf.pk), operation=run.operation.pk)
        raise Cancelled("no VDU is named")
    members = list(vnf.members.filter(vdu=vdu))
    if member:
        failed = [one for one in members if one.pk == member]
    else:
        failed = [one for one in members if one.health == Health.DOWN] or members
    if not failed:
        raise Cancelled("the member that failed is one no longer")
    return failed


def _active(_: Run, vnf: Vnf) -> None:
    move(vnf, VnfTrigger.DONE, EventType.HEAL, f"Ends the heal vnf request for VNF '{vnf.pk}'")
    watch(vnf)


HEAL = (Step("begin", record=_begin), REMOVE_OLD, Step("boot", boot_new, _active))
