"""What is raised and cleared without any rule: one table, listed in docs/specs/alarm-table.md. Pure.

=============  ==========================  ===================================  =========  ===================
problem        raised by                   cleared by                           severity   category
=============  ==========================  ===================================  =========  ===================
host_down      HOST_DOWN                   HOST_UP                              CRITICAL   EQUIPMENT_ALARM
instance_error state error                 any other state, or it is deleted    MAJOR      PROCESSING_ERROR_…
watchdog       WATCHDOG, fired             WATCHDOG, cleared; it is deleted     MAJOR      PROCESSING_ERROR_…
vim_away       VIM_STATUS UNREACHABLE      VIM_STATUS REACHABLE                 CRITICAL   COMMUNICATIONS_ALARM
vnf_failed     VNF_STATUS ERROR, DEAD      VNF_STATUS ACTIVE; it is deleted     MAJOR/CR.  PROCESSING_ERROR_…
vdu_down:…     VDU_STATUS DOWN             VDU_STATUS UP; its VNF is deleted    MAJOR      QOS_ALARM
=============  ==========================  ===================================  =========  ===================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fed_common.alarms.table.changes import Clear, Raise
from fed_common.core.alarm import EventCategory, ManagedObject, ObjectType, Severity
from fed_common.core.differences import DELETED, UNKNOWN
from fed_common.core.health import Health
from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Event
from fed_common.core.vnf import VnfStatus

ERROR, UNREACHABLE, REACHABLE = "error", "UNREACHABLE", "REACHABLE"
CAUSE = 120


@dataclass(frozen=True, slots=True)
class Trouble:
    """One line of the catalogue."""

    problem: str
    name: str
    severity: Severity
    category: EventCategory
    probable_cause: str


HOST_DOWN = Trouble("host_down", "Host down", Severity.CRITICAL, EventCategory.EQUIPMENT, "equipmentMalfunction")
INSTANCE_ERROR = Trouble(
    "instance_error",
    "Instance in error",
    Severity.MAJOR,
    EventCategory.PROCESSING_ERROR,
    "underlyingResourceUnavailable",
)
WATCHDOG = Trouble(
    "watchdog", "Guest watchdog fired", Severity.MAJOR, EventCategory.PROCESSING_ERROR, "watchdogExpired"
)
VIM_AWAY = Trouble(
    "vim_away",
    "VIM unreachable",
    Severity.CRITICAL,
    EventCategory.COMMUNICATIONS,
    "communicationsSubsystemFailure",
)
VNF_FAILED = Trouble(
    "vnf_failed",
    "VNF failed",
    Severity.MAJOR,
    EventCategory.PROCESSING_ERROR,
    "applicationSubsystemFailure",
)
VDU_DOWN = Trouble(
    "vdu_down", "VDU does not answer", Severity.MAJOR, EventCategory.QOS, "underlyingResourceUnavailable"
)
TROUBLES = (HOST_DOWN, INSTANCE_ERROR, WATCHDOG, VIM_AWAY, VNF_FAILED, VDU_DOWN)


@dataclass(frozen=True, slots=True)
class Sign:
    """That something is fine, as most events are signs of: worth a look whether it was not.

    ``gone``  there is no such object any more, so that every trouble of it is over.
    """

    clear: Clear
    gone: bool = False


Finding = Raise | Clear | Sign


def findings_of(event: Event) -> Sequence[Finding]:
    """What an event means for the table, usually little. Who opted out of being watched has no troubles."""
    found = _READERS.get(event.kind, _instance)(event)
    if event.traits.get(OPT_OUT) == "disabled":
        return [one for one in found if not isinstance(one, Raise)]
    return found


def _host(event: Event) -> Sequence[Finding]:
    about = ManagedObject(event.vim_id, ObjectType.HOST, event.host, event.host, host=event.host)
    if not event.host:
        return ()
    return (_raise(event, about, HOST_DOWN) if event.kind is Kind.HOST_DOWN else _clear(event, about, HOST_DOWN),)


def _instance(event: Event) -> Sequence[Finding]:
    """An error is over when the cloud says another state; that it was in error makes it certain."""
    if not event.instance_id or event.state in ("", UNKNOWN):
        return ()
    about = _instance_of(event)
    if event.state == DELETED or (event.kind is Kind.DELETE and event.phase is Phase.END):
        return (Sign(_clear(event, about, INSTANCE_ERROR), gone=True),)
    if event.state == ERROR:
        return (_raise(event, about, INSTANCE_ERROR),)
    clear = _clear(event, about, INSTANCE_ERROR)
    return (clear if event.old_state == ERROR else Sign(clear),)


def _watchdog(event: Event) -> Sequence[Finding]:
    about = _instance_of(event)
    if event.traits.get("watchdog") == "cleared":
        return (_clear(event, about, WATCHDOG),)
    return (_raise(event, about, WATCHDOG, action=event.traits.get("action", "")),)


def _vim(event: Event) -> Sequence[Finding]:
    about = ManagedObject(event.vim_id, ObjectType.VIM, event.vim_id, str(event.traits.get("vim_name", "")))
    if event.state == UNREACHABLE:
        return (_raise(event, about, VIM_AWAY),)
    return (_clear(event, about, VIM_AWAY),) if event.state == REACHABLE else ()


def _vnf(event: Event) -> Sequence[Finding]:
    about = _vnf_of(event)
    if event.state in (VnfStatus.ERROR, VnfStatus.DEAD):
        severity = Severity.CRITICAL if event.state == VnfStatus.DEAD else VNF_FAILED.severity
        return (_raise(event, about, VNF_FAILED, severity=severity),)
    if event.state == VnfStatus.PENDING_DELETE:
        return (Sign(_clear(event, about, VNF_FAILED), gone=True),)
    return (_clear(event, about, VNF_FAILED),) if event.state == VnfStatus.ACTIVE else ()


def _vdu(event: Event) -> Sequence[Finding]:
    """Of a VNF's member, whose instance changes when it is replaced: so it is the VNF that has the trouble."""
    about, member = _vnf_of(event), f":{event.traits.get('vdu', '')}:{event.traits.get('member', '')}"
    if event.state == Health.DOWN:
        return (_raise(event, about, VDU_DOWN, member, instance_id=event.instance_id),)
    return (_clear(event, about, VDU_DOWN, member),) if event.state == Health.UP else ()


