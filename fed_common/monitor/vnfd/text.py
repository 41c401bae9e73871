"""Takes a descriptor as it was sent, YAML or an object, and bounds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from fed_common.core.errors import Invalid
from fed_common.inventory.yaml_body import ALLOWED, DEEPEST, SafeLoader, Unreadable, read_yaml
from fed_common.monitor.vnfd.place import ROOT

LARGEST = 256 * 1024
MOST_VALUES = 20_000


def document(source: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping that was sent. Raises Invalid naming the path at which it cannot be read."""
    plain = _read(source) if isinstance(source, str) else source
    if not isinstance(plain, Mapping):
        raise Invalid(ROOT, plain, "a mapping: a TOSCA service template, as YAML or as an object")
    for number, (path, depth, value) in enumerate(_values("", 0, plain)):
        if number >= MOST_VALUES:
            raise Invalid(ROOT, f"more than {MOST_VALUES} values", f"at most {MOST_VALUES}")
        if reason := _refusal(depth, value):
            raise Invalid(path or ROOT, reason, ALLOWED)
    return plain


def _read(text: str) -> Any:
    if len(text) > LARGEST:
        raise Invalid(ROOT, f"{len(text)} characters", f"at most {LARGEST} characters")
    try:
        return read_yaml(text.encode(errors="surrogatepass"))
    except Unreadable as error:
        path = _path_at(text, error.mark) if error.mark else ""
        raise Invalid(path or ROOT, error.value, error.allowed) from None


def _values(path: str, depth: int, value: Any) -> Iterator[tuple[str, int, Any]]:
    """Every value with its path and depth; the caller stops before it is too deep."""
    yield path, depth, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield path, depth, name
            yield from _values(f"{path}.{name}".removeprefix("."), depth + 1, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _values(f"{path}[{number}]", depth + 1, inner)


def _refusal(depth: int, value: object) -> str:
    if depth > DEEPEST:
        return "nested too deep"
    if isinstance(value, str):
        sound = "\0" not in value and value.encode(errors="ignore").decode() == value
        return "" if sound else "a text that holds NUL or half a surrogate pair"
    return "" if isinstance(value, Mapping | list | int | float | None) else "no value of JSON"


def _path_at(text: str, mark: Any) -> str:
    """The path of what stands at the mark, as far as the text can be read; ``mark`` is the library's."""
    walk = _Walk()
    try:
        event: Any
        for event in yaml.parse(text, Loader=SafeLoader):
            walk.step(event)
            if event.start_mark.index >= mark.index:
                break
    except yaml.YAMLError:
        pass  # what is behind the path so far is what cannot be read
    return walk.path


class _Walk:
    """Follows the events of the library and knows where it is."""

    def __init__(self) -> None:
        self._open: list[list[Any]] = []  # of each collection: the name or number it is at, whether a name is next

    @property
    def path(self) -> str:
        """Of the value last begun."""
        parts = (f"[{at}]" if isinstance(at, int) else f".{at}" for at, _ in self._open if at not in (None, -1))
        return "".join(parts).removeprefix(".")

    def step(self, event: yaml.Event) -> None:
        """One event on."""
        if isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._value(event)

    def _value(self, event: yaml.NodeEvent) -> None:
        if self._open:
            self._begin(event)
        if isinstance(event, yaml.MappingStartEvent):
            self._open.append([None, True])
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open.append([-1, False])

    def _begin(self, event: yaml.NodeEvent) -> None:
        at, name_is_next = self._open[-1]
        if isinstance(at, int):
            self._open[-1][0] = at + 1
        elif name_is_next:
            self._open[-1] = [getattr(event, "value", "?"), False]
        else:
            self._open[-1][1] = True
