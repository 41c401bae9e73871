"""What a policy says is to be done about a failure, as operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from fed_common.core.errors import Invalid
from fed_common.core.health import Health
from fed_common.core.vnf import DESTRUCTIVE, VnfStatus
from fed_common.monitor.actions.known import known_actions
from fed_common.monitor.models import Operation, Target, Vnf, Vnfc
from fed_common.telemetry.logging import get_logger

FAILURE = "failure"
BRAKE = "brake: too many targets of its VIM failed at once"

log = get_logger(__name__)


def answers_to(target: Target, vnf: Vnf, member: Vnfc | None) -> list[Operation] | None:
    """The operations that answer its last failure, each once; ``None``: nothing is to be done now."""
    answered = target.health != Health.DOWN or target.failure_seq <= target.answered_seq
    if answered or target.flapping or vnf.status != VnfStatus.ACTIVE:
        return None
    about: dict[str, Any] = {"cause": FAILURE, "rule": target.rule, "detail": target.reason}
    if member:
        about |= {"vdu": member.vdu, "member": member.pk}
    operations = operations_of(target.actions.get(FAILURE, ()), vnf, about)
    for turn, one in enumerate(operations):
        one.action_id, one.turn = target.action_id, turn
        one.target, one.failure_seq = target.pk, target.failure_seq
    return operations


def hold_where_many(operations: Sequence[Operation]) -> None:
    """What would destroy in one VIM, by more failures in one batch than the brake lets pass, begins as HELD.

    The reconciler knows more soon; until then the runners have no thousands of operations to look at.
    """
    risky = [one for one in operations if one.kind in DESTRUCTIVE]
    in_vim = Counter(one.vnf.vim_id for one in risky)
    for one in risky:
        if in_vim[one.vnf.vim_id] > settings.BRAKE_COUNT:
            one.state, one.reason = Operation.State.HELD, BRAKE


def operations_of(actions: Sequence[str], vnf: Vnf, about: Mapping[str, Any]) -> list[Operation]:
    """One for each action of a policy: ``log``, ``scaling:SP1``, ``webhook:http://host/path``.

    Its name and what is behind the colon are among the parameters. One that there is no plugin of any more is
    left out, and logged.
    """
    return [one for action in actions if (one := _operation(action, vnf, about))]


def _operation(action: str, vnf: Vnf, about: Mapping[str, Any]) -> Operation | None:
    name, _, argument = action.partition(":")
    try:
        kind = known_actions().get(name).kind
    except Invalid as error:
        log.error("a policy action cannot be done", vnf=str(vnf.pk), reason=str(error))
        return None
    return Operation(vnf=vnf, kind=kind, parameters={**about, "action": name, "argument": argument})
