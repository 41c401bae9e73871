"""TOSCA's constraints of a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fed_common.monitor.vnfd.place import Place

UNBOUNDED = "UNBOUNDED"


def _in_range(value: Any, ends: list[Any]) -> bool:
    least, most = ends
    return (least == UNBOUNDED or value >= least) and (most == UNBOUNDED or value <= most)


CONSTRAINTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equal": lambda value, wanted: bool(value == wanted),
    "greater_than": lambda value, least: bool(value > least),
    "greater_or_equal": lambda value, least: bool(value >= least),
    "less_than": lambda value, most: bool(value < most),
    "less_or_equal": lambda value, most: bool(value <= most),
    "in_range": _in_range,
    "valid_values": lambda value, values: value in list(values),
    "length": lambda value, length: len(value) == length,
    "min_length": lambda value, least: len(value) >= least,
    "max_length": lambda value, most: len(value) <= most,
}


def holds(constraint: Place, value: object) -> bool:
    """Whether the value keeps it. Raises Invalid: the constraint makes no sense for such a value."""
    try:
        return CONSTRAINTS[constraint.name](value, constraint.value)
    except (TypeError, ValueError):
        raise constraint.invalid(f"what a {type(value).__name__} can be compared with") from None
