"""What comes over the bus, read: anybody may put words there, so nothing of them is believed to be sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fed_common.core.health import BAD_ACTION, Report
from fed_common.core.model import Event
from fed_common.telemetry.logging import get_logger

MOST = 10_000
LONGEST, LONGEST_RULE = 1000, 50
LARGEST = 2**63 - 1

log = get_logger(__name__)


def refused(method: str, **given: object) -> str:
    """``bad_action``, for words that make no sense; it is logged."""
    log.warning("a call is refused", method=method, given={name: repr(one)[:100] for name, one in given.items()})
    return BAD_ACTION


def is_text(value: object, longest: int = LONGEST) -> bool:
    """Whether it is a text the database takes."""
    return isinstance(value, str) and "\0" not in value and len(value) <= longest


def read_list(value: object) -> list[Any]:
    """The list, at most so long; an empty one when it is none."""
    return value[:MOST] if isinstance(value, list) else []


def read_uuid(value: object) -> UUID | None:
    """The UUID of a text; ``None``: it is none."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def read_report(plain: Mapping[str, Any]) -> Report | None:
    """``None``: it is no report, which is logged."""
    try:
        report = Report.from_dict(plain)
        flip = report.flip
        sound = 0 <= report.target <= LARGEST and is_text(flip.rule, LONGEST_RULE) and is_text(flip.reason)
        if sound and isinstance(flip.flapping, bool):
            return report
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    refused("report", report=plain)
    return None


def read_event(plain: Mapping[str, Any]) -> Event | None:
    """``None``: it is no event, which is logged."""
    try:
        event = Event.from_dict(plain)
        if all(is_text(one) for one in (event.type, event.vim_id, event.instance_id)):
            return event
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    refused("instance_events", told=plain)
    return None
