"""From the row of a rule to the rule that is evaluated."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from fed_common.alarms import models
from fed_common.alarms.windows import parse_time_constraints
from fed_common.core.alarm import AlarmState, RuleSeverity
from fed_common.core.composite import parse_tree
from fed_common.core.conditions import parse_condition
from fed_common.core.errors import Invalid
from fed_common.core.extras import parse_extras
from fed_common.core.rules import Condition, Rule, RuleType, Tree

ANY_NUMBER = sys.maxsize
"""Of terms: the limit holds for what is created, not for what was stored before it was lowered."""


def rule_of(row: models.Rule) -> Rule:
    """The rule that a row says. Raises Invalid when it cannot be used: it must go to quarantine then."""
    conditions, tree = _conditions(row)
    return Rule(
        id=row.id,
        name=row.name,
        project_id=row.project_id,
        conditions=conditions,
        tree=tree,
        severity=_severity(row.severity),
        repeat=row.repeat_actions,
        time_constraints=parse_time_constraints(row.time_constraints),
        actions=_actions(row),
        extras=parse_extras(row.extras, terms=ANY_NUMBER),
    )


def _conditions(row: models.Rule) -> tuple[tuple[Condition, ...], Tree | None]:
    if row.type == RuleType.EVENT:
        return (parse_condition(row.rule, terms=ANY_NUMBER),), None
    if row.type == RuleType.COMPOSITE:
        return parse_tree(row.rule, terms=ANY_NUMBER)
    raise Invalid("type", row.type, [word.value for word in RuleType])


def _severity(word: str) -> RuleSeverity:
    if word not in list(RuleSeverity):
        raise Invalid("severity", word, [one.value for one in RuleSeverity])
    return RuleSeverity(word)


def _actions(row: models.Rule) -> Mapping[AlarmState, tuple[str, ...]]:
    columns = {
        AlarmState.OK: ("ok_actions", row.ok_actions),
        AlarmState.ALARM: ("alarm_actions", row.alarm_actions),
        AlarmState.INSUFFICIENT: ("insufficient_data_actions", row.insufficient_data_actions),
    }
    for name, urls in columns.values():
        if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
            raise Invalid(name, urls, "a list of URLs")
    return {state: tuple(urls) for state, (_, urls) in columns.items() if urls}
