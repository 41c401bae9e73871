"""Aodh's complex queries over alarms: what they find, and what they refuse."""

from __future__ import annotations

import json
import operator as ops
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Q
from hypothesis import given, settings
from hypothesis import strategies as st

from fed_common.alarms.aodh.columns import ALARM_FIELDS
from fed_common.alarms.aodh.complex_query import DEEPEST, OPERATORS, Query
from fed_common.core.errors import Invalid
from tests.aodh import QUERY, create, fault
from tests.callers import Caller, caller

db = pytest.mark.django_db
NAMES = ("a", "b", "c")


def found(who: Caller, filter: Any = None, **more: Any) -> list[str]:
    body = {"orderby": '[{"name": "asc"}]', **more}
    if filter is not None:
        body["filter"] = json.dumps(filter)
    return [one["name"] for one in who.post(QUERY, body)]


def refused(who: Caller, body: Any) -> tuple[int, str]:
    return fault(who.ask("POST", QUERY, body))


@pytest.fixture
def member(db: None) -> Caller:
    """Of a project with the rules a, b and c."""
    who = caller("operator", project="p1")
    for name, severity in zip(NAMES, ("low", "critical", "moderate"), strict=True):
        create(who, name=name, severity=severity, enabled=name != "b")
    return who


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        (None, "abc"),
        ({"=": {"name": "a"}}, "a"),
        ({"!=": {"name": "a"}}, "bc"),
        ({"<": {"name": "b"}}, "a"),
        ({"<=": {"name": "b"}}, "ab"),
        ({"=<": {"name": "b"}}, "ab"),
        ({">": {"name": "b"}}, "c"),
        ({"=>": {"name": "b"}}, "bc"),
        ({">=": {"name": "b"}}, "bc"),
        ({"=~": {"name": "^[ab]$"}}, "ab"),
        ({"IN": {"name": ["a", "c", "x"]}}, "ac"),
        ({"AND": [{"=": {"enabled": True}}, {"=": {"severity": "low"}}]}, "a"),
        ({"or": [{"=": {"enabled": False}}, {"=": {"severity": "low"}}]}, "ab"),
        ({"Not": {"or": [{"=": {"name": "a"}}, {"=": {"name": "b"}}]}}, "c"),
        ({">": {"timestamp": "2026-01-01T00:00:00"}}, "abc"),
        ({"<": {"state_timestamp": "2026-01-01T00:00:00Z"}}, ""),
        ({"=": {"project": "p1"}}, "abc"),
        ({"=": {"project_id": "p2"}}, ""),
        ({"=": {"user": "the operator p1"}}, "abc"),
        ({"=": {"enabled": "false"}}, "b"),
        ({"=": {"name": 5.0}}, ""),
    ],
)
def test_expressions_choose(member: Caller, filter: Any, names: str) -> None:
    """N24"""
    assert found(member, filter) == list(names)


def test_answers_are_sorted_and_limited(member: Caller) -> None:
    """N24"""
    assert found(member, orderby='[{"severity": "DESC"}]') == ["b", "c", "a"]
    assert found(member, orderby='[{"enabled": "asc"}, {"name": "desc"}]', limit=2) == ["b", "c"]
    assert found(member, orderby=None) == ["c", "b", "a"]  # the newest first


def test_everybody_sees_its_own_and_an_admin_all(member: Caller, admin: Caller) -> None:
    """N24"""
    create(caller("operator", project="p2"), name="z")

    assert found(member) == [*NAMES]
    assert found(caller("reader", project="p2")) == ["z"]
    assert found(admin) == [*NAMES, "z"]
    assert found(admin, {"=": {"project_id": "p2"}}) == ["z"]


