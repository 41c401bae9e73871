"""What a caller wants a rule to be, read and judged as a whole before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework.exceptions import PermissionDenied

from fed_common.access.tokens import Identity
from fed_common.alarms.rules.body import AlarmBody
from fed_common.alarms.rules.ownership import NotAuthorized, is_admin
from fed_common.alarms.windows import constraints_to_plain, parse_time_constraints
from fed_common.core import clock
from fed_common.core.alarm import AlarmState, RuleSeverity
from fed_common.core.composite import parse_tree, tree_to_plain
from fed_common.core.conditions import condition_to_plain, parse_condition
from fed_common.core.errors import Invalid
from fed_common.core.extras import extras_to_plain, parse_extras
from fed_common.core.rules import RuleType
from fed_common.notify.services import check_actions

Plain = Mapping[str, Any]

ACTIONS = ("ok_actions", "alarm_actions", "insufficient_data_actions")
_WINDOW = "Time constraint at {start} lasting for {duration} seconds"


@dataclass(frozen=True, slots=True)
class Definition:
    """A sound definition.

    ``columns``     of the rule's row, ready to be stored.
    ``state``       what it shall be; None: nothing is said.
    ``state_seen``  when the state began that the caller has read, if any.
    ``project_id``, ``user_id``  whose it shall be; None: nothing is said.
    """

    columns: Mapping[str, Any]
    state: AlarmState | None = None
    state_seen: datetime | None = None
    project_id: str | None = None
    user_id: str | None = None


def read_definition(sent: object, by: Identity) -> Definition:
    """Read Aodh's body. Raises Invalid, ValidationError naming the field; NotAuthorized: an action for admins."""
    body = AlarmBody(data=sent)
    body.is_valid(raise_exception=True)
    found = {name: value for name, value in body.validated_data.items() if value is not None}
    type = RuleType(found["type"])
    rule = _rule(type, found)
    columns = {
        "name": found["name"],
        "description": found.get("description") or _description(type, rule),
        "enabled": found.get("enabled", True),
        "type": type.value,
        "rule": rule,
        "extras": _extras(type, found),
        "severity": found.get("severity", RuleSeverity.LOW.value),
        "time_constraints": _time_constraints(found),
        "repeat_actions": found.get("repeat_actions", False),
        **{name: _actions(name, found.get(name, []), by) for name in ACTIONS},
    }
    state = AlarmState(found["state"]) if "state" in found else None
    owner = found.get("project_id"), found.get("user_id")
    return Definition(columns, state, clock.parse(found.get("state_timestamp")), *owner)


def _rule(type: RuleType, found: Plain) -> dict[str, Any]:
    for other in RuleType:
        name = f"{other}_rule"
        if (name in found) != (other == type):
            wanted = "an object" if other == type else "nothing"
            raise Invalid(name, found.get(name), f"{wanted}, because the type is {type}")
    if type == RuleType.EVENT:
        return condition_to_plain(parse_condition(found["event_rule"], terms=settings.ALARM_QUERY_TERMS))
    return tree_to_plain(*parse_tree(found["composite_rule"], terms=settings.ALARM_QUERY_TERMS))


def _description(type: RuleType, rule: Plain) -> str:
    """Aodh's, where the caller says nothing."""
    return f"Alarm when {rule['event_type']} event occurred." if type == RuleType.EVENT else f"{type} alarm rule"


def _extras(type: RuleType, found: Plain) -> dict[str, Any]:
    extras = parse_extras(found.get("multicloud"), terms=settings.ALARM_QUERY_TERMS)
    if extras.absent_after and type != RuleType.EVENT:
        raise Invalid("multicloud.absent_after", extras.absent_after, f"0, because the type is {type}")
    return extras_to_plain(extras)


def _time_constraints(found: Plain) -> list[dict[str, Any]]:
    constraints = constraints_to_plain(parse_time_constraints(found.get("time_constraints")))
    return [{**one, "description": one["description"] or _WINDOW.format(**one)} for one in constraints]


def _actions(field: str, actions: list[str], by: Identity) -> list[str]:
    try:
        return check_actions(actions, field=field, admin=is_admin(by))
    except PermissionDenied as error:
        raise NotAuthorized(error.detail) from None
