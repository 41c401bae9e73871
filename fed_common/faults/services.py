"""What is said of hosts: that one failed, that it is back, that people work on it. Told twice is told once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError

from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.core.model import VimId
from fed_common.faults.finding import require_host, vims_with
from fed_common.faults.models import HostFault, HostState
from fed_common.faults.opening import ACTIONABLE, Said, open_fault, repeat
from fed_common.faults.rpc import wake_inspectors
from fed_common.interfaces.detector import HostReport
from fed_common.inventory.directory import UnknownVim
from fed_common.inventory.models import Vim
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing

State = HostFault.State
TIMEOUT = 10.0
NAME_MAX = 255

log = get_logger(__name__)


def report_host(
    vim_id: str,
    host: str,
    *,
    source: str,
    cause: str = "",
    seen_at: datetime | None = None,
    severity: str = ACTIONABLE,
    fenced: bool = False,
    details: dict[str, Any] | None = None,
) -> HostFault:
    """The host failed: its open fault, a new one or the one there is, which counts the report.

    Returns once it is stored; inspectors act on it at once. In maintenance it is stored and nothing is done.
    Raises NotFound: no such VIM or host; Invalid; Retryable: no database.
    """
    said = Said(source, cause, seen_at, severity, fenced, details or {})
    with reachable():
        vim = _vim(vim_id, host)
        try:
            fault = _reported(vim, host, said)
        except IntegrityError:  # somebody else reported it a moment before
            fault = _reported(vim, host, said)
    metrics.HOST_REPORTS.labels(vim.full_id, fault.state).inc()
    log.warning("a host failed", vim=vim_id, host=host, source=source, cause=cause, fault=str(fault.pk))
    return fault


def clear_host(vim_id: str, host: str, *, source: str = "") -> HostFault:
    """The host is back: what was changed for its fault is taken back. Safe to call twice.

    Of a host whose fault is over, but for a cloud that still holds it for down, that is tried again.
    Raises NotFound: no such VIM, or no such fault; Retryable: no database.
    """
    vim = _vim(vim_id, "")
    with writing(TIMEOUT):
        fault = _open(vim, host) or _unmarked(vim, host)
        if fault is None:
            raise NotFound("open fault of the host", host)
        if fault.state == State.SUPPRESSED:
            fault.state = State.CLEARED
            HostFault.objects.filter(pk=fault.pk).update(state=State.CLEARED, next_report=None)
        else:
            fault.state = State.CLEARING
            HostFault.objects.filter(pk=fault.pk).update(state=State.CLEARING, next_report=None)
            wake_inspectors()
    log.warning("a host is back", vim=vim_id, host=host, source=source, fault=str(fault.pk))
    return fault


def report(said: HostReport) -> None:
    """What a detector says; of a host that nobody knows, or that had no fault, it is lost. Raises Retryable."""
    try:
        if said.down:
            report_host(
                said.vim_id,
                said.host,
                source=said.source,
                cause=said.cause,
                seen_at=said.seen_at,
                details=said.details,
            )
        else:
            clear_host(said.vim_id, said.host, source=said.source)
    except NotFound as error:
        log.info("a detector's report leads to nothing", source=said.source, reason=str(error))


def set_maintenance(vim_id: str, host: str, *, on: bool, by: str = "") -> HostState:
    """Whether people work on the host. A fault that is suppressed stays so until it is reported again, or cleared.

    Raises NotFound: no such VIM or host; Invalid; Retryable.
    """
    vim = _vim(vim_id, host)
    with writing(TIMEOUT):
        require_host(vim, host)
        row, _ = HostState.objects.update_or_create(vim=vim, host=host, defaults={"maintenance": on, "by": by})
    log.warning("the maintenance of a host changed", vim=vim_id, host=host, maintenance=on, by=by)
    return row


def vim_of(host: str, vim_id: str = "") -> str:
    """The VIM that is named, or the only one that knows the host. Raises NotFound; Conflict naming them."""
    if vim_id:
        return vim_id
    with reachable():
        found = [vim.full_id for vim in vims_with(host)]
    if not found:
        raise NotFound("host", host)
    if len(found) > 1:
        raise Conflict("host", host, f"is in several VIMs, name one in details.vim_id: {', '.join(found)}")
    return found[0]


def latest_fault(vim_id: str, host: str) -> HostFault:
    """The open fault of the host, or the last one there was. Raises NotFound, Retryable."""
    vim = _vim(vim_id, "")
    with reachable():
        faults = HostFault.objects.filter(vim=vim, host=host).select_related("vim")
        found = faults.exclude(state=State.CLEARED).first() or faults.first()
    if found is None:
        raise NotFound("fault of the host", host)
    return found


def _vim(vim_id: str, host: str) -> Vim:
    if len(host) > NAME_MAX:
        raise Invalid("host", host[:NAME_MAX], f"a name of at most {NAME_MAX} letters")
    with reachable():
        vim = Vim.objects.filter(full_id=str(VimId.parse(vim_id))).first()
    if vim is None:
        raise UnknownVim(vim_id)
    return vim


def _reported(vim: Vim, host: str, said: Said) -> HostFault:
    with writing(TIMEOUT):
        fault = _open(vim, host)
        if fault is None:
            require_host(vim, host)
            return open_fault(vim, host, said)
        repeat(fault, said)
        fault.refresh_from_db()
        return fault


def _open(vim: Vim, host: str) -> HostFault | None:
    faults = HostFault.objects.select_for_update().filter(vim=vim, host=host)
    return faults.exclude(state=State.CLEARED).first()


def _unmarked(vim: Vim, host: str) -> HostFault | None:
    """A fault that is over, of which the cloud did not take back that the host is down."""
    return HostFault.objects.select_for_update().filter(vim=vim, host=host, marked_down=True).first()
