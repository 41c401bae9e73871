"""Reads what Doctor's monitors send: the array of the sample monitor, and every other form there is. Pure.

Source: opnfv/doctor, doctor_tests/monitor and docs/development/requirements/05-implementation.rst.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fed_common.core import clock
from fed_common.core.alarm import Severity
from fed_common.core.errors import Invalid

DOWN, UP, MAINTENANCE = "compute.host.down", "compute.host.up", "maintenance.host"
BEGUN, OVER = "IN_MAINTENANCE", "MAINTENANCE_COMPLETE"
FORMS = 'a list of events, {"event": {…}}, {"events": […]} or one event'
NAME_MAX, CAUSE_MAX, SOURCE_MAX = 255, 255, 100
_SEVERITIES = {one.value for one in Severity if one is not Severity.CLEARED}


@dataclass(frozen=True, slots=True)
class HostWord:
    """What one event says of a host: that it is ``down``, ``up``, or in ``maintenance`` or ``out`` of it."""

    host: str
    says: str
    vim_id: str = ""
    source: str = "doctor"
    cause: str = ""
    severity: str = Severity.CRITICAL.value
    seen_at: datetime | None = None
    details: dict[str, Any] = field(default_factory=dict)


def read_body(body: object) -> list[object]:
    """The events in it, whatever they are. Raises Invalid: it is none of the forms."""
    if isinstance(body, list):
        return list(body)
    if isinstance(body, Mapping):
        if isinstance(body.get("events"), list):
            return list(body["events"])
        if isinstance(body.get("event"), Mapping):
            return [body["event"]]
        if "type" in body:
            return [body]
    raise Invalid("body", body if isinstance(body, str) else type(body).__name__, FORMS)


def read_event(event: object) -> HostWord | None:
    """What it says of a host; ``None``: it is of another type. Raises Invalid naming what is wrong with it."""
    if not isinstance(event, Mapping) or not isinstance(event.get("type"), str):
        raise Invalid("type", None, "an event with a type")
    if event["type"] not in (DOWN, UP, MAINTENANCE):
        return None
    details = event.get("details", event.get("payload"))
    if not isinstance(details, Mapping):
        raise Invalid("details", details, "an object")
    host = _text(details, "hostname") or _text(details, "host")
    if not 0 < len(host) <= NAME_MAX:
        raise Invalid("details.hostname", host[:NAME_MAX], f"a name of at most {NAME_MAX} letters")
    severity = _text(details, "severity").upper()
    return HostWord(
        host=host,
        says=_says(event["type"], details),
        vim_id=_text(details, "vim_id"),
        source=(_text(details, "source") or _text(details, "monitor") or "doctor")[:SOURCE_MAX],
        cause=(_text(details, "cause") or event["type"])[:CAUSE_MAX],
        severity=severity if severity in _SEVERITIES else Severity.CRITICAL.value,
        seen_at=clock.parse(event.get("time")),
        details={str(name): value for name, value in details.items()},
    )


def _says(type: str, details: Mapping[str, Any]) -> str:
    if type == MAINTENANCE:
        state = _text(details, "state")
        if state not in (BEGUN, OVER):
            raise Invalid("details.state", state, (BEGUN, OVER))
        return "maintenance" if state == BEGUN else "out"
    default = "up" if type == UP else "down"
    status = _text(details, "status") or default
    if status not in ("up", "down"):
        raise Invalid("details.status", status, ("down", "up"))
    return status


def _text(details: Mapping[str, Any], name: str) -> str:
    value = details.get(name)
    return value if isinstance(value, str) else ""
