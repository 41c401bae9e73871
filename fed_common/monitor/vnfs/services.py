"""What callers want of VNFs, as rows: conductors do it, and change the status, soon after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError

from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.core.states import VNF, transition
from fed_common.core.vnf import EventType, OperationKind, Vnfd
from fed_common.inventory.models import Vim
from fed_common.inventory.services import find_vim
from fed_common.monitor.models import UNFINISHED, Operation, Vnf
from fed_common.monitor.rpc import conductor
from fed_common.monitor.vnfd.keeping import to_plain, vnfd_of
from fed_common.monitor.vnfs.alarm_urls import mint
from fed_common.monitor.vnfs.members import Adopted, check_adopted, make_members, vdu_of
from fed_common.monitor.vnfs.scales import check_scale, scaling_named
from fed_common.monitor.vnfs.statuses import note_vnf
from fed_common.topics.casting import after_commit
from fed_common.topics.database import writing

TIMEOUT = 10.0
CHANGEABLE = ("name", "description", "tenant_id", "maintenance")
CHANGING = frozenset(OperationKind) - {OperationKind.LOG, OperationKind.WEBHOOK}


def create_vnf(
    *,
    name: str,
    vim: Vim | str,
    vnfd: Vnfd,
    description: str = "",
    tenant_id: str = "",
    adopt: Adopted | None = None,
) -> Vnf:
    """Have a VNF made in a VIM, given as its row or its id. ``adopt`` holds the instances of VDUs that exist.

    Raises Invalid: an adopted VDU without address, or what ``adopt`` must not hold; NotFound: no such VIM;
    Conflict: the name is taken; Retryable.
    """
    check_adopted(vnfd, adopt or {})
    vim = vim if isinstance(vim, Vim) else find_vim(vim)
    vnf = Vnf(name=name, description=description, tenant_id=tenant_id, vim=vim, vnfd=to_plain(vnfd))
    try:
        with writing(TIMEOUT):
            vnf.save(force_insert=True)
            make_members(vnf, vnfd, adopt or {})
            note_vnf(vnf, EventType.CREATE, "VNF creation initiated", old_state="")
            mint(vnf, vnfd)
            _ask(vnf, OperationKind.CREATE)
    except IntegrityError:
        if Vnf.objects.filter(name=name).exists():
            raise Conflict("VNF", name) from None
        raise NotFound("VIM", str(vim.vim_id)) from None
    return vnf


def delete_vnf(vnf: Vnf) -> Operation:
    """Have it and what was booted for it removed; adopted instances stay. Asking again gives the same answer.

    Raises Conflict: it is not in a state for that; NotFound; Retryable.
    """
    with writing(TIMEOUT):
        vnf = _locked(vnf)
        deleting = vnf.operations.filter(kind=OperationKind.DELETE, state__in=UNFINISHED).first()
        if deleting:
            return deleting
        transition(VNF, vnf.status, OperationKind.DELETE)
        return _ask(vnf, OperationKind.DELETE)


def scale_vnf(vnf: Vnf, name: str, *, out: bool) -> Operation:
    """Scale the VDUs of a scaling policy, or of the one that scales the VDU of that name, by one increment.

    Raises Invalid: no such policy or VDU, or there would be more or fewer instances than the policy allows;
    Conflict: it is not in a state for that; NotFound; Retryable.
    """
    with writing(TIMEOUT):
        vnf = _locked(vnf)
        scaling = scaling_named(vnfd_of(vnf), name)
        check_scale(vnf, scaling, out=out)
        kind = OperationKind.SCALE_OUT if out else OperationKind.SCALE_IN
        return _ask_free(vnf, kind, {"policy": scaling.name})


def heal_vnf(vnf: Vnf, vdu: str) -> Operation:
    """Replace the members of a VDU that are down; all of them when none is.

    Raises Invalid: no such VDU; Conflict: it is not in a state for that; NotFound; Retryable.
    """
    with writing(TIMEOUT):
        vnf = _locked(vnf)
        vdu_of(vnfd_of(vnf), vdu)
        return _ask_free(vnf, OperationKind.HEAL, {"vdu": vdu})


def respawn_vnf(vnf: Vnf) -> Operation:
    """Boot all its members anew. Raises Conflict: it is not in a state for that; NotFound; Retryable."""
    with writing(TIMEOUT):
        return _ask_free(_locked(vnf), OperationKind.RESPAWN)


def change_vnf(vnf: Vnf, changes: Mapping[str, Any]) -> Vnf:
    """Change what is CHANGEABLE; its members and their monitoring stay as they are.

    Raises Invalid: something else; Conflict: the name is taken; NotFound; Retryable.
    """
    for name in changes:
        if name not in CHANGEABLE:
            raise Invalid(name, changes[name], CHANGEABLE)
    try:
        with writing(TIMEOUT):
            vnf = _locked(vnf)
            for name, value in changes.items():
                setattr(vnf, name, value)
            vnf.save(update_fields=[*changes, "updated_at"])
            note_vnf(vnf, EventType.UPDATE, f"changed: {', '.join(changes) or 'nothing'}")
    except IntegrityError:
        raise Conflict("VNF", changes["name"]) from None
    return vnf


def _locked(vnf: Vnf) -> Vnf:
    found = Vnf.objects.select_for_update(of=("self",)).select_related("vim").filter(pk=vnf.pk).first()
    if found is None:
        raise NotFound("VNF", str(vnf.pk))
    return found


def _ask_free(vnf: Vnf, kind: OperationKind, parameters: Mapping[str, Any] | None = None) -> Operation:
    """Ask for it, unless something else that changes the VNF was asked for and has not ended."""
    transition(VNF, vnf.status, kind)
    unfinished = vnf.operations.filter(state__in=UNFINISHED, kind__in=CHANGING).first()
    if unfinished:
        raise Conflict("VNF", vnf.name, f"is to be changed already: {unfinished.kind}")
    return _ask(vnf, kind, parameters)


def _ask(vnf: Vnf, kind: OperationKind, parameters: Mapping[str, Any] | None = None) -> Operation:
    after_commit(lambda: conductor().wake())
    return Operation.objects.create(vnf=vnf, kind=kind, parameters=dict(parameters or {}))
