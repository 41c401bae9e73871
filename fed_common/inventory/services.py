"""Every change of the inventory is one of these verbs; listeners follow it within a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from fed_common.bus.check import check_transport
from fed_common.core.errors import Conflict, GatewayError, Invalid, NotFound
from fed_common.core.matching import parse_filter
from fed_common.core.model import VIM_ID_FORM, VimId
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.interfaces.registry import Registry
from fed_common.inventory.models import Revision, Vim
from fed_common.inventory.transports import put_transport
from fed_common.topics.database import writing

RESERVED_OWNERS = (
    "alarms", "check_vim_capacity", "dead-events", "events", "hosts", "instances", "poller", "schema", "subscriptions",
    "vim_types", "vims", "vnfs", "words",
)  # fmt: skip
TIMEOUT = 10.0
REACH_TIMEOUT = 5.0


def vim_types() -> list[str]:
    """The types of VIM there are plugins for."""
    registry: Registry[CloudPlugin] = Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)
    return registry.names()


def find_vim(vim_id: str) -> Vim:
    """The VIM of that id. Raises Invalid: malformed. NotFound."""
    return _row(VimId.parse(vim_id))


def register_vim(body: Mapping[str, Any]) -> Vim:
    """Make a VIM of ``VimSerializer``'s fields. Raises Invalid; Conflict; Retryable: no database."""
    vim_id = _new_id(body["cloud_owner"], body["cloud_region_id"])
    vim = Vim(cloud_owner=vim_id.owner, region=vim_id.region)
    _put(vim, {"type": "", "transport": None, **body})
    try:
        with writing(TIMEOUT):
            vim.save(force_insert=True)
            Revision.raise_it()
    except IntegrityError:
        raise Conflict("VIM", str(vim_id)) from None
    return vim


def change_vim(vim_id: str, changes: Mapping[str, Any]) -> Vim:
    """Change the fields given, those of the transport one by one. Raises as ``register_vim``; NotFound."""
    parsed = VimId.parse(vim_id)
    with writing(TIMEOUT):
        vim = _row(parsed, for_change=True)
        _put(vim, changes)
        vim.save()
        Revision.raise_it()
    return vim


def set_filter(vim_id: str, plain: object) -> dict[str, Any]:
    """Replace the VIM's filter; its full form. Raises Invalid, NotFound, Retryable."""
    return dict(change_vim(vim_id, {"filter": plain}).filter)


def remove_vim(vim_id: str) -> None:
    """Forget the VIM; its events stay. Raises Invalid, NotFound, Retryable."""
    parsed = VimId.parse(vim_id)
    with writing(TIMEOUT):
        _row(parsed, for_change=True).delete()
        Revision.raise_it()


def check_vim(vim_id: str) -> str:
    """Why the VIM's notifications cannot be reached now; "" when they can. Raises Invalid, NotFound."""
    vim = find_vim(vim_id).to_core()
    if vim.transport is None:
        return "the VIM has no transport"
    try:
        check_transport(vim.transport.url, REACH_TIMEOUT)
    except GatewayError as error:
        return str(error)
    return ""


def _row(vim_id: VimId, *, for_change: bool = False) -> Vim:
    rows = Vim.objects.select_for_update() if for_change else Vim.objects.all()
    row = rows.filter(full_id=str(vim_id)).first()
    if row is None:
        raise NotFound("VIM", str(vim_id))
    return row


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
    vim.type = fields.get("type", vim.type)
    vim.enabled = fields.get("enabled", vim.enabled)
    if "filter" in fields:
        vim.filter = parse_filter(fields["filter"]).to_dict()
    elif not vim.filter:
        vim.filter = parse_filter({}).to_dict()
    if "transport" in fields:
        put_transport(vim, fields["transport"])


def _keep_name(vim: Vim, fields: Mapping[str, Any]) -> None:
    for name, value in (("cloud_owner", vim.cloud_owner), ("cloud_region_id", vim.region)):
        if fields.get(name, value) != value:
            raise Invalid(name, fields[name], f"{value}: a VIM keeps its name")
