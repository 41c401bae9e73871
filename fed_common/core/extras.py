"""Reads what rules of ours may say beyond Aodh's: the key ``multicloud`` of an alarm. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fed_common.core import plain
from fed_common.core.alarm import EventCategory
from fed_common.core.conditions import condition_to_plain, parse_condition, parse_trait
from fed_common.core.rules import Extras

DAYS_30, LONGEST_WAIT = 30 * 86_400.0, 0.1
_WORD = re.compile(r"[\w.:-]{0,100}", re.ASCII)


def parse_extras(extras: object, *, field: str = "multicloud", terms: int = 100) -> Extras:
    """Read the key; None and ``{}`` are the defaults. Raises Invalid naming field, value and what is allowed."""
    found = plain.keys_of(field, {} if extras is None else extras, (*_READERS, "clear"))
    values = {name: _READERS[name](f"{field}.{name}", found[name]) for name in _READERS if name in found}
    if found.get("clear") is not None:
        values["clear"] = parse_condition(found["clear"], field=f"{field}.clear", terms=terms)
    if values.get("absent_after"):
        _refuse_beside_absence(field, found)
    return Extras(**values)


def extras_to_plain(extras: Extras) -> dict[str, Any]:
    """The inverse of ``parse_extras``; what has its default is left out."""
    default = Extras()
    values = {name: getattr(extras, name) for name in _READERS if getattr(extras, name) != getattr(default, name)}
    if extras.clear is not None:
        values["clear"] = condition_to_plain(extras.clear)
    if "category" in values:
        values["category"] = extras.category.value
    return values


def _refuse_beside_absence(field: str, found: Mapping[str, Any]) -> None:
    """A rule that waits for its events is cleared by the next one, and by nothing else."""
    for name in ("clear", "clear_after", "under_host"):
        if found.get(name):
            raise plain.refused(f"{field}.{name}", found[name], "nothing beside absent_after")


def _seconds(least: float, most: float) -> Callable[[str, object], float]:
    return lambda field, value: plain.number(field, value, least=least, most=most)


def _absence(field: str, value: object) -> float:
    """None is missed within less than a second: it is looked for twice in one."""
    seconds = plain.number(field, value, least=0, most=DAYS_30)
    if 0 < seconds < 1:
        raise plain.refused(field, value, f"0, or 1 to {DAYS_30:g} seconds")
    return seconds


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise plain.refused(field, value, "true, false")
    return value


def _same(field: str, value: object) -> str:
    """The trait's name without its prefix, or empty."""
    return parse_trait(field, value).removeprefix("traits.") if value != "" else ""


def _word(field: str, value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise plain.refused(field, value, "at most 100 letters, digits, '_', '.', ':', '-'")
    return value


def _category(field: str, value: object) -> EventCategory:
    words = [word.value for word in EventCategory]
    if not isinstance(value, str) or value not in words:
        raise plain.refused(field, value, words)
    return EventCategory(value)


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "clear_after": _seconds(0, DAYS_30),
    "absent_after": _absence,
    "within": _seconds(0.001, DAYS_30),
    "same": _same,
    "correlation": _word,
    "under_host": _flag,
    "group_wait": _seconds(0, LONGEST_WAIT),
    "category": _category,
    "probable_cause": lambda field, value: plain.text(field, value, most=255),
}
