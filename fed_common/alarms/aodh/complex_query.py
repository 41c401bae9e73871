"""Aodh's complex queries: an expression, an order and a limit, the first two as JSON in a text.

An expression is ``{op: {field: value}}``, ``{"in": {field: [value, ...]}}``, ``{"and" | "or": [expression, ...]}``
or ``{"not": expression}``. Source: Aodh's API reference (v2), "Complex query".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q

from fed_common.alarms.aodh.columns import Column, read_text
from fed_common.alarms.aodh.listing import NEWEST_FIRST, Order, direction
from fed_common.alarms.aodh.simple_query import LIMIT_MAX
from fed_common.core.errors import Invalid

DEEPEST = 20
KEYS = ("filter", "orderby", "limit")
PATTERN_FORM = "a regular expression of at most 100 characters, without ( ) { } \\, with at most two of * +"
_COMPARISONS = {
    **{"=": "exact", "!=": "exact", "<": "lt", "<=": "lte", "=<": "lte", ">": "gt", ">=": "gte", "=>": "gte"},
    "=~": "regex",
}
OPERATORS = (*_COMPARISONS, "in", "and", "or", "not")
_PATTERN = re.compile(r"(?=.{1,100}$)[^(){}\\*+]*([*+][^(){}\\*+]*){0,2}")
Fields = Mapping[str, Column]


class Query:
    """A whole query. Raises Invalid naming the part that is wrong."""

    def __init__(self, sent: object, fields: Fields) -> None:
        if not isinstance(sent, Mapping):
            raise Invalid("body", sent, "an object")
        for name in sent:
            if name not in KEYS:
                raise Invalid(name, sent[name], f"no such field; fields: {', '.join(KEYS)}")
        self._fields, self._terms = fields, 0
        expression = sent.get("filter")
        self.filter = Q() if expression is None else self._compiled(_decoded("filter", expression), 1)
        self.order = self._order(sent.get("orderby"))
        self.limit = _limit(sent.get("limit"))

    def _compiled(self, expression: object, depth: int) -> Q:
        if depth > DEEPEST:
            raise Invalid("filter", f"deeper than {DEEPEST}", f"at most {DEEPEST} levels")
        word, inner = _only(expression, "an operator")
        op = word.lower()
        if op in ("and", "or"):
            return self._joined(op, inner, depth)
        if op == "not":
            return ~self._compiled(inner, depth + 1)
        if op not in OPERATORS:
            raise Invalid("filter", word, OPERATORS)
        return self._leaf(op, *_only(inner, "a field"))

    def _joined(self, op: str, parts: object, depth: int) -> Q:
        if not isinstance(parts, list) or len(parts) < 2:
            raise Invalid(f"filter.{op}", parts, "a list of two or more")
        found = self._compiled(parts[0], depth + 1)
        for part in parts[1:]:
            other = self._compiled(part, depth + 1)
            found = found & other if op == "and" else found | other
        return found

    def _leaf(self, op: str, field: str, value: object) -> Q:
        column = self._column("filter", field)
        where = f"filter.{field}"
        if op == "in":
            if not isinstance(value, list) or not value:
                raise Invalid(where, value, "a list that is not empty")
            self._count(len(value))
            return Q(**{f"{column.name}__in": [column.read(where, one) for one in value]})
        self._count(1)
        read: Callable[[str, object], Any] = _pattern if op == "=~" else column.read
        if op == "=~" and column.read is not read_text:
            raise Invalid("filter", op, f"another operator: {field} is no text")
        found = Q(**{f"{column.name}__{_COMPARISONS[op]}": read(where, value)})
        return ~found if op == "!=" else found

    def _count(self, terms: int) -> None:
        self._terms += terms
        if self._terms > settings.ALARM_QUERY_TERMS:
            most = settings.ALARM_QUERY_TERMS
            raise Invalid("filter", f"more than {most} terms", f"at most {most}")

    def _column(self, where: str, field: str) -> Column:
        if field not in self._fields:
            raise Invalid(where, field, self._fields)
        return self._fields[field]

    def _order(self, sent: object) -> Order:
        parts = [] if sent is None else _decoded("orderby", sent)
        if not isinstance(parts, list) or len(parts) > len(self._fields):
            raise Invalid("orderby", parts, 'a list of {field: "asc" or "desc"}, each field once')
        named = [_only(part, "a field", where="orderby") for part in parts]
        order = [(self._column("orderby", field).name, direction("orderby", word)) for field, word in named]
        return order or NEWEST_FIRST


def _only(part: object, what: str, *, where: str = "filter") -> tuple[str, Any]:
    if not isinstance(part, dict) or len(part) != 1:
        raise Invalid(where, part, f"an object with {what} as its one key")
    return next(iter(part.items()))


def _decoded(name: str, text: object) -> Any:
    try:
        if not isinstance(text, str):
            raise ValueError
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid(name, text, "JSON in a text") from None


def _pattern(where: str, value: object) -> str:
    try:
        pattern = read_text(where, value)
        if not _PATTERN.fullmatch(pattern):
            raise Invalid(where, value, PATTERN_FORM)
        re.compile(pattern)
    except re.error:
        raise Invalid(where, value, PATTERN_FORM) from None
    return pattern


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LIMIT_MAX:
        raise Invalid("limit", value, "a number from 1 on")
    return value
