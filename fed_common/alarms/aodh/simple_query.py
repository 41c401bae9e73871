"""What a caller asks of a list in the URL: ``q.field``, ``q.op``, ``q.value``, ``q.type``, sort, limit, marker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.http import QueryDict

from fed_common.alarms.aodh.columns import Column
from fed_common.core.errors import Invalid

OPERATORS = {"lt": "lt", "le": "lte", "eq": "exact", "ge": "gte", "gt": "gt"}
TYPES = ("", "string", "integer", "float", "boolean", "datetime")
LIMIT_MAX = 2**31 - 1
_PAGING = ("sort", "limit", "marker")
_PARTS = ("q.field", "q.op", "q.value", "q.type")


@dataclass(frozen=True, slots=True)
class Question:
    """One condition on a field."""

    field: str
    op: str
    value: str


def questions(query: QueryDict) -> list[Question]:
    """The conditions, in their order. Raises Invalid naming the parameter."""
    for name in query:
        if name not in (*_PARTS, *_PAGING):
            raise Invalid(name, query[name], f"no such parameter; parameters: {', '.join((*_PARTS, *_PAGING))}")
    fields, most = query.getlist("q.field"), settings.ALARM_QUERY_TERMS
    if len(fields) > most:
        raise Invalid("q.field", f"{len(fields)} conditions", f"at most {most}")
    values = _as_many(query, "q.value", fields)
    ops = _as_many(query, "q.op", fields) or ["eq"] * len(fields)
    for word in _as_many(query, "q.type", fields):
        if word not in TYPES:
            raise Invalid("q.type", word, [one for one in TYPES if one])
    if len(values) != len(fields):
        raise Invalid("q.value", "", "one for each q.field")
    return [Question(*one) for one in zip(fields, ops, values, strict=True)]


def conditions(
    asked: Sequence[Question], fields: Mapping[str, Column], operators: Mapping[str, Sequence[str]]
) -> Q:
    """What the database chooses by. ``operators``: of each field that may be asked for. Raises Invalid."""
    found = Q()
    for one in asked:
        if one.field not in operators:
            raise Invalid("q.field", one.field, operators)
        if one.op not in operators[one.field]:
            raise Invalid("q.op", one.op, operators[one.field])
        column = fields[one.field]
        found &= Q(**{f"{column.name}__{OPERATORS[one.op]}": column.read("q.value", one.value)})
    return found


def limit_of(query: QueryDict) -> int | None:
    """At most so many; None: all, as 0 means it too. Raises Invalid."""
    text = query.get("limit", "")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) <= LIMIT_MAX):
        raise Invalid("limit", text, "a number from 0 on, 0: all")
    return int(text or 0) or None


def _as_many(query: QueryDict, name: str, fields: Sequence[str]) -> list[str]:
    found = query.getlist(name)
    if found and len(found) != len(fields):
        raise Invalid(name, found[0], "one for each q.field")
    return found