def nested(depth: int) -> Any:
    leaf: Any = {"=": {"name": "a"}}
    for _ in range(depth):
        leaf = {"not": leaf}
    return leaf


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"filter": "{"}, "filter: '{' is not allowed; allowed: JSON in a text"),
        ({"filter": {"=": {"name": "a"}}}, "filter: 'an object' is not allowed; allowed: JSON in a text"),
        ({"filter": "[]"}, "filter: 'a list' is not allowed; allowed: an object with an operator as its one key"),
        ({"filter": "{}"}, "filter: 'an object' is not allowed"),
        ({"filter": '{"like": {"name": "a"}}'}, "filter: 'like' is not allowed; allowed: =, !=, <"),
        ({"filter": '{"=": {"rule": "a"}}'}, "filter: 'rule' is not allowed; allowed: alarm_id, name"),
        ({"filter": '{"=": {"name": null}}'}, "filter.name: None is not allowed; allowed: a text"),
        ({"filter": '{"=": {"name": ["a"]}}'}, "filter.name: 'a list' is not allowed; allowed: a text"),
        ({"filter": '{"=": {"name": true}}'}, "filter.name: True is not allowed; allowed: a text"),
        ({"filter": '{"=": {"alarm_id": "x"}}'}, "filter.alarm_id: 'x' is not allowed; allowed: a UUID"),
        ({"filter": '{"=": {"enabled": "x"}}'}, "filter.enabled: 'x' is not allowed; allowed: true, false"),
        (
            {"filter": '{"<": {"timestamp": "x"}}'},
            "filter.timestamp: 'x' is not allowed; allowed: a time in ISO 8601",
        ),
        (
            {"filter": '{"in": {"name": []}}'},
            "filter.name: 'a list' is not allowed; allowed: a list that is not em",
        ),
        (
            {"filter": '{"and": [{"=": {"name": "a"}}]}'},
            "filter.and: 'a list' is not allowed; allowed: a list of two",
        ),
        ({"filter": '{"=~": {"enabled": "t"}}'}, "filter: '=~' is not allowed; allowed: another operator"),
        (
            {"filter": '{"=~": {"name": "(a+)+$"}}'},
            "filter.name: '(a+)+$' is not allowed; allowed: a regular expr",
        ),
        ({"filter": '{"=~": {"name": "[a"}}'}, "filter.name: '[a' is not allowed; allowed: a regular expression"),
        ({"filter": '{"=~": {"name": "a*b*c*"}}'}, "filter.name: 'a*b*c*' is not allowed"),
        (
            {"filter": json.dumps(nested(DEEPEST))},
            "filter: 'deeper than 20' is not allowed; allowed: at most 20 levels",
        ),
        ({"filter": json.dumps({"in": {"name": ["a"] * 101}})}, "filter: 'more than 100 terms' is not allowed"),
        ({"filter": '{"not":' * 100_000}, "filter: "),
        ({"filter": '{"=": {"name": "a\\u0000"}}'}, "filter.name: 'a\\x00' is not allowed; allowed: a text"),
        ({"filter": '{"=~": {"name": "\\ud800"}}'}, "filter.name: "),
        ({"orderby": '{"name": "asc"}'}, "orderby: 'an object' is not allowed"),
        ({"orderby": '[{"name": "up"}]'}, "orderby: 'up' is not allowed; allowed: asc, desc"),
        ({"orderby": '[{"rule": "asc"}]'}, "orderby: 'rule' is not allowed"),
        ({"limit": 0}, "limit: 0 is not allowed; allowed: a number from 1 on"),
        ({"limit": -1}, "limit: -1 is not allowed"),
        ({"limit": "5"}, "limit: '5' is not allowed"),
        ({"where": 1}, "where: 1 is not allowed; allowed: no such field; fields: filter, orderby, limit"),
        ([], "body: 'a list' is not allowed; allowed: an object"),
    ],
)
@db
def test_what_is_wrong_in_a_query_is_named(operator: Caller, body: Any, said: str) -> None:
    """N24"""
    status, text = refused(operator, body)

    assert (status, text[: len(said)]) == (400, said)


names_ = st.sampled_from(["a", "b", "c", "d", "dd", ""])
leaves = st.one_of(
    st.builds(
        lambda op, value: {op: {"name": value}},
        st.sampled_from(["=", "!=", "<", "<=", "=<", ">", ">=", "=>"]),
        names_,
    ),
    st.builds(lambda op, value: {op: {"enabled": value}}, st.sampled_from(["=", "!="]), st.booleans()),
    st.builds(lambda values: {"in": {"name": values}}, st.lists(names_, min_size=1, max_size=3)),
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(
            lambda op, parts: {op: parts}, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)
        ),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=8,
)
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    **{
        "=": ops.eq,
        "!=": ops.ne,
        "<": ops.lt,
        "<=": ops.le,
        "=<": ops.le,
        ">": ops.gt,
        ">=": ops.ge,
        "=>": ops.ge,
    },
    "in": lambda value, asked: value in asked,
}


def means(expression: Any, row: Any) -> bool:
    """What the expression says of a row, told without a database."""
    op, inner = next(iter(expression.items()))
    if op in ("and", "or"):
        return (all if op == "and" else any)(means(part, row) for part in inner)
    if op == "not":
        return not means(inner, row)
    field, value = next(iter(inner.items()))
    return _COMPARED[op](getattr(row, field), value)


def holds(condition: Q, row: Any) -> bool:
    """What the database would make of a compiled condition."""
    lookups = {"exact": ops.eq, "lt": ops.lt, "lte": ops.le, "gt": ops.gt, "gte": ops.ge, "in": _COMPARED["in"]}

    def one(child: Any) -> bool:
        if isinstance(child, Q):
            return holds(child, row)
        name, _, lookup = child[0].partition("__")
        return lookups[lookup](getattr(row, name), child[1])

    joined = (all if condition.connector == Q.AND else any)(map(one, condition.children))
    return joined != condition.negated


@given(expressions, names_, st.booleans())
def test_a_query_finds_what_it_says(expression: Any, name: str, enabled: bool) -> None:
    """N24"""
    row = SimpleNamespace(name=name, enabled=enabled)

    compiled = Query({"filter": json.dumps(expression)}, ALARM_FIELDS).filter

    assert holds(compiled, row) == means(expression, row)


junk = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(OPERATORS)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from((*OPERATORS, *ALARM_FIELDS)), st.text(max_size=3)), inner, max_size=2
        ),
    ),
)


@given(junk, junk, junk)
@settings(max_examples=300)
def test_no_query_breaks_the_reader(filter: Any, orderby: Any, limit: Any) -> None:
    body = {"filter": json.dumps(filter), "orderby": json.dumps(orderby), "limit": limit}
    for sent in (body, filter, {"filter": filter}):
        with suppress(Invalid):
            Query(sent, ALARM_FIELDS)
