"""Members replaced by new ones: the same for a whole VNF and for one of its VDUs."""

from __future__ import annotations

from collections.abc import Sequence

from fed_common.monitor.models import Vnf, Vnfc
from fed_common.monitor.vnfd.keeping import vnfd_of
from fed_common.monitor.vnfs.booting import boot, reboot, remove
from fed_common.monitor.vnfs.members import new_members
from fed_common.monitor.vnfs.run import Run, Step
from fed_common.monitor.vnfs.watching import unwatch

OLD, NEW, REBOOTED = "old", "new", "rebooted"


def replace(run: Run, vnf: Vnf, members: Sequence[Vnfc]) -> None:
    """Lay down what goes and what comes for it; what cannot be booted is to be rebooted. ``vnf`` is locked."""
    vnfd = vnfd_of(vnf)
    old = [one for one in members if vnfd.vdu(one.vdu).image]
    new = [member for one in old for member in new_members(vnf, one.vdu, 1)]
    kept = {OLD: old, NEW: new, REBOOTED: [one for one in members if one not in old]}
    run.keep(**{name: [one.pk for one in rows] for name, rows in kept.items()})
    unwatch(vnf, members)


def _remove(run: Run) -> None:
    remove(run, run.members(OLD))


def _removed(run: Run, vnf: Vnf) -> None:
    vnf.members.filter(pk__in=run.operation.kept[OLD]).delete()


def boot_new(run: Run) -> None:
    """The instances of the new members, and those that are rebooted."""
    boot(run, run.members(NEW))
    reboot(run, run.members(REBOOTED))


REMOVE_OLD = Step("remove", _remove, _removed)
