"""How the gateway's JSON is shown: short for people, unchanged for machines (``-f json``, ``-f yaml``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any

from cliff.columns import FormattableColumn

WIDTH = 90
NAMED = ("mgmt_ip_addresses", "attributes", "parameters")


def printable(text: str) -> str:
    """The text without control characters: names of VMs come from tenants, not from the operator."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


class Text(FormattableColumn[str]):
    """A text that may hold anything."""

    def human_readable(self) -> str:
        """Without control characters."""
        return printable(self._value)


class Nothing(FormattableColumn[None]):
    """A value that is not there yet."""

    def human_readable(self) -> str:
        """An empty cell."""
        return ""


class Words(FormattableColumn[list[str]]):
    """A list of texts."""

    def human_readable(self) -> str:
        """In lines that fit a terminal."""
        return fill(printable(", ".join(map(str, self._value))), WIDTH, break_long_words=False)


class Document(FormattableColumn[object]):
    """Any other JSON."""

    def human_readable(self) -> str:
        """Indented JSON."""
        return printable(json.dumps(self._value, indent=2, ensure_ascii=False))


class Named(FormattableColumn[Mapping[str, Any]]):
    """Values or lists of values, each with a name."""

    def human_readable(self) -> str:
        """One name a line."""
        return printable("\n".join(f"{name}: {_short(value)}" for name, value in self._value.items()))


class Counts(FormattableColumn[Mapping[str, int]]):
    """How many there are of each."""

    def human_readable(self) -> str:
        """Those that there are."""
        return ", ".join(f"{count} {name}" for name, count in self._value.items() if count)


class Moment(FormattableColumn[str]):
    """An ISO 8601 time."""

    def human_readable(self) -> str:
        """To the millisecond."""
        text = printable(self._value)
        return f"{text[:10]} {text[11:23]}" if len(text) > 23 else text


class Filter(FormattableColumn[Mapping[str, Any]]):
    """A filter."""

    def human_readable(self) -> str:
        """Only what it asks for."""
        asked = [f"{name}: {_short(value)}" for name, value in self._value.items() if value and value is not True]
        if self._value.get("honour_opt_out") is False:
            asked.append("also VMs that opted out")
        return printable("\n".join(asked)) or "everything"


class Sinks(FormattableColumn[list[Any]]):
    """The sinks of a subscription."""

    def human_readable(self) -> str:
        """One sink a line, as it is given to ``--sink``."""
        return printable("\n".join(map(_sink, self._value)))


class Reached(FormattableColumn[Mapping[str, Any]]):
    """Whether something can be reached."""

    def human_readable(self) -> str:
        """That it can, or why not."""
        return "reached" if self._value.get("reachable") else printable(str(self._value.get("reason")))


def cell(name: str, value: Any) -> Any:
    """The value of the field ``name`` as cliff can show it."""
    if value is None:
        return Nothing(None)
    if name == "sinks":
        return Sinks(value)
    if name == "filter":
        return Filter(value)
    if name == "health" and isinstance(value, Mapping):
        return Counts(value)
    if name in NAMED and isinstance(value, Mapping):
        return Named(value)
    if (name.endswith("_at") or name in ("at", "timestamp")) and isinstance(value, str):
        return Moment(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return Words(value)
    if isinstance(value, str):
        return value if value.isprintable() else Text(value)
    if isinstance(value, Mapping) and "reachable" in value:
        return Reached(value)
    return Document(value) if isinstance(value, Mapping | list) else value


def table(names: Sequence[str], items: Iterable[Mapping[str, Any]]) -> tuple[Sequence[str], list[list[Any]]]:
    """What a Lister returns: these fields of every item."""
    return names, [[cell(name, item.get(name, "")) for name in names] for item in items]


def single(item: Mapping[str, Any]) -> tuple[Sequence[str], list[Any]]:
    """What a ShowOne returns: every field of one item."""
    return tuple(item), [cell(name, value) for name, value in item.items()]


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _sink(sink: Mapping[str, Any]) -> str:
    text = ":".join(str(sink[name]) for name in ("publisher", "topic", "format") if sink.get(name))
    return text if sink.get("required", True) else f"{text} (optional)"
