"""The inputs of a descriptor: what may be given for them, and ``get_input`` filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fed_common.core.errors import Invalid
from fed_common.monitor.vnfd.constraints import CONSTRAINTS, holds
from fed_common.monitor.vnfd.place import Place

LONGEST_TEXT = 65_535
MOST_FILLED = 1024 * 1024
MOST_INPUTS = 100
UNCHECKED = "pattern"
FUNCTION = "get_input"


def _whole(value: object) -> object:
    if isinstance(value, str):
        return int(value) if value.removeprefix("-").isascii() and len(value) < 16 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: object) -> object:
    if isinstance(value, str):
        return float(value) if len(value) < 32 else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _truth(value: object) -> object:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _text(value: object) -> object:
    return value if isinstance(value, str) and len(value) <= LONGEST_TEXT else None


TYPES: Mapping[str, Callable[[object], object]] = {
    "string": _text,
    "integer": _whole,
    "float": _float,
    "boolean": _truth,
    "scalar-unit.size": _text,
    "scalar-unit.time": _text,
    "timestamp": _text,
    "version": _text,
}
"""Each reads a value as that type, also out of a text; ``None`` or ValueError: it is none."""


def filled(root: Place, given: Mapping[str, Any]) -> Place:
    """The same descriptor with the value of every ``get_input`` in its place.

    Raises Invalid: an input nobody declared, of a wrong type or without a value, as ``inputs.<name>``;
    a definition that is wrong, or a ``get_input`` of nothing, by its path.
    """
    topology = root.at("topology_template")
    inputs = Inputs(topology.at("inputs"), given)
    parts = {part.name: part.value if part.name == "inputs" else inputs.fill(part) for part in topology.named()}
    return Place({**root.fields(), "topology_template": parts}, warnings=root.warnings)


class Inputs:
    """The declared inputs and what was given for them."""

    def __init__(self, declared: Place, given: Mapping[str, Any]) -> None:
        self._declared = {one.name: one for one in declared.named()}
        self._given = given
        self._values: dict[str, Any] = {}
        self._filled = 0
        if len(self._declared) > MOST_INPUTS:
            raise declared.invalid(f"at most {MOST_INPUTS} inputs")
        for name, value in given.items():
            if name not in self._declared:
                raise Invalid(
                    f"inputs.{name}", value, list(self._declared) or "none: the descriptor has no inputs"
                )
        for one in self._declared.values():
            _check(one)
            self._value(one, ())

    def fill(self, place: Place) -> Any:
        """The value of the place, with those of inputs in it."""
        if asked := _asked(place):
            return self._counted(place, self._of(asked, ()))
        if isinstance(place.value, Mapping):
            return {inner.name: self.fill(inner) for inner in place.named()}
        if isinstance(place.value, list):
            return [self.fill(inner) for inner in place.items()]
        return place.value

    def _of(self, asked: Place, seen: tuple[str, ...]) -> Any:
        declared = self._declared[asked.word(self._declared)]
        if declared.name in seen:
            raise asked.invalid(f"an input that does not need itself: {' -> '.join((*seen, declared.name))}")
        value = self._value(declared, seen)
        if value is None:
            raise Invalid(declared.path, None, f"a value among the inputs: {declared.name} has no default")
        return value

    def _value(self, declared: Place, seen: tuple[str, ...]) -> Any:
        """As its type wants it; ``None``: neither given nor by default."""
        if declared.name not in self._values:
            self._values[declared.name] = self._found(declared, seen)
        return self._values[declared.name]

    def _found(self, declared: Place, seen: tuple[str, ...]) -> Any:
        if declared.name in self._given:
            given = self._given[declared.name]
            return _checked(Place(given, f"inputs.{declared.name}", declared.name, declared.warnings), declared)
        default = declared.at("default")
        if asked := _asked(default):
            value = self._of(asked, (*seen, declared.name))
            default = Place(value, default.path, default.name, default.warnings)
        return None if default.value is None else _checked(default, declared)

    def _counted(self, place: Place, value: Any) -> Any:
        self._filled += len(value) if isinstance(value, str) else 1
        if self._filled > MOST_FILLED:
            raise place.invalid(f"inputs that come to at most {MOST_FILLED} characters wherever they are used")
        return value


def _asked(place: Place) -> Place | None:
    """What is asked for, when the place is a ``get_input`` and nothing else."""
    only = isinstance(place.value, Mapping) and list(place.value) == [FUNCTION]
    return place.at(FUNCTION) if only else None


def _checked(place: Place, declared: Place) -> Any:
    kind = declared.at("type").value
    try:
        value = TYPES[kind](place.value)
    except ValueError:
        value = None
    if value is None:
        raise place.invalid(f"a value of type {kind}")
    for constraint in declared.at("constraints").items():
        only = constraint.one()
        if only.name != UNCHECKED and not holds(only, value):
            raise place.invalid(f"{only.name} {only.value}")
    return value


def _check(declared: Place) -> None:
    """Raises Invalid: a definition that is wrong by itself."""
    declared.at("type").word(TYPES)
    for constraint in declared.at("constraints").items():
        only = constraint.one()
        if only.name == UNCHECKED:
            only.warn("is not checked")
        elif only.name not in CONSTRAINTS:
            raise only.invalid([*CONSTRAINTS, UNCHECKED])
