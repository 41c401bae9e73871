"""One place in a descriptor: its path and its value, read as what it has to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fed_common.core.errors import Invalid

ROOT = "vnfd"
LONGEST_NAME = 255
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """``value`` is ``None`` where there is nothing. Its readers raise Invalid with ``path`` as the field; the
    file as a whole has none, and is called ROOT.

    ``warnings``  what was not used is written down here; shared by all places of one descriptor.
    """

    value: Any
    path: str = ""
    name: str = ""
    warnings: list[str] = field(default_factory=list)

    def at(self, *names: str) -> Place:
        """The place behind these names."""
        place = self
        for name in names:
            place = place._inner(name, place.fields().get(name))
        return place

    def fields(self) -> Mapping[str, Any]:
        """The value as a mapping; nothing is an empty one."""
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            raise self.invalid("a mapping")
        return self.value

    def named(self) -> list[Place]:
        """What is in the mapping, in the order of the file."""
        return [self._inner(name, value) for name, value in self.fields().items()]

    def items(self) -> list[Place]:
        """What is in the list; nothing is an empty one."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.invalid("a list")
        return [self._item(number, value) for number, value in enumerate(self.value)]

    def one(self) -> Place:
        """The only thing in the mapping."""
        inner = self.named()
        if len(inner) != 1:
            raise self.invalid("a mapping of one name")
        return inner[0]

    def text(self, default: str | None = None, *, longest: int = LONGEST_NAME) -> str:
        """A text that is not empty, or the default."""
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str) or not 0 < len(self.value) <= longest:
            raise self.invalid(f"a text of 1 to {longest} characters")
        return self.value

    def number(self, least: float, most: float, default: float | None = None) -> float:
        """A number, or a text that is one."""
        if self.value is None and default is not None:
            return default
        number = _number(self.value)
        if number is None or not least <= number <= most:
            raise self.invalid(f"a number from {least:g} to {most:g}")
        return float(number)

    def whole(self, least: int, most: int, default: int | None = None) -> int:
        """A whole number, or a text that is one."""
        if self.value is None and default is not None:
            return default
        number = _number(self.value)
        if number is None or number != int(number) or not least <= number <= most:
            raise self.invalid(f"a whole number from {least} to {most}")
        return int(number)

    def truth(self, default: bool) -> bool:
        """A truth, or the default."""
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            raise self.invalid("true, false")
        return self.value

    def word(self, allowed: Iterable[str]) -> str:
        """One of these words."""
        words = list(allowed)
        if self.value not in words:
            raise self.invalid(words or "nothing: there is none")
        return str(self.value)

    def invalid(self, allowed: Iterable[str] | str) -> Invalid:
        """That this is not what may stand here."""
        return Invalid(self.path or ROOT, self.value, allowed)

    def warn(self, said: str) -> None:
        """Write down something about this place that does not stop anybody."""
        self.warnings.append(f"{self.path}: {said}")

    def use_only(self, *names: str) -> None:
        """Warn of every name that is none of these."""
        for inner in self.named():
            if inner.name not in names:
                inner.warn("is not used")

    def _inner(self, name: str, value: object) -> Place:
        return Place(value, f"{self.path}.{name}".removeprefix("."), name, self.warnings)

    def _item(self, number: int, value: object) -> Place:
        return Place(value, f"{self.path}[{number}]", str(number), self.warnings)


def _number(value: object) -> float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 10**15:
        return None
    return value
