"""Time constraints: the windows within which a rule is evaluated."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, CroniterError, croniter

from fed_common.core import plain
from fed_common.core.rules import TimeConstraint

KEYS = ("name", "start", "duration", "timezone", "description")
LONGEST_DURATION, MOST = 366 * 86_400, 100
CRON_FORM = "a cron expression of 5 to 7 columns that names a time within 50 years, without R and H"
_BY_CHANCE = re.compile(r"(^|\s)[hr](\W|$)", re.IGNORECASE)
_SEARCHED = datetime(2026, 1, 1)
_CLOCK_CHANGE = timedelta(hours=4)
_turn = threading.Lock()


def parse_time_constraints(constraints: object, *, field: str = "time_constraints") -> tuple[TimeConstraint, ...]:
    """Read Aodh's ``time_constraints``. Raises Invalid naming field, value and what is allowed."""
    if constraints is None:
        return ()
    if not isinstance(constraints, list | tuple) or len(constraints) > MOST:
        raise plain.refused(field, constraints, f"a list of at most {MOST} objects")
    found = tuple(_constraint(f"{field}[{number}]", one) for number, one in enumerate(constraints))
    names = [one.name for one in found]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise plain.refused(f"{field}[{number}].name", name, "names that are used once")
    return found


def constraints_to_plain(constraints: Sequence[TimeConstraint]) -> list[dict[str, Any]]:
    """The inverse of ``parse_time_constraints``, with defaults spelled out."""
    return [asdict(one) for one in constraints]


def open_at(constraints: Sequence[TimeConstraint], moment: datetime) -> bool:
    """Whether the moment is inside any of the windows, their last second included; without any it always is."""
    second = moment.astimezone(UTC).replace(microsecond=0)
    return not constraints or any(_is_open(one, second) for one in constraints)


def _constraint(field: str, constraint: object) -> TimeConstraint:
    found = plain.keys_of(field, constraint, KEYS)
    name, description = plain.text(f"{field}.name", found.get("name"), most=255), found.get("description")
    if not name:
        raise plain.refused(f"{field}.name", name, "a text that is not empty")
    return TimeConstraint(
        name=name,
        start=_cron(f"{field}.start", found.get("start")),
        duration=_duration(f"{field}.duration", found.get("duration")),
        timezone=_zone(f"{field}.timezone", found.get("timezone")),
        description=plain.text(f"{field}.description", "" if description is None else description),
    )


def _cron(field: str, value: object) -> str:
    cron = plain.text(field, value, most=255)
    if _BY_CHANCE.search(cron) or not _comes(cron):
        raise plain.refused(field, value, CRON_FORM)
    return cron


def _comes(cron: str) -> bool:
    """Whether the expression can be read, and names a time within 50 years of the present ones."""
    try:
        reader = croniter(cron, _SEARCHED)
    except CroniterError:
        return False
    for find in (reader.get_next, reader.get_prev):
        with suppress(CroniterBadDateError):
            find(datetime, start_time=_SEARCHED)
            return True
    return False


def _duration(field: str, value: object) -> int:
    """Whole seconds; as text too, which is what Aodh's client sends."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_DURATION:
        raise plain.refused(field, value, f"whole seconds from 0 to {LONGEST_DURATION}")
    return value


def _zone(field: str, value: object) -> str:
    if value is None or value == "":
        return ""
    try:
        if value != "localtime":  # differs from machine to machine
            return ZoneInfo(plain.text(field, value, most=100)).key
    except (ValueError, KeyError, OSError):
        pass
    raise plain.refused(field, value, "a name of the IANA time zone database, as in Europe/Berlin; empty: UTC")


@lru_cache(maxsize=4096)
def _is_open(constraint: TimeConstraint, second: datetime) -> bool:
    """Events come many to a second, and the answer costs more than all the rest of a rule."""
    lasts = timedelta(seconds=constraint.duration)
    begun = _latest_start(constraint.start, ZoneInfo(constraint.timezone or "UTC"), second, second - lasts)
    return begun is not None and second <= begun + lasts


def _latest_start(cron: str, zone: ZoneInfo, moment: datetime, earliest: datetime) -> datetime | None:
    """When the cron last said so on that zone's clock, between both moments, which are whole seconds; in UTC.

    A time that the clock leaps over is left out, and one that it shows twice counts twice.
    """
    look = moment
    while look >= earliest:
        offset = _offset(zone, look)
        wall = _previous(cron, (look + offset).replace(tzinfo=None))
        start = None if wall is None else wall.replace(tzinfo=UTC) - offset
        changed = _last_change(zone, earliest if start is None else max(start, earliest), look)
        if changed is None or (start is not None and start >= changed):
            return start
        look = changed - timedelta(seconds=1)
    return None


def _previous(cron: str, wall: datetime) -> datetime | None:
    """The last time of the cron that is not after this wall clock."""
    with _turn:
        try:
            found: datetime = _compiled(cron).get_prev(datetime, start_time=wall + timedelta(seconds=1))
        except CroniterBadDateError:
            return None
    return found


def _last_change(zone: ZoneInfo, begin: datetime, end: datetime) -> datetime | None:
    """The first moment after a change of the zone's clock within (begin, end], to the second."""
    offset = _offset(zone, end)
    near = max(begin, end - _CLOCK_CHANGE)
    before, after = (near if _offset(zone, near) != offset else begin), end
    if _offset(zone, before) == offset:
        return None
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (before, middle) if _offset(zone, middle) == offset else (middle, after)
    return after.replace(microsecond=0)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


@lru_cache(maxsize=1024)
def _compiled(cron: str) -> croniter:
    return croniter(cron, _SEARCHED)
