"""The rows an evaluation locks, reads and writes. Call all of it within one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from fed_common.alarms.evaluator.statements import Statements
from fed_common.alarms.models import Heard, RuleChange

_LOCK = "SELECT id, revision, state FROM alarms_rule WHERE id IN ({ids}) ORDER BY id{lock}"
_HEAR = (
    "INSERT INTO alarms_heard (rule_id, event_id, times, at) VALUES {rows} "
    "ON CONFLICT (rule_id, event_id) DO UPDATE SET times = alarms_heard.times + excluded.times "
    "RETURNING rule_id, event_id, times"
)
_SAVE = "UPDATE alarms_rule SET state = %s, state_reason = %s, evaluate_timestamp = %s, clear_at = %s"
_MOVED, _OF = ", state_timestamp = %s", " WHERE id = %s"
Pair = tuple[UUID, str]


@dataclass(slots=True)
class StateRow:
    """A rule's state, locked; ``at``, ``reason`` and ``clear_at`` are of the transition that is to be saved."""

    id: UUID
    revision: int
    state: str
    at: datetime | None = None
    moved: bool = False
    reason: str = ""
    clear_at: datetime | None = None

    def change(self, state: str, reason: str, at: datetime, clear_at: datetime | None) -> None:
        """The rule goes to that state, or tells it once more."""
        self.moved = self.moved or state != self.state
        self.state, self.reason, self.at, self.clear_at = state, reason, at, clear_at


def lock(rule_ids: Collection[UUID]) -> dict[UUID, StateRow]:
    """The states of those rules, in one order for everybody, so that no two evaluators wait for each other."""
    update = " FOR UPDATE" if connection.features.has_select_for_update else ""
    text = _LOCK.format(ids=", ".join(["%s"] * len(rule_ids)), lock=update)
    with connection.cursor() as cursor:
        cursor.execute(text, [_id(one) for one in rule_ids])
        rows = [StateRow(_ID.to_python(id), *rest) for id, *rest in cursor.fetchall()]
    return {row.id: row for row in rows}


def save(statements: Statements, rows: Iterable[StateRow]) -> None:
    """Write the states that changed, and no other column: what a person edits meanwhile stays."""
    for row in rows:
        if row.at:
            times = [_moment(row.at), _moment(row.clear_at), *([_moment(row.at)] if row.moved else [])]
            text = _SAVE + (_MOVED if row.moved else "") + _OF
            statements.add(text, [row.state, row.reason, *times, _id(row.id)])


def hear(pairs: Mapping[Pair, int], now: datetime) -> set[Pair]:
    """Note that these rules heard these events, so and so often; which of them they had not heard before."""
    keys = {(_id(rule_id), event_id): (rule_id, event_id) for rule_id, event_id in pairs}
    values = [value for own, pair in keys.items() for value in (*own, pairs[pair], _moment(now))]
    with connection.cursor() as cursor:
        cursor.execute(_HEAR.format(rows=", ".join(["(%s, %s, %s, %s)"] * len(keys))), values)
        found = [(keys[rule_id, event_id], times) for rule_id, event_id, times in cursor.fetchall()]
    return {pair for pair, times in found if times == pairs[pair]}


def causes_of(pairs: Collection[Pair], words: Collection[str]) -> set[tuple[UUID, str | None]]:
    """Which rule made a transition because of which event, as rule and cause."""
    wanted = {f"{event_id}:{word}" for _, event_id in pairs for word in words}
    rows = RuleChange.objects.filter(rule_id__in={rule_id for rule_id, _ in pairs}, cause__in=wanted).order_by()
    return set(rows.values_list("rule_id", "cause"))


def _id(rule_id: UUID) -> Any:
    return _ID.get_db_prep_value(rule_id, connection)


def _moment(moment: datetime | None) -> Any:
    return _AT.get_db_prep_value(moment, connection)


_ID, _AT = Heard._meta.get_field("rule_id"), Heard._meta.get_field("at")