_READERS: dict[Kind, Callable[[Event], Sequence[Finding]]] = {
    Kind.HOST_DOWN: _host,
    Kind.HOST_UP: _host,
    Kind.HOST_DISABLED: lambda _event: (),
    Kind.WATCHDOG: _watchdog,
    Kind.VIM_STATUS: _vim,
    Kind.VNF_STATUS: _vnf,
    Kind.VDU_STATUS: _vdu,
}


def _instance_of(event: Event) -> ManagedObject:
    return ManagedObject(
        event.vim_id, ObjectType.INSTANCE, event.instance_id, event.instance_name, event.tenant_id, event.host
    )


def _vnf_of(event: Event) -> ManagedObject:
    id, name = str(event.traits.get("vnf_id", "")), str(event.traits.get("vnf_name", ""))
    return ManagedObject(event.vim_id, ObjectType.VNF, id, name, event.tenant_id)


def _raise(
    event: Event,
    about: ManagedObject,
    trouble: Trouble,
    part: str = "",
    *,
    severity: Severity | None = None,
    **details: Any,
) -> Raise:
    said = {**details, "reason": event.traits.get("reason", ""), "event_id": event.id}
    return Raise(
        about=about,
        problem=trouble.problem + part,
        name=f"{trouble.name}: {about.name or about.id}{part}",
        severity=severity or trouble.severity,
        event_time=event.occurred_at,
        cause=_cause(event, trouble),
        category=trouble.category,
        probable_cause=trouble.probable_cause,
        details={name: value for name, value in said.items() if value},
        fault_id=_fault(event),
    )


def _clear(event: Event, about: ManagedObject, trouble: Trouble, part: str = "") -> Clear:
    return Clear(trouble.problem + part, event.occurred_at, _cause(event, trouble), about)


def _cause(event: Event, trouble: Trouble) -> str:
    return f"{trouble.problem}:{event.id}"[:CAUSE]


def _fault(event: Event) -> UUID | None:
    try:
        return UUID(str(event.traits["fault_id"]))
    except (KeyError, ValueError):
        return None
