"""The index gives what a look at every rule would give, whatever came and went before."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fed_common.core.conditions import matches
from fed_common.core.rule_index import Effect, Hit, RuleIndex
from fed_common.core.rules import Condition, Extras, Rule, Term
from fed_common.core.traits import Seen
from tests.examples import event

IDS = [uuid.UUID(int=number) for number in range(6)]
NAMES = ["instance_id", "host", "state", "vcpus", "spot", "launched_at", "event_type", "generated", "absent"]
MOMENT = datetime(2026, 11, 21, tzinfo=UTC)
WORDS = ["vm-1", "vm-2", "error", "1", "1.0", "0", "true", "t", "2026-11-21", "2026-11-21T00:00:00Z", "5", ""]
TYPES_SEEN = ["compute.instance.update", "compute.instance.delete.end", "host.down"]
GLOBS = ["*", "compute.*", "compute.instance.[du]*", "h?st.down", "[!c]*", *TYPES_SEEN]

terms = st.builds(
    Term,
    st.sampled_from(NAMES + [f"traits.{name}" for name in NAMES]),
    st.sampled_from(["eq", "eq", "eq", "ne", "lt", "ge"]),
    st.sampled_from(WORDS),
    st.sampled_from(["", "", "string", "integer", "float", "boolean", "datetime"]),
)
conditions = st.builds(Condition, st.sampled_from(GLOBS), st.lists(terms, max_size=3).map(tuple))
rules = st.builds(
    Rule,
    id=st.sampled_from(IDS),
    name=st.just("r"),
    project_id=st.sampled_from(["", "a", "b"]),
    conditions=st.lists(conditions, min_size=1, max_size=3).map(tuple),
    extras=st.builds(Extras, clear=st.none() | conditions),
)
values = st.sampled_from([*WORDS, 1, 0, 1.0, 5, True, False, None, float("nan"), ["vm-1"], {"a": 1}])
seens = st.builds(
    Seen.of,
    st.builds(
        event,
        type=st.sampled_from(TYPES_SEEN),
        tenant_id=st.sampled_from(["", "a", "b"]),
        instance_id=st.sampled_from(["", "vm-1", "vm-2"]),
        host=st.sampled_from(["", "vm-1"]),
        state=st.sampled_from(["", "error"]),
        payload=st.dictionaries(st.sampled_from([*NAMES, "*"]), values, max_size=5),
    ),
)
steps = st.lists(
    st.tuples(st.just("put"), rules) | st.tuples(st.just("remove"), st.sampled_from(IDS)), max_size=12
)


class Scan:
    """What the index is measured by: every rule, one after the other."""

    def __init__(self) -> None:
        self.rules: dict[uuid.UUID, Rule] = {}

    def put(self, rule: Rule) -> None:
        self.rules.pop(rule.id, None)
        self.rules[rule.id] = rule

    def remove(self, rule_id: uuid.UUID) -> None:
        self.rules.pop(rule_id, None)

    def matching(self, seen: Seen) -> list[Hit]:
        hits = []
        for rule in self.rules.values():
            if rule.project_id in ("", seen.project):
                every = [(Hit(rule.id, part, Effect.RAISE), one) for part, one in enumerate(rule.conditions)]
                every += [(Hit(rule.id, 0, Effect.CLEAR), rule.extras.clear)] if rule.extras.clear else []
                hits += [hit for hit, condition in every if matches(condition, seen)]
        return hits


@settings(max_examples=200, deadline=None)
@given(steps, st.lists(seens, min_size=1, max_size=4))
def test_the_index_finds_what_a_scan_finds_in_the_same_order(changes: list[Any], events: list[Seen]) -> None:
    index, scan = RuleIndex(), Scan()
    for verb, what in changes:
        for one in (index, scan):
            getattr(one, verb)(what)
        for seen in events:
            assert index.matching(seen) == scan.matching(seen)
    assert len(index) == len(scan.rules)


@settings(max_examples=50, deadline=None)
@given(steps)
def test_an_index_from_which_everything_was_taken_holds_nothing(changes: list[Any]) -> None:
    index = RuleIndex()
    for verb, what in changes:
        getattr(index, verb)(what)
    for rule_id in IDS:
        index.remove(rule_id)
    assert len(index) == 0
    assert index._projects == {}


def rule(number: int, *terms: Term, event_type: str = "*", project: str = "a") -> Rule:
    return Rule(uuid.UUID(int=number), f"r{number}", project, (Condition(event_type, terms),))


@pytest.mark.parametrize("name", ["spot", "launched_at", "generated"])
@pytest.mark.parametrize("type", ["", "string", "integer", "float", "boolean", "datetime"])
def test_a_value_is_found_in_whichever_form_the_event_has_it(name: str, type: str) -> None:
    rules = [rule(number, Term(name, "eq", word, type)) for number, word in enumerate(WORDS)]
    index = RuleIndex()
    for one in rules:
        index.put(one)
    for value in (MOMENT,) if name == "generated" else (*WORDS, 1, 0, 5, 1.0, 5.5, True, False):
        seen = Seen("t", "a", {name: value})
        expected = [one.id for one in rules if matches(one.conditions[0], seen)]
        assert [hit.rule_id for hit in index.matching(seen)] == expected


def looked_at(index: RuleIndex, seen: Seen) -> int:
    """How many conditions an event is compared with."""
    found: dict[int, Any] = {}
    for name in {seen.project, ""}:
        if name in index._projects:
            index._projects[name].gather(seen, found)
    return len(found)


@pytest.mark.parametrize("event_type", ["compute.*", "compute.instance.update"])
def test_an_event_is_compared_with_the_rules_of_its_instance_only(event_type: str) -> None:
    index = RuleIndex()
    for number in range(1000):
        state = Term("traits.state", "eq", "error")
        of_instance = Term("traits.instance_id", "eq", f"vm-{number // 2}")
        index.put(rule(number, state, of_instance, event_type=event_type))
    here = {"tenant_id": "a", "type": "compute.instance.update", "state": "error"}
    assert looked_at(index, Seen.of(event(**here, instance_id="vm-7"))) == 2
    assert looked_at(index, Seen.of(event(**here, instance_id="another"))) == 0


def test_rules_of_one_host_are_told_apart_by_the_names_they_ask_for() -> None:
    index = RuleIndex()
    for number in range(1000):
        index.put(rule(number, Term("host", "eq", "h"), Term("display_name", "eq", f"n{number}")))
    assert looked_at(index, Seen.of(event(tenant_id="a", host="h", instance_name="n7"))) < 10


def test_rules_of_one_state_are_told_apart_by_what_else_they_ask_for() -> None:
    index = RuleIndex()
    for number in range(1000):
        index.put(rule(number, Term("state", "eq", "error"), Term("flavor", "eq", f"m{number}")))
    assert looked_at(index, Seen.of(event(tenant_id="a", state="error", payload={"flavor": "m7"}))) <= 2


def test_rules_of_other_types_and_projects_are_not_looked_at() -> None:
    index = RuleIndex()
    for number in range(1000):
        index.put(rule(number, event_type=f"compute.t{number}"))
        index.put(rule(2000 + number, event_type="*", project=f"p{number}"))
        index.put(rule(4000 + number, event_type=f"other.t{number}.*"))
    assert looked_at(index, Seen.of(event(tenant_id="a", type="compute.t7"))) == 1


def test_a_glob_put_or_removed_later_counts_for_types_seen_before() -> None:
    index, seen = RuleIndex(), Seen.of(event(tenant_id="a"))
    assert index.matching(seen) == []
    index.put(rule(1, event_type="compute.*"))
    assert index.matching(seen) == [Hit(uuid.UUID(int=1), 0, Effect.RAISE)]
    index.put(replace(rule(1), conditions=(Condition("network.*"),)))
    assert index.matching(seen) == []
    assert uuid.UUID(int=1) in index
