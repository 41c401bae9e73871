"""A dead VNF lives again under its id: all members are booted anew, and watched where they are now."""

from __future__ import annotations

from fed_common.core.states import VnfTrigger
from fed_common.core.vnf import EventType
from fed_common.monitor.actions.respawn import Respawn
from fed_common.monitor.models import Vnf
from fed_common.monitor.vnfs.beginning import begin
from fed_common.monitor.vnfs.replacing import REMOVE_OLD, boot_new, replace
from fed_common.monitor.vnfs.run import Run, Step
from fed_common.monitor.vnfs.statuses import move, note_vnf
from fed_common.monitor.vnfs.watching import watch


def _dead(run: Run, vnf: Vnf) -> None:
    members = list(vnf.members.all())
    begin(run, vnf, EventType.MONITOR, run.operation.parameters.get("detail", ""))
    if not run.operation.parameters.get("action"):
        note_vnf(vnf, EventType.MONITOR, Respawn.invoked)
    vnf.failure_count += 1
    dead = ",".join(one.instance_id for one in members if one.instance_id)
    vnf.attributes[f"dead_instance_id_{vnf.failure_count}"] = dead
    vnf.save(update_fields=["failure_count", "attributes", "updated_at"])
    replace(run, vnf, members)


def _active(_: Run, vnf: Vnf) -> None:
    move(vnf, VnfTrigger.DONE, EventType.CREATE, "VNF status updated")
    watch(vnf)


RESPAWN = (Step("dead", record=_dead), REMOVE_OLD, Step("boot", boot_new, _active))
