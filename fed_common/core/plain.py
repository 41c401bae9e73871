"""Reads the plain form (JSON) of what callers send. Everything raises Invalid naming the field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fed_common.core.errors import Invalid

SHOWN = 100
"""Characters of a value that are told again when it is refused."""


def refused(field: str, value: object, allowed: Iterable[str] | str) -> Invalid:
    """What to raise; long values are cut, and what holds others is told by its size only."""
    if isinstance(value, str) and len(value) > SHOWN:
        return Invalid(field, f"{value[:SHOWN]}…", allowed)
    if isinstance(value, Mapping | list | tuple) and value:
        return Invalid(field, f"{type(value).__name__} of {len(value)}", allowed)
    return Invalid(field, value, allowed)


def keys_of(field: str, plain: object, known: Collection[str]) -> Mapping[str, Any]:
    """An object with none but the ``known`` keys."""
    if not isinstance(plain, Mapping):
        raise refused(field, plain, "an object")
    for name in plain:
        if name not in known:
            raise refused(f"{field}.{name[:SHOWN]}", plain[name], f"no such field; fields: {', '.join(known)}")
    return plain


def text(field: str, value: object, *, most: int = 4096) -> str:
    """Text that a database can hold: no NUL, no half of a surrogate pair, not longer than ``most``."""
    if not isinstance(value, str) or len(value) > most or "\0" in value or not _encodes(value):
        raise refused(field, value, f"a text of at most {most} characters")
    return value


def number(field: str, value: object, *, least: float, most: float) -> float:
    """A number within bounds; neither text nor a boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise refused(field, value, f"a number from {least:g} to {most:g}")
    return float(value)


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
