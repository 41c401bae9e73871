"""Composite rules: what is refused at the door, and when they hold (N3, N47)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.composite import DEEPEST, holds, parse_tree, tree_to_plain
from fed_common.core.errors import Invalid
from fed_common.core.rules import Condition, Term, Tree
from tests.examples import MOMENT


def leaf(kind: str = "compute.*", **query: str) -> dict[str, Any]:
    terms = [{"field": name, "op": "eq", "value": value, "type": ""} for name, value in query.items()]
    return {"type": "event", "event_type": kind, "query": terms}


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"and": [leaf(), leaf()]}
    for _ in range(depth - 1):
        tree = {"or": [leaf(), tree]}
    return tree


NEARLY = st.recursive(
    st.builds(leaf, st.sampled_from(["*", "a.*", "[a"]), state=st.sampled_from(["error", "active"]))
    | st.sampled_from([{}, None, 7, {"type": "gnocchi_resources_threshold"}, {"type": "event", "x": 1}]),
    lambda inner: st.dictionaries(
        st.sampled_from(["and", "or", "not"]), st.lists(inner, max_size=4) | inner, max_size=2
    ),
    max_leaves=20,
)
trees = st.recursive(
    st.integers(0, 4),
    lambda inner: st.builds(
        Tree, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)
    ),
    max_leaves=10,
).filter(lambda tree: isinstance(tree, Tree))
moments = st.integers(-100, 100).map(lambda seconds: MOMENT + timedelta(seconds=seconds))


def test_conditions_are_numbered_as_they_are_met() -> None:
    plain = {"or": [leaf("a"), {"and": [leaf("b", state="error"), leaf("c")]}, leaf("d")]}
    conditions, tree = parse_tree(plain)
    assert [one.event_type for one in conditions] == ["a", "b", "c", "d"]
    assert conditions[1] == Condition("b", (Term("state", "eq", "error"),))
    assert tree == Tree("or", (0, Tree("and", (1, 2)), 3))
    assert tree_to_plain(conditions, tree) == plain


@pytest.mark.parametrize(
    ("plain", "field", "allowed"),
    [
        ([], "composite_rule", "an object"),
        ({}, "composite_rule", "one key: and, or"),
        ({"and": [leaf(), leaf()], "or": [leaf(), leaf()]}, "composite_rule", "one key: and, or"),
        ({"not": [leaf(), leaf()]}, "composite_rule.not", "and, or"),
        ({"and": leaf()}, "composite_rule.and", "at least 2"),
        ({"and": [leaf()]}, "composite_rule.and", "at least 2"),
        ({"and": [leaf(), 7]}, "composite_rule.and[1]", "an object"),
        ({"and": [leaf(), {}]}, "composite_rule.and[1].type", "event"),
        ({"and": [leaf(), {"type": "prometheus"}]}, "composite_rule.and[1].type", "event"),
        ({"and": [leaf(), {"or": [leaf(), leaf("[a")]}]}, "composite_rule.and[1].or[1].event_type", "closed"),
        ({"and": [leaf(), leaf(**{"a b": "c"})]}, "composite_rule.and[1].query[0].field", "no blanks"),
        ({"and": [leaf()] * 101}, "composite_rule", "at most 100"),
        ({"and": [leaf(**{f"f{n}": "x" for n in range(60)})] * 2}, "composite_rule", "at most 100 terms in all"),
        (nested(DEEPEST + 1), "composite_rule" + ".or[1]" * DEEPEST, "8 levels"),
    ],
)
def test_a_bad_tree_is_refused_by_its_path(plain: object, field: str, allowed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_tree(plain)
    assert refused.value.field == field
    assert allowed in refused.value.allowed


@pytest.mark.parametrize("wrap", [lambda deep: {"and": deep}, lambda deep: {"or": [leaf(), {"event": deep}]}])
def test_what_is_refused_is_not_told_at_length(wrap: Any) -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(Invalid) as refused:
        parse_tree(wrap(deep))
    assert len(str(refused.value)) < 200


def test_eight_levels_are_read_and_ten_thousand_are_refused() -> None:
    parse_tree(nested(DEEPEST))
    with pytest.raises(Invalid):
        parse_tree(nested(10_000))


@given(NEARLY)
def test_reading_a_tree_gives_one_that_reads_back_equal_or_says_invalid(plain: Any) -> None:
    try:
        conditions, tree = parse_tree(plain)
    except Invalid:
        return
    assert parse_tree(tree_to_plain(conditions, tree)) == (conditions, tree)


def test_both_events_within_the_time_hold_and_one_too_old_does_not() -> None:
    """N47"""
    both = Tree("and", (0, 1))
    before = MOMENT - timedelta(seconds=60)
    assert not holds(both, {1: MOMENT}, MOMENT, 60)
    assert holds(both, {0: before, 1: MOMENT}, MOMENT, 60)
    assert not holds(both, {0: before - timedelta(microseconds=1), 1: MOMENT}, MOMENT, 60)


def test_the_longest_time_and_the_first_moment_are_no_trouble() -> None:
    assert holds(Tree("or", (0, 1)), {0: MOMENT}, MOMENT, 30 * 86_400.0)


def by_sets(tree: Tree | int, numbers: frozenset[int]) -> bool:
    """The plain meaning of a tree."""
    if isinstance(tree, int):
        return tree in numbers
    held = [by_sets(part, numbers) for part in tree.parts]
    return False not in held if tree.op == "and" else True in held


@given(trees, st.dictionaries(st.integers(0, 4), moments), moments, st.integers(0, 100))
def test_a_tree_holds_by_what_was_seen_lately(tree: Tree, seen: Any, newest: Any, within: int) -> None:
    fresh = frozenset(part for part, at in seen.items() if (newest - at).total_seconds() <= within)
    assert holds(tree, seen, newest, within) is by_sets(tree, fresh)


@given(trees, st.dictionaries(st.integers(0, 4), moments), st.lists(st.integers(0, 100), min_size=2))
def test_more_time_never_takes_back_that_a_tree_holds(tree: Tree, seen: Any, times: list[int]) -> None:
    for shorter, longer in pairwise(sorted(times)):
        assert holds(tree, seen, MOMENT, longer) or not holds(tree, seen, MOMENT, shorter)
