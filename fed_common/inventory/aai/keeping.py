"""What A&AI said of a VIM, as a row: it survives restarts, and every process sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from django.db import IntegrityError
from rest_framework.exceptions import ValidationError

from fed_common.access.sealing import seal
from fed_common.core import clock
from fed_common.core import model as core
from fed_common.core.errors import Conflict, Invalid, Permanent
from fed_common.core.matching import parse_filter
from fed_common.inventory.aai.mapping import TRANSPORT, Told
from fed_common.inventory.endpoints import checked_ca, checked_url
from fed_common.inventory.followers import followers
from fed_common.inventory.models import Revision, Vim
from fed_common.inventory.serializers import TransportSerializer
from fed_common.inventory.transports import put_transport
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import writing

TIMEOUT = 10.0

log = get_logger(__name__)


class Outcome(StrEnum):
    """What became of one VIM that was imported."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


def keep(told: Told) -> tuple[Vim, Outcome]:
    """Make or change the row; one that was registered here stays as it is.

    Only what A&AI tells is set: the filter, the polling and, unless A&AI names one, the transport are ours.
    Raises Conflict: another VIM has this text or name. Retryable: no database.
    """
    try:
        return _kept(told)
    except IntegrityError:  # another process was faster, unless it is the name
        pass
    try:
        return _kept(told)
    except IntegrityError:
        raise Conflict("VIM", str(told.vim.id)) from None


def forget(vim_id: core.VimId) -> None:
    """Remove the row that A&AI told of, if there is one. Raises Retryable; Conflict: it is in use."""
    with writing(TIMEOUT):
        ours = Vim.objects.select_for_update().filter(source=Vim.Source.AAI)
        row = ours.filter(cloud_owner=vim_id.owner, region=vim_id.region).first()
        if row is None:
            return
        for follower in followers():
            follower.vim_removing(row)
        row.delete()
        Revision.raise_it()
    log.warning("A&AI has this VIM no longer: it is removed here", vim=str(vim_id))


def in_clear(row: Vim) -> core.Vim | None:
    """As plugins see it; ``None``: its secrets were sealed with another key."""
    try:
        return row.to_core()
    except Permanent:
        return None


def _kept(told: Told) -> tuple[Vim, Outcome]:
    vim_id = told.vim.id
    with writing(TIMEOUT):
        row = Vim.objects.select_for_update().filter(full_id=str(vim_id)).first()
        outcome = Outcome.UPDATED if row else Outcome.CREATED
        row = row or _new(vim_id)
        if row.vim_id != vim_id:
            raise Conflict("VIM", str(vim_id))
        if row.source != Vim.Source.AAI:
            return row, Outcome.UNCHANGED
        before = in_clear(row) if row.pk else None
        _put(row, told)
        if before == row.to_core():
            Vim.objects.filter(pk=row.pk).update(read_at=row.read_at)
            return row, Outcome.UNCHANGED
        row.status, row.status_reason, row.status_at = Vim.Status.PENDING, "", None
        row.save()
        for follower in followers():
            follower.vim_saved(row)
        Revision.raise_it()
    return row, outcome


def _new(vim_id: core.VimId) -> Vim:
    return Vim(
        cloud_owner=vim_id.owner,
        region=vim_id.region,
        source=Vim.Source.AAI,
        filter=parse_filter({}).to_dict(),
    )


def _put(row: Vim, told: Told) -> None:
    vim = told.vim
    row.type, row.version = vim.type, vim.version
    row.projects, row.region_name = list(vim.projects), vim.region_name
    row.auth_url = _usable(row, checked_url, vim.auth_url)
    row.tls_verify, row.tls_ca = vim.tls.verify, _usable(row, checked_ca, vim.tls.ca)
    row.sealed_credentials = seal(json.dumps(asdict(vim.credentials))) if vim.credentials else ""
    row.read_at = clock.now()
    if told.transport is not None:
        _put_transport(row, told.transport)


def _usable(row: Vim, checked: Callable[[str], str], value: str) -> str:
    """The value, or nothing of one that cannot be used: the VIM may serve otherwise."""
    try:
        return checked(value)
    except Invalid as error:
        log.warning("what A&AI says of a VIM cannot be used", vim=str(row.vim_id), reason=str(error))
        return ""


def _put_transport(row: Vim, transport: Mapping[str, Any]) -> None:
    try:
        sent = TransportSerializer(data=transport)
        sent.is_valid(raise_exception=True)
        put_transport(row, sent.validated_data)
    except (ValidationError, Invalid) as error:
        fields = [error.field] if isinstance(error, Invalid) else [str(name) for name in error.detail]
        log.warning(f"{TRANSPORT} of A&AI cannot be used", vim=str(row.vim_id), fields=fields)
