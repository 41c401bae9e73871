"""Policy actions that change nothing of the VNF: done, and noted once."""

from __future__ import annotations

from django.conf import settings

from fed_common.core.vnf import EventType
from fed_common.interfaces.action import Failure, PolicyAction
from fed_common.monitor.actions.known import known_actions
from fed_common.monitor.models import Operation, Target, Vnf, Vnfc
from fed_common.monitor.vnfs.run import Run, Step
from fed_common.monitor.vnfs.statuses import note_vnf


def _act(run: Run) -> None:
    action, failure = _action(run.operation), run.look(lambda: _failure(run))
    argument = run.operation.parameters.get("argument", "")
    run.patiently(lambda: action.run(failure, argument, timeout=settings.CLOUD_TIMEOUT))


def _noted(run: Run, vnf: Vnf) -> None:
    rule = run.operation.parameters.get("rule", "")
    note_vnf(vnf, EventType.MONITOR, _action(run.operation).invoked, rule=rule)


def _action(operation: Operation) -> PolicyAction:
    return known_actions().get(operation.parameters.get("action") or operation.kind)()


def _failure(run: Run) -> Failure:
    """As it was; the member or the target may be gone meanwhile."""
    asked = run.operation.parameters
    member = Vnfc.objects.filter(pk=asked.get("member")).first()
    target = Target.objects.filter(pk=run.operation.target or 0).first()
    return Failure(
        id=f"{run.vnf.pk}/{run.operation.pk}",
        vnf_id=str(run.vnf.pk),
        vnf_name=run.vnf.name,
        vim_id=run.vnf.vim.full_id,
        vdu=asked.get("vdu", ""),
        instance_id=member.instance_id if member else "",
        address=target.address if target else "",
        cause=asked.get("cause", "failure"),
        rule=asked.get("rule", ""),
        detail=asked.get("detail", ""),
        number=run.operation.failure_seq or 0,
    )


ACT = (Step("act", _act, _noted),)
