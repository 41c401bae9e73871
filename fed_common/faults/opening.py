"""How a fault begins and how it is over: at most one of a host is open."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F

from fed_common.core import clock
from fed_common.faults.models import HostFault, HostState
from fed_common.faults.rpc import wake_inspectors
from fed_common.faults.turn import Turn
from fed_common.inventory.models import Vim
from fed_common.topics.database import writing

State = HostFault.State
TIMEOUT = 10.0
ACTIONABLE = "CRITICAL"


@dataclass(frozen=True)
class Said:
    """What a reporter said of a host that failed; ``seen_at`` is None: now."""

    source: str
    cause: str = ""
    seen_at: datetime | None = None
    severity: str = ACTIONABLE
    fenced: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe copy."""
        return {**asdict(self), "seen_at": clock.iso(self.seen_at) if self.seen_at else None}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Said:
        """The inverse of ``to_dict``."""
        return cls(**{**plain, "seen_at": clock.parse(plain["seen_at"])})


def open_fault(vim: Vim, host: str, said: Said) -> HostFault:
    """A new fault, in the transaction of the caller; suppressed in maintenance. The inspectors are woken."""
    now = clock.now()
    seen_at = min(said.seen_at or now, now)  # a clock that is ahead of ours
    quiet = in_maintenance(vim, host)
    earlier = HostFault.objects.filter(vim=vim, host=host, marked_down=True)
    still_marked = bool(
        earlier.update(marked_down=False)
    )  # the cloud refused to take ours back: it is this one's now
    fault = HostFault.objects.create(
        vim=vim,
        host=host,
        state=State.SUPPRESSED if quiet else State.REPORTED,
        source=said.source,
        cause=said.cause,
        severity=said.severity,
        fenced=said.fenced,
        details=said.details,
        marked_down=still_marked,
        stages={"T00": clock.iso(seen_at), "T01": clock.iso(seen_at)},
        occurred_at=seen_at,
        reported_at=now,
    )
    if not quiet:
        wake_inspectors()
    return fault


def repeat(fault: HostFault, said: Said) -> None:
    """One more report of an open fault: counted. What was suppressed is acted on once maintenance is over.

    Of a fault that is being taken back it is kept: when that is done it is a new fault.
    """
    changes: dict[str, Any] = {"reports": F("reports") + 1}
    if said.fenced:
        changes["fenced"] = True
    if fault.state == State.CLEARING:
        changes["next_report"] = said.to_dict()
    elif fault.state == State.SUPPRESSED and not in_maintenance(fault.vim, fault.host):
        seen_at = clock.iso(min(said.seen_at or clock.now(), clock.now()))
        changes |= {"state": State.REPORTED, "stages": {"T00": seen_at, "T01": seen_at}}
        wake_inspectors()
    HostFault.objects.filter(pk=fault.pk).update(**changes)


def close(turn: Turn, reason: str) -> None:
    """It is over. A report that came meanwhile is a new fault. Raises Retryable."""
    with writing(TIMEOUT):
        row = HostFault.objects.select_for_update().filter(pk=turn.fault.pk, state=State.CLEARING).first()
        if row is None or row.owner != turn.fault.owner:
            return
        turn.end(State.CLEARED, reason=reason, cleared_at=clock.now(), next_report=None, owner="", expires_at=None)
        if row.next_report:
            open_fault(turn.fault.vim, row.host, Said.from_dict(row.next_report))


def in_maintenance(vim: Vim, host: str) -> bool:
    """Whether nothing is to be done by itself to this host, or to anything of its VIM."""
    return vim.maintenance or HostState.objects.filter(vim=vim, host=host, maintenance=True).exists()
