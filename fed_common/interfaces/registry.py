"""Names to classes: settings name the house's own, entry points bring third parties'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, get_type_hints

from fed_common.core.errors import Conflict, Invalid

T = TypeVar("T")


@cache
def installed(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group. Read once: it means opening a file of every package there is."""
    return tuple(entry_points(group=group))


def load(dotted: str) -> Any:
    """Import ``package.module.Name``."""
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


class Registry(Generic[T]):
    """Classes of one contract by name, loaded when first asked for."""

    def __init__(self, what: str, group: str, dotted: Mapping[str, str]) -> None:
        self._what = what
        self._dotted = dict(dotted)
        for point in installed(group):
            if point.name in self._dotted:
                raise Conflict(what, point.name)
            self._dotted[point.name] = point.value.replace(":", ".")

    def names(self) -> list[str]:
        """Every known name, sorted."""
        return sorted(self._dotted)

    def get(self, name: str) -> type[T]:
        """The class of that name. Raises Invalid listing the names there are."""
        if name not in self._dotted:
            raise Invalid(self._what, name, self.names())
        found: type[T] = load(self._dotted[name])
        return found


def parse_config(config: type[T], options: Mapping[str, Any], *, field: str = "options") -> T:
    """Build a Config dataclass from JSON options.

    Raises Invalid naming the option when one is unknown, missing or of the wrong type.
    """
    known = {item.name: item for item in fields(config)}  # type: ignore[arg-type]
    hints = get_type_hints(config)
    for name, value in options.items():
        if name not in known:
            raise Invalid(f"{field}.{name}", "***", f"no such option; options: {', '.join(known)}")
        if not _fits(value, hints[name]):
            shown = "***" if is_secret(known[name]) else value
            raise Invalid(f"{field}.{name}", shown, f"a {getattr(hints[name], '__name__', hints[name])}")
    for name, item in known.items():
        if name not in options and item.default is MISSING and item.default_factory is MISSING:
            raise Invalid(f"{field}.{name}", None, "a value: it has no default")
    return config(**options)


def is_secret(item: Field[Any]) -> bool:
    """Whether this option of a Config is to be sealed and never shown."""
    return bool(item.metadata.get("secret"))


def _fits(value: object, hint: object) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint) if isinstance(hint, type) else True
