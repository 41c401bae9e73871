"""Every change of a rule is one of these verbs. One is effective at the next event, whichever process made it.

Locks are taken in one order: the rule's row, the number of changes, the alarm table. An evaluator that moves a
rule's state writes other columns than these verbs do, so neither loses what the other wrote.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from fed_common.access.tokens import Identity
from fed_common.alarms.evaluator.parts import EXPECTED
from fed_common.alarms.models import ActiveAlarm, PartSeen, Revision, Rule, RuleChange
from fed_common.alarms.rules.definition import Definition
from fed_common.alarms.rules.history import ChangeType, definition_of, difference, record, state_of
from fed_common.alarms.rules.ownership import is_admin, owner, visible
from fed_common.alarms.rules.quotas import require_room
from fed_common.alarms.table.writing import Clear, write
from fed_common.core import clock
from fed_common.core.alarm import AlarmState
from fed_common.core.errors import NotFound
from fed_common.notify.models import Delivery
from fed_common.notify.services import hand_over
from fed_common.topics.database import writing

TIMEOUT = 10.0
CLEARED = (AlarmState.OK, AlarmState.INSUFFICIENT)
BY_HAND = "Manually set via API"
_STATE = ("state", "state_reason", "state_timestamp", "clear_at")


def find_rule(rule_id: str, by: Identity) -> Rule:
    """The rule. Raises NotFound: there is none, or it is not the caller's."""
    return _row(rule_id, by)


def create_rule(definition: Definition, by: Identity) -> Rule:
    """Make it. Raises NotAuthorized: for somebody else; PermissionDenied: the quota is used up; Retryable."""
    project_id, user_id = owner(by, definition.project_id, definition.user_id)
    now = clock.now()
    times = {"timestamp": now, "state_timestamp": now, "evaluate_timestamp": now}
    rule = Rule(**definition.columns, project_id=project_id, user_id=user_id, **times)
    rule.state, rule.clear_at = definition.state or rule.state, _missed_at(rule, now)
    with writing(TIMEOUT):
        rule.revision = Revision.next()  # before the count: nobody else creates until this is committed
        require_room(project_id)
        rule.save(force_insert=True)
        record(rule, ChangeType.CREATION, definition_of(rule), by, now)
    return rule


def change_rule(rule_id: str, definition: Definition, by: Identity) -> Rule:
    """Replace its definition, and set its state if the caller knows the present one. Raises as ``set_state``."""
    now, gone = clock.now(), list[Delivery]()
    with writing(TIMEOUT):
        rule = _row(rule_id, by, for_change=True)
        before, was_enabled, waited = definition_of(rule), rule.enabled, _missed_at(rule, now)
        _put(rule, definition, by)
        state = _wanted_state(rule, definition)
        if state:
            _set_state(rule, state, now)
        rule.timestamp, rule.quarantine, rule.revision = now, "", Revision.next()
        rule.save(update_fields=[*_written(definition), *(_STATE if state else ())])
        if waited or _missed_at(rule, now):
            _wait_anew(rule, now)
        detail = difference(before, definition_of(rule))
        if "rule" in detail or "type" in detail:
            PartSeen.objects.filter(rule_id=rule.id, part__gte=0).delete()
        change = record(rule, ChangeType.RULE_CHANGE, detail, by, now) if detail else None
        if change and (state in CLEARED or (was_enabled and not rule.enabled)):
            gone = _cleared(change)
    _tell(gone)
    return rule


def set_state(rule_id: str, state: AlarmState, by: Identity) -> Rule:
    """Set its state by hand; no action is sent, as in Aodh; any but ``alarm`` clears its alarms.

    Raises NotFound: there is none, or it is not the caller's; Retryable.
    """
    now, gone = clock.now(), list[Delivery]()
    with writing(TIMEOUT):
        rule = _row(rule_id, by, for_change=True)
        _set_state(rule, state, now)
        rule.save(update_fields=_STATE)
        change = record(rule, ChangeType.STATE_TRANSITION, state_of(rule), by, now)
        if state in CLEARED:
            gone = _cleared(change)
    _tell(gone)
    return rule


def delete_rule(rule_id: str, by: Identity) -> None:
    """Delete it; its history stays. Raises NotFound, Retryable."""
    with writing(TIMEOUT):
        rule = _row(rule_id, by, for_change=True)
        rule.deleted_at, rule.revision = clock.now(), Revision.next()
        rule.save(update_fields=["deleted_at", "revision"])
        PartSeen.objects.filter(rule_id=rule.id).delete()
        change = record(rule, ChangeType.DELETION, {"state": rule.state}, by, rule.deleted_at)
        gone = _cleared(change)
    _tell(gone)


def _row(rule_id: str, by: Identity, *, for_change: bool = False) -> Rule:
    rows = Rule.objects.select_for_update() if for_change else Rule.objects.all()
    try:
        found = visible(rows.filter(id=UUID(rule_id), deleted_at__isnull=True), by).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("alarm", rule_id)
    return found


def _put(rule: Rule, definition: Definition, by: Identity) -> None:
    for name, value in definition.columns.items():
        setattr(rule, name, value)
    if is_admin(by):
        rule.project_id = rule.project_id if definition.project_id is None else definition.project_id
        rule.user_id = rule.user_id if definition.user_id is None else definition.user_id


def _written(definition: Definition) -> list[str]:
    return [*definition.columns, "project_id", "user_id", "timestamp", "quarantine", "revision"]


def _wanted_state(rule: Rule, definition: Definition) -> AlarmState | None:
    """The state to set; None: it stays.

    Clients send back what they read. When the state has moved since, what they read is no wish of theirs.
    """
    outdated = definition.state_seen and definition.state_seen != rule.state_timestamp
    return None if outdated or definition.state == rule.state else definition.state


def _set_state(rule: Rule, state: AlarmState, now: datetime) -> None:
    rule.state, rule.state_reason, rule.state_timestamp = state, BY_HAND, now
    rule.clear_at = _missed_at(rule, now)


def _missed_at(rule: Rule, now: datetime) -> datetime | None:
    """When the next event of a rule that waits for events is missed; None: it waits for none."""
    seconds = rule.extras.get("absent_after")
    return now + timedelta(seconds=seconds) if seconds else None


def _wait_anew(rule: Rule, now: datetime) -> None:
    """As if it were new: what it is, or whom it waits for, is another matter now."""
    rule.clear_at = _missed_at(rule, now)
    rule.save(update_fields=["clear_at"])
    PartSeen.objects.filter(rule_id=rule.id, part=EXPECTED).delete()


def _cleared(change: RuleChange) -> list[Delivery]:
    """Clear what the rule has in the table of active alarms; what has to be told of it."""
    open_alarms = ActiveAlarm.objects.filter(rule_id=change.rule_id, cleared_at__isnull=True)
    if not open_alarms.exists():
        return []
    clear = Clear(str(change.rule_id), change.timestamp, str(change.id), rule_id=change.rule_id)
    return write([clear], by=change.user_id)


def _tell(deliveries: list[Delivery]) -> None:
    if deliveries:
        hand_over(deliveries)
