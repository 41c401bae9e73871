"""Every change of the inventory is one of these verbs; listeners follow it within a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError

from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.core.matching import parse_filter
from fed_common.core.model import VIM_ID_FORM, VimId
from fed_common.inventory.checks import Check, check, clouds
from fed_common.inventory.endpoints import put_endpoint
from fed_common.inventory.followers import followers
from fed_common.inventory.models import Revision, Vim
from fed_common.inventory.transports import put_transport
from fed_common.topics.database import writing

RESERVED_OWNERS = (
    "alarms", "check_vim_capacity", "dead-events", "events", "faults", "hosts", "instances", "meters",
    "poller", "receivers", "schema", "subscriptions", "vim_types", "vims", "vnfds", "vnfs", "words",
)  # fmt: skip
TIMEOUT = 10.0
_PLAIN = (
    *("type", "name", "description", "version", "projects", "region_name", "poll_interval", "enabled"),
    "maintenance",
    *("is_default", "tenant_id"),
)
_REACHED_BY = (
    *("type", "auth_url", "sealed_credentials", "projects", "region_name"),
    *("tls_verify", "tls_ca"),
)


def vim_types() -> list[str]:
    """The types of VIM there are plugins for."""
    return clouds().names()


def find_vim(vim_id: str) -> Vim:
    """The VIM of that id. Raises Invalid: malformed. NotFound."""
    return _row(VimId.parse(vim_id))


def register_vim(body: Mapping[str, Any]) -> Vim:
    """Make a VIM of ``VimSerializer``'s fields. Raises Invalid; Conflict; Retryable: no database."""
    vim = _new(body)
    _save(vim, new=True)
    return vim


def change_vim(vim_id: str, changes: Mapping[str, Any]) -> Vim:
    """Change the fields given; those of transport, credentials and TLS one by one.

    A VIM that is reached in another way now is PENDING until it is looked at. Raises as ``register_vim``;
    NotFound; Conflict: A&AI says how it is reached.
    """
    parsed = VimId.parse(vim_id)
    with writing(TIMEOUT):
        vim = _row(parsed, for_change=True)
        before = _reached_by(vim)
        _put(vim, changes)
        if _reached_by(vim) != before:
            _refuse_change_of_aai(vim)
            vim.status, vim.status_reason, vim.status_at = Vim.Status.PENDING, "", None
        _save(vim, new=False)
    return vim


def set_filter(vim_id: str, plain: object) -> dict[str, Any]:
    """Replace the VIM's filter; its full form. Raises Invalid, NotFound, Retryable."""
    return dict(change_vim(vim_id, {"filter": plain}).filter)


def remove_vim(vim_id: str) -> None:
    """Forget the VIM; its events stay. Raises Invalid, NotFound, Retryable; Conflict: it is in use."""
    parsed = VimId.parse(vim_id)
    with writing(TIMEOUT):
        vim = _row(parsed, for_change=True)
        for follower in followers():
            follower.vim_removing(vim)
        vim.delete()
        Revision.raise_it()


def check_vim(vim_id: str) -> Check:
    """Try to reach the VIM now. Raises Invalid; NotFound; Permanent: its secrets cannot be read."""
    return check(find_vim(vim_id).to_core())


def check_body(body: Mapping[str, Any]) -> Check:
    """The same for one that is not registered, with the fields of ``register_vim``. Raises Invalid."""
    return check(_new(body).to_core())


def _row(vim_id: VimId, *, for_change: bool = False) -> Vim:
    rows = Vim.objects.select_for_update() if for_change else Vim.objects.all()
    row = rows.filter(full_id=str(vim_id)).first()
    if row is None:
        raise NotFound("VIM", str(vim_id))
    return row


def _new(body: Mapping[str, Any]) -> Vim:
    vim_id = _new_id(body["cloud_owner"], body["cloud_region_id"])
    vim = Vim(cloud_owner=vim_id.owner, region=vim_id.region)
    _put(vim, {"type": "", "filter": {}, "transport": None, **body})
    return vim


def _new_id(owner: str, region: str) -> VimId:
    halves = {"cloud_owner": VimId(owner, "x"), "cloud_region_id": VimId("x", region)}
    for (name, half), value in zip(halves.items(), (owner, region), strict=True):
        if not half.sound:
            raise Invalid(name, value, VIM_ID_FORM)
    if owner in RESERVED_OWNERS:
        raise Invalid(
            "cloud_owner", owner, f"another word than {', '.join(RESERVED_OWNERS)}: paths begin with them"
        )
    return VimId(owner, region)


def _put(vim: Vim, fields: Mapping[str, Any]) -> None:
    if "type" in fields and fields["type"] not in vim_types():
        raise Invalid("type", fields["type"], vim_types())
    _keep_name(vim, fields)
    for name in _PLAIN:
        setattr(vim, name, fields.get(name, getattr(vim, name)))
    put_endpoint(vim, fields)
    if "filter" in fields:
        vim.filter = parse_filter(fields["filter"]).to_dict()
    if "transport" in fields:
        put_transport(vim, fields["transport"])


def _keep_name(vim: Vim, fields: Mapping[str, Any]) -> None:
    for name, value in (("cloud_owner", vim.cloud_owner), ("cloud_region_id", vim.region)):
        if fields.get(name, value) != value:
            raise Invalid(name, fields[name], f"{value}: a VIM keeps its name")


def _reached_by(vim: Vim) -> tuple[Any, ...]:
    return tuple(getattr(vim, name) for name in _REACHED_BY)


def _refuse_change_of_aai(vim: Vim) -> None:
    if vim.source == Vim.Source.AAI:
        said = "is A&AI's: type, address, credentials, projects and TLS are changed there"
        raise Conflict("VIM", vim.full_id, said)


def _save(vim: Vim, *, new: bool) -> None:
    try:
        with writing(TIMEOUT):
            _refuse_taken(vim)
            vim.save(force_insert=new)
            for follower in followers():
                follower.vim_saved(vim)
            Revision.raise_it()
    except IntegrityError:  # somebody else was faster
        raise Conflict("VIM", str(vim.vim_id)) from None


def _refuse_taken(vim: Vim) -> None:
    others = Vim.objects.exclude(pk=vim.pk)
    if vim.name and others.filter(name=vim.name).exists():
        raise Conflict("VIM of the name", vim.name)
    if others.filter(full_id=str(vim.vim_id)).exists():
        raise Conflict("VIM", str(vim.vim_id))
    default = others.filter(is_default=True).first() if vim.is_default else None
    if default:
        raise Conflict("default VIM", default.name)
