"""Compares a term's value, which is text, with what an event carries. Pure; never raises.

Two values that cannot be compared (text with a number, a trait that is missing) are different: ``ne`` holds
for them and no other operator does.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import Any

from fed_common.core import clock
from fed_common.core.rules import Term
from fed_common.core.traits import is_time

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
    "ge": operator.ge,
    "gt": operator.gt,
}
TRUE, FALSE = ("true", "1", "t", "on", "y", "yes"), ("false", "0", "f", "off", "n", "no")
"""The words for a boolean that oslo.utils reads, and so Aodh."""


def holds(term: Term, traits: Mapping[str, Any]) -> bool:
    """Whether the term holds for an event with these traits."""
    name = term.trait
    pair = _pair(term, name, traits.get(name))
    if pair is None:
        return term.op == "ne"
    return bool(OPERATORS[term.op](*pair))


def number(value: object) -> int | float | None:
    """A number out of a number, a boolean or text; ``None`` when it is none."""
    if isinstance(value, str):
        return _number(value)
    return value if isinstance(value, int | float) else None


def truth(value: object) -> bool | None:
    """A boolean out of a boolean, 0, 1 or text; ``None`` when it is none."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else str(value)
    return word in TRUE if word in TRUE or word in FALSE else None


def moment(value: object) -> datetime | None:
    """A moment out of a moment or text; without a zone it is UTC; ``None`` when it is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return _moment(value) if isinstance(value, str) else None


def text(value: object) -> str | None:
    """Text out of text, a number, a boolean or a moment; ``None`` for what is no single value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return clock.iso(value)
    return str(value) if isinstance(value, int | float) else None


READERS: Mapping[str, Callable[[object], Any]] = {
    "string": text,
    "integer": number,
    "float": number,
    "boolean": truth,
    "datetime": moment,
}


def _pair(term: Term, name: str, found: object) -> tuple[Any, Any] | None:
    """What the event has and what the term wants, in one type; ``None`` when there is no such type."""
    if term.type:
        read = READERS[term.type]
        pair = read(found), read(term.value)
    else:
        pair = _alike(name, found, term.value)
    return None if None in pair else pair


def _alike(name: str, found: object, value: str) -> tuple[Any, Any]:
    """Both in the type of what the event has; ``None`` for one that cannot be."""
    if isinstance(found, str):
        times = (_moment(found), _moment(value)) if is_time(name) else (None, None)
        return (found, value) if None in times else times
    if isinstance(found, bool):
        return found, truth(value)
    if isinstance(found, datetime):
        return moment(found), _moment(value)
    return number(found), _number(value)


@lru_cache(maxsize=8192)
def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


_moment = lru_cache(maxsize=8192)(clock.parse)
