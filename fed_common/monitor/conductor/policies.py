"""Tacker's own form of asking for a policy's actions: one call for one VNF."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from fed_common.core.health import BAD_ACTION
from fed_common.core.vnf import DESTRUCTIVE, VnfStatus
from fed_common.monitor.conductor.answering import operations_of
from fed_common.monitor.conductor.holding import MAINTENANCE, in_maintenance
from fed_common.monitor.conductor.judging import TIMEOUT
from fed_common.monitor.models import Operation, Vnf, Workflow
from fed_common.topics.database import writing

RULE = "execute_policy_action"
_OPEN = (Operation.State.WAITING, Operation.State.HELD, Operation.State.RUNNING)


def execute_policy_action(
    vnf: Mapping[str, Any],
    returned: str,
    policy_actions: Mapping[str, Any],
    action_id: UUID,
    wake: Callable[[], None],
) -> str:
    """The monitor's return value passed in, or ``bad_action``: the action is not the VNF's. Raises Retryable.

    ``vnf`` has ``id``, and may have ``vdu_name`` and a ``key``: with the same key the same is done once. Without
    one, what is asked for again before it was done is done once. Nothing is done while the VNF changes.
    """
    with writing(TIMEOUT):
        row = Vnf.objects.select_for_update(no_key=True).filter(pk=vnf["id"]).first()
        wanted = Workflow.objects.filter(vnf=row, action_id=action_id, killed_at=None) if row else None
        if row is None or wanted is None or not wanted.exists():
            return BAD_ACTION
        asked = _asked(row, vnf, returned, policy_actions)
        for one in asked:
            one.action_id = action_id
            if one.kind in DESTRUCTIVE and in_maintenance(row):
                one.state, one.reason = Operation.State.HELD, MAINTENANCE
        Operation.objects.bulk_create(asked)
    if asked:
        wake()
    return returned


def _asked(row: Vnf, vnf: Mapping[str, Any], returned: str, policy_actions: Mapping[str, Any]) -> list[Operation]:
    if row.status != VnfStatus.ACTIVE:
        return []
    about = {"cause": returned, "rule": RULE}
    about |= {name: vnf[given] for name, given in (("vdu", "vdu_name"), ("key", "key")) if vnf.get(given)}
    before = row.operations.filter(parameters__rule=RULE)
    before = before.filter(parameters__key=vnf["key"]) if vnf.get("key") else before.filter(state__in=_OPEN)
    known = {(one.kind, one.parameters.get("vdu")) for one in before}
    wanted = operations_of(_names(policy_actions.get(returned)), row, about)
    return [one for one in wanted if (one.kind, one.parameters.get("vdu")) not in known]


def _names(actions: object) -> list[str]:
    """A name, several with ``%`` between them as in Tacker's alarm URLs, or a list of names."""
    if isinstance(actions, str):
        return actions.split("%")
    return [one for one in actions if isinstance(one, str)] if isinstance(actions, list) else []
