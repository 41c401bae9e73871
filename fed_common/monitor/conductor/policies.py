"""Tacker's own form of asking for a policy's actions: one call for one VNF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from fed_common.core.vnf import DESTRUCTIVE, VnfStatus
from fed_common.monitor.conductor.answering import operations_of
from fed_common.monitor.conductor.holding import MAINTENANCE, in_maintenance
from fed_common.monitor.conductor.judging import TIMEOUT
from fed_common.monitor.conductor.words import is_text, read_uuid
from fed_common.monitor.models import OPEN, Operation, Vnf, Workflow
from fed_common.topics.database import writing

RULE = "execute_policy_action"


@dataclass(frozen=True, slots=True)
class Asked:
    """About which VNF, and which VDU of it; with the same ``key`` the same is done once."""

    vnf: UUID
    vdu: str = ""
    key: str = ""


def read_asked(vnf: object) -> Asked | None:
    """Of Tacker's ``vnf`` argument, with our ``key``; ``None``: it cannot be understood."""
    plain = vnf if isinstance(vnf, dict) else {}
    id, vdu, key = read_uuid(plain.get("id")), plain.get("vdu_name") or "", plain.get("key") or ""
    return Asked(id, vdu, key) if id and is_text(vdu) and is_text(key) else None


def read_actions(actions: object) -> list[str]:
    """A name, several with ``%`` between them as in Tacker's alarm URLs, or a list of names."""
    if isinstance(actions, str):
        return actions.split("%")
    return [one for one in actions if isinstance(one, str)] if isinstance(actions, list) else []


def ask_for(
    asked: Asked, returned: str, actions: Sequence[str], action_id: UUID, wake: Callable[[], None]
) -> bool:
    """Have these actions done, since a monitor returned that; False: the monitor action is not the VNF's.

    Without a key, what was asked for and is not done yet is not asked for again. Nothing is done about a VNF that
    changes. Raises Retryable: no database.
    """
    with writing(TIMEOUT):
        vnf = Vnf.objects.select_for_update(no_key=True).filter(pk=asked.vnf).first()
        wanted = Workflow.objects.filter(vnf=asked.vnf, action_id=action_id, killed_at=None)
        if vnf is None or not wanted.exists():
            return False
        operations = _operations(vnf, asked, returned, actions)
        for one in operations:
            one.action_id = action_id
            if one.kind in DESTRUCTIVE and in_maintenance(vnf):
                one.state, one.reason = Operation.State.HELD, MAINTENANCE
        Operation.objects.bulk_create(operations)
    if operations:
        wake()
    return True


def _operations(vnf: Vnf, asked: Asked, returned: str, actions: Sequence[str]) -> list[Operation]:
    if vnf.status != VnfStatus.ACTIVE:
        return []
    about = {"cause": returned, "rule": RULE, "vdu": asked.vdu, "key": asked.key}
    before = vnf.operations.filter(parameters__rule=RULE, parameters__vdu=asked.vdu)
    before = before.filter(parameters__key=asked.key) if asked.key else before.filter(state__in=OPEN)
    known = set(before.values_list("kind", flat=True))
    return [one for one in operations_of(actions, vnf, about) if one.kind not in known]
