"""A VNF comes into being: its members are booted, then it is ACTIVE and watched."""

from __future__ import annotations

from fed_common.core.states import VnfTrigger
from fed_common.core.vnf import EventType
from fed_common.monitor.models import Vnf
from fed_common.monitor.vnfs.booting import boot
from fed_common.monitor.vnfs.run import Run, Step
from fed_common.monitor.vnfs.statuses import move
from fed_common.monitor.vnfs.watching import watch


def _boot(run: Run) -> None:
    boot(run, [member for member in run.members() if member.key])


def _active(_: Run, vnf: Vnf) -> None:
    move(vnf, VnfTrigger.DONE, EventType.CREATE, "VNF status updated")
    watch(vnf)


CREATE = (Step("boot", _boot, _active),)
