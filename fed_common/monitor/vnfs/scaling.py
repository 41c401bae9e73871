"""One increment of a scaling policy more, or less."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from fed_common.core.states import VnfTrigger
from fed_common.core.vnf import EventType, OperationKind, Scaling
from fed_common.monitor.models import Operation, Vnf
from fed_common.monitor.vnfd.keeping import vnfd_of
from fed_common.monitor.vnfs.beginning import begin
from fed_common.monitor.vnfs.booting import boot, remove
from fed_common.monitor.vnfs.members import doomed, new_members
from fed_common.monitor.vnfs.run import Cancelled, Run, Step
from fed_common.monitor.vnfs.scales import check_scale, scaling_named
from fed_common.monitor.vnfs.statuses import move
from fed_common.monitor.vnfs.watching import unwatch, watch

NEW, DOOMED = "new", "doomed"
SCALES = (OperationKind.SCALE_OUT, OperationKind.SCALE_IN)


def _begin_out(run: Run, vnf: Vnf) -> None:
    scaling = _begun(run, vnf, out=True)
    new = [one for vdu in scaling.targets for one in new_members(vnf, vdu, scaling.increment)]
    run.keep(**{NEW: [one.pk for one in new]})


def _begin_in(run: Run, vnf: Vnf) -> None:
    """What goes is watched no longer before it goes, so its going is no failure."""
    scaling = _begun(run, vnf, out=False)
    going = [one for vdu in scaling.targets for one in doomed(vnf.members.filter(vdu=vdu), scaling.increment)]
    run.keep(**{DOOMED: [one.pk for one in going]})
    unwatch(vnf, going)


def _begun(run: Run, vnf: Vnf, *, out: bool) -> Scaling:
    asked = run.operation.parameters
    scaling = scaling_named(vnfd_of(vnf), asked.get("policy") or asked.get("argument") or asked.get("vdu") or "")
    check_scale(vnf, scaling, out=out)
    if "action" in asked:
        _check_cooldown(run, vnf, scaling)
    run.keep(policy=scaling.name)
    begin(run, vnf, EventType.SCALE)
    return scaling


def _check_cooldown(run: Run, vnf: Vnf, scaling: Scaling) -> None:
    """Only what policies ask for has to wait; the wish of an operator has not."""
    since = Now() - timedelta(seconds=scaling.cooldown)
    last = vnf.operations.filter(kind__in=SCALES, state=Operation.State.DONE, ended_at__gt=since)
    if any(one.kept.get("policy") == scaling.name for one in last.exclude(pk=run.operation.pk)):
        raise Cancelled(f"the cooldown of {scaling.name}, {scaling.cooldown:g} s, has not passed")


def _boot(run: Run) -> None:
    boot(run, run.members(NEW))


def _remove(run: Run) -> None:
    remove(run, run.members(DOOMED))


def _removed(run: Run, vnf: Vnf) -> None:
    vnf.members.filter(pk__in=run.operation.kept[DOOMED]).delete()
    _active(run, vnf)


def _active(_: Run, vnf: Vnf) -> None:
    move(vnf, VnfTrigger.DONE, EventType.SCALE)
    watch(vnf)


SCALE_OUT = (Step("begin", record=_begin_out), Step("boot", _boot, _active))
SCALE_IN = (Step("begin", record=_begin_in), Step("remove", _remove, _removed))
