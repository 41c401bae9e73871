"""What a caller asks of a list, in Mistral's way: filters, fields, order and pages. Pure.

Source: Mistral's API reference (v2) and mistralclient/api/base.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fed_common.core.errors import Invalid, NotFound

Plain = dict[str, Any]


def _equal(value: str, asked: str) -> bool:
    return value == asked


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": _equal,
    "neq": lambda value, asked: value != asked,
    "in": lambda value, asked: value in asked.split(","),
    "nin": lambda value, asked: value not in asked.split(","),
    "has": lambda value, asked: asked in value,
    "gt": lambda value, asked: value > asked,
    "gte": lambda value, asked: value >= asked,
    "lt": lambda value, asked: value < asked,
    "lte": lambda value, asked: value <= asked,
}
_DIRECTIONS = ("asc", "desc")
_PAGING = ("marker", "limit", "sort_keys", "sort_dirs", "fields", "nulls")
_WITHOUT_EFFECT = ("all_projects", "include_output")


class Listing:
    """One question for a list of things with these fields. ``query``: the parameters, each once."""

    def __init__(self, query: Mapping[str, str], fields: Sequence[str]) -> None:
        """Raises Invalid naming the parameter."""
        self._fields = fields
        for name in query:
            if name not in (*fields, *_PAGING, *_WITHOUT_EFFECT):
                raise Invalid(name, query[name], f"no such parameter; {', '.join((*fields, *_PAGING))}")
        self._filters = [(name, *_operator(query[name])) for name in query if name in fields]
        self._nulls = self._names(query, "nulls")
        self._shown = self._names(query, "fields")
        self._order = self._sorting(query)
        self._marker = query.get("marker", "")
        self.limit = _limit(query.get("limit", ""))

    def page(self, things: Sequence[Plain]) -> tuple[list[Plain], bool]:
        """Those that are asked for, and whether there are more. Raises NotFound: the marker names none.

        ``things`` are in the order they were made, to more than the seconds that ``created_at`` shows.
        """
        chosen = [one for one in things if self._wanted(one)]
        if self._order[0][1]:
            chosen.reverse()
        for name, backwards in reversed(self._order):
            chosen.sort(key=lambda one: str(one[name] or ""), reverse=backwards)
        if self._marker:
            chosen = chosen[self._place_of_marker(chosen) + 1 :]
        more = self.limit is not None and len(chosen) > self.limit
        return [self._short(one) for one in chosen[: self.limit]], more

    def exactly(self, field: str) -> str | None:
        """What the field has to be; ``None``: it may be several things."""
        return next((asked for name, holds, asked in self._filters if name == field and holds is _equal), None)

    def _wanted(self, one: Plain) -> bool:
        known = all(holds(str(one[name] or ""), asked) for name, holds, asked in self._filters)
        return known and not any(one[name] for name in self._nulls)

    def _place_of_marker(self, chosen: Sequence[Plain]) -> int:
        places = [place for place, one in enumerate(chosen) if one["id"] == self._marker]
        if not places:
            raise NotFound("marker", self._marker)
        return places[0]

    def _short(self, one: Plain) -> Plain:
        return {name: one[name] for name in ("id", *self._shown)} if self._shown else one

    def _sorting(self, query: Mapping[str, str]) -> list[tuple[str, bool]]:
        keys = self._names(query, "sort_keys") or ["created_at"]
        words = [word for word in query.get("sort_dirs", "").split(",") if word]
        for word in words:
            if word not in _DIRECTIONS:
                raise Invalid("sort_dirs", word, _DIRECTIONS)
        if len(words) > len(keys):
            raise Invalid("sort_dirs", query["sort_dirs"], "not more than there are sort_keys")
        words += ["asc"] * (len(keys) - len(words))
        return [(key, word == "desc") for key, word in zip(keys, words, strict=True)]

    def _names(self, query: Mapping[str, str], parameter: str) -> list[str]:
        names = [name for name in query.get(parameter, "").split(",") if name]
        for name in names:
            if name not in self._fields:
                raise Invalid(parameter, name, self._fields)
        return names


def _operator(text: str) -> tuple[Callable[[str, str], bool], str]:
    """What ``in:a,b`` says; without a word known here, the whole text is what the field has to be."""
    word, colon, asked = text.partition(":")
    if colon and word in _OPERATORS:
        return _OPERATORS[word], asked
    return _equal, text


def _limit(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**31):
        raise Invalid("limit", text, "a number from 1 on")
    return int(text)
