"""A VNF ceases to be: first its monitoring, then what was booted for it, then its row."""

from __future__ import annotations

from fed_common.core.states import VnfTrigger
from fed_common.core.vnf import EventType
from fed_common.monitor.models import Vnf
from fed_common.monitor.vnfs.beginning import begin
from fed_common.monitor.vnfs.booting import remove
from fed_common.monitor.vnfs.run import Run, Step
from fed_common.monitor.vnfs.statuses import move, note_vnf
from fed_common.monitor.vnfs.watching import end_watch

DELETED = "DELETED"


def _dead(run: Run, vnf: Vnf) -> None:
    begin(run, vnf, EventType.MONITOR, run.operation.parameters.get("detail", ""))


def _begin(_: Run, vnf: Vnf) -> None:
    move(vnf, VnfTrigger.DELETE, EventType.DELETE, "VNF delete initiated")
    end_watch(vnf)


def _remove(run: Run) -> None:
    remove(run, [member for member in run.members() if member.key])


def _gone(_: Run, vnf: Vnf) -> None:
    """The row takes its members and operations along; its events stay."""
    note_vnf(vnf, EventType.DELETE, "VNF delete complete", state=DELETED, old_state=vnf.status)
    vnf.delete()


DELETE = (Step("begin", record=_begin), Step("remove", _remove, _gone))
LOG_AND_KILL = (Step("dead", record=_dead), *DELETE)
