"""What speaks against doing something destructive to a VNF now.

============  =================================================================================================
recovered     the failure is none any more, or its target is watched no longer: the operation is CANCELLED
maintenance   the VNF or its VIM is being worked on
brake         too many targets of the VIM failed at once: it is more likely the network, or us
opinion       another executor sees it UP, or did not answer
============  =================================================================================================

The brake is played again from the rows: all conductors see the same, and a restart forgets nothing.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta

from django.conf import settings

from fed_common.core import clock
from fed_common.core.brake import Brake
from fed_common.core.errors import Retryable
from fed_common.core.health import Check, Health, ProbeKind, Verdict
from fed_common.core.vnf import DESTRUCTIVE
from fed_common.events.models import Role
from fed_common.events.ownership import living
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor.answering import BRAKE
from fed_common.monitor.conductor.hearing import RULE as RIVER
from fed_common.monitor.models import OPEN, Operation, Shard, Target, Vnf
from fed_common.monitor.rpc import executors
from fed_common.topics.database import reachable, writing

MAINTENANCE = "maintenance: the VNF or its VIM is being worked on"
RECOVERED = "recovered: nothing is to be done any more"
TIMEOUT = 10.0
BRAKE_LOOKS_BACK = timedelta(minutes=10)
BRAKE_IS_FRESH = 0.5


def reason_to_hold(operation: Operation) -> str | None:
    """Why an operation is not done now; ``None``: do it. Only what is destructive and comes of a monitor is held.

    One whose target recovered meanwhile is CANCELLED here already. A HELD operation becomes WAITING again
    when the reconciler finds nothing that speaks against it. Raises Retryable: no database.
    """
    if operation.kind not in DESTRUCTIVE:
        return None
    with reachable():
        target = Target.objects.filter(pk=operation.target).first() if operation.target else None
        vnf = Vnf.objects.select_related("vim").get(pk=operation.vnf_id)
    if operation.target and (target is None or _is_over(operation, target)):
        _cancel(operation)
        return RECOVERED
    if operation.action_id is None:  # somebody asked for it by hand
        return None
    if in_maintenance(vnf):
        return MAINTENANCE
    return _doubt(operation, target, vnf.vim) if target else None


def in_maintenance(vnf: Vnf) -> bool:
    """Whether nothing is done to it by itself."""
    return vnf.maintenance or vnf.vim.maintenance


def _doubt(operation: Operation, target: Target, vim: Vim) -> str | None:
    if _brakes.holds(vim):
        return BRAKE
    against, opinion = _opinion(target)
    if against is None:
        with writing(TIMEOUT):
            operation.parameters = {**operation.parameters, "opinion": opinion}
            Operation.objects.filter(pk=operation.pk).update(parameters=operation.parameters)
    return against


def _is_over(operation: Operation, target: Target) -> bool:
    if target.removed or target.failure_seq != operation.failure_seq:
        return True
    return target.health != Health.DOWN or target.action_id != operation.action_id


def _cancel(operation: Operation) -> None:
    open_ones = Operation.objects.filter(pk=operation.pk, state__in=OPEN)
    with writing(TIMEOUT):
        open_ones.update(state=Operation.State.CANCELLED, reason=RECOVERED, ended_at=clock.now())


def _opinion(target: Target) -> tuple[str | None, str]:
    """What an executor that does not own the target has against it; and why nothing is, as it is stored."""
    if not settings.SECOND_OPINION:
        return None, "not wanted"
    if target.rule.startswith(RIVER):
        return None, "its cloud said so"
    with reachable():
        owner = Shard.objects.filter(number=target.shard).values_list("owner", flat=True).first()
    others = [name for name in living(Role.EXECUTOR) if name != owner]
    if not others:
        return None, "there is no other executor"
    asked = others[target.pk % len(others)]
    try:
        verdict = executors().second_opinion(asked, asdict(check_of(target)))
    except Retryable as error:
        return f"opinion: {asked} did not answer: {error.reason}", ""
    if verdict != Verdict.DOWN:
        return f"opinion: {asked} says {verdict}", ""
    return None, f"{asked} sees it too"


def check_of(target: Target) -> Check:
    """How it is asked."""
    return Check(
        kind=ProbeKind(target.kind),
        address=target.address,
        port=target.port,
        count=target.count,
        interval=target.interval,
        timeout=target.timeout,
        retry=target.retry,
    )


class _Brakes:
    """Whether the brake holds for a VIM, looked up at most so often."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, bool]] = {}

    def holds(self, vim: Vim) -> bool:
        looked_at, holds = self._known.get(vim.pk, (0.0, False))
        if time.monotonic() - looked_at > BRAKE_IS_FRESH:
            looked_at, holds = time.monotonic(), _brake_holds(vim)
            self._known[vim.pk] = looked_at, holds
        return holds


_brakes = _Brakes()


def _brake_holds(vim: Vim) -> bool:
    with reachable():
        rows = Target.objects.filter(workflow__vnf__vim=vim, removed=False)
        total, now = rows.count(), clock.now()
        down = rows.filter(health=Health.DOWN, changed_at__gt=now - BRAKE_LOOKS_BACK)
        moments = sorted(one.timestamp() for one in down.values_list("changed_at", flat=True) if one)
    brake = Brake(settings.BRAKE_PERCENT, settings.BRAKE_COUNT, settings.BRAKE_WINDOW)
    for moment in moments:
        brake.note(moment)
        brake.holds(moment, total)
    return brake.holds(now.timestamp(), total)
