"""What is wrong with input, told: the first fault as field, value and what is allowed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fed_common.telemetry.redact import MASK, redact_value

Path = tuple[str | int, ...]
Fault = tuple[str, object, str]

LONGEST_VALUE = 200
WHOLE = "non_field_errors"
_ALLOWED = {
    "required": "a value",
    "null": "a value",
    "blank": "a text that is not empty",
    "empty": "a list that is not empty",
}


def first_fault(found: object, sent: object) -> Fault:
    """``found`` is the detail of a ValidationError, ``sent`` what the caller sent."""
    path, said = next(_faults((), found))
    code = getattr(said, "code", "")
    return _name(path), _value(path, sent), _ALLOWED.get(code, str(said))


def shown_value(name: str, value: object) -> object:
    """The value as far as it may and need be told: of objects and lists, only that they are."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    *around, leaf = name.split(".")
    hidden = leaf == "options" or any(redact_value(part, True) == MASK for part in around)
    shown = redact_value("secret" if hidden else leaf, value)
    return shown[:LONGEST_VALUE] if isinstance(shown, str) else shown


def _faults(path: Path, found: object) -> Iterator[tuple[Path, object]]:
    if isinstance(found, Mapping):
        for name, inner in found.items():
            yield from _faults(path if name == WHOLE else (*path, name), inner)
    elif isinstance(found, Sequence) and not isinstance(found, str):
        nested = any(isinstance(inner, Mapping | list) for inner in found)
        for place, inner in enumerate(found):
            yield from _faults((*path, place) if nested else path, inner)
    else:
        yield path, found


def _name(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "body"


def _value(path: Path, sent: Any) -> object:
    for part in path:
        if isinstance(sent, Mapping):
            sent = sent.get(part)
        elif isinstance(sent, list) and isinstance(part, int) and part < len(sent):
            sent = sent[part]
        else:
            return None
    return sent
