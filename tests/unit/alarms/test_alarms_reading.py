"""From rows to rules: a row that cannot be used says so and nothing else happens (N6, F7)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.alarms import models
from fed_common.alarms.reading import rule_of
from fed_common.core.alarm import AlarmState, RuleSeverity
from fed_common.core.errors import Invalid
from fed_common.core.rules import Condition, Extras, Term, TimeConstraint, Tree
from tests.examples import MOMENT
from tests.json_values import JSON

QUERY = {"event_type": "compute.*", "query": [{"field": "traits.state", "value": "error"}]}


def row(**changes: Any) -> models.Rule:
    values = {
        "id": UUID(int=7),
        "name": "vm",
        "type": "event",
        "rule": QUERY,
        "project_id": "p",
        "severity": "critical",
        "repeat_actions": True,
        "alarm_actions": ["http://x", "log://"],
        "state_timestamp": MOMENT,
        "revision": 1,
    }
    return models.Rule(**{**values, **changes})


def test_a_row_becomes_the_rule_it_says() -> None:
    rule = rule_of(
        row(
            extras={"clear_after": 5, "clear": {"event_type": "x"}},
            time_constraints=[{"name": "n", "start": "0 0 * * *", "duration": 60}],
        )
    )
    assert (rule.id, rule.name, rule.project_id) == (UUID(int=7), "vm", "p")
    assert rule.conditions == (Condition("compute.*", (Term("traits.state", "eq", "error"),)),)
    assert rule.tree is None
    assert rule.severity is RuleSeverity.CRITICAL
    assert rule.repeat
    assert rule.actions == {AlarmState.ALARM: ("http://x", "log://")}
    assert rule.extras == Extras(clear=Condition("x"), clear_after=5.0)
    assert rule.time_constraints == (TimeConstraint("n", "0 0 * * *", 60),)


def test_a_composite_row_has_a_tree() -> None:
    """N47"""
    leaf = {"type": "event", **QUERY}
    rule = rule_of(row(type="composite", rule={"or": [leaf, leaf]}))
    assert rule.tree == Tree("or", (0, 1))
    assert len(rule.conditions) == 2


def test_a_rule_stored_before_the_limit_was_lowered_can_still_be_used() -> None:
    query = [{"field": f"f{number}", "value": "x"} for number in range(500)]
    assert len(rule_of(row(rule={"query": query})).conditions[0].query) == 500


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "gnocchi_resources_threshold"}, "type"),
        ({"rule": None}, "event_rule"),
        ({"rule": {"query": [{"field": "a", "type": "int", "value": "1"}]}}, "event_rule.query[0].type"),
        ({"type": "composite"}, "composite_rule.event_type"),
        ({"severity": "major"}, "severity"),
        ({"extras": {"x": 1}}, "multicloud.x"),
        ({"time_constraints": [{}]}, "time_constraints[0].name"),
        ({"alarm_actions": "http://x"}, "alarm_actions"),
        ({"ok_actions": [7]}, "ok_actions"),
    ],
)
def test_a_row_that_cannot_be_used_names_what_is_wrong(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rule_of(row(**changes))
    assert refused.value.field == field


COLUMNS = ("rule", "extras", "time_constraints", "ok_actions", "alarm_actions", "insufficient_data_actions")


@given(st.sampled_from(["event", "composite"]), st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, JSON)))
def test_whatever_is_in_a_row_nothing_but_invalid_is_raised(type: str, changes: dict[str, Any]) -> None:
    with suppress(Invalid):
        rule_of(row(type=type, **changes))
