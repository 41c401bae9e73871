"""The rows an evaluation locks, reads and writes. Call all of it within one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from fed_common.alarms.models import Heard, RuleChange
from fed_common.topics.statements import Statements, as_json

_LOCK = "SELECT id, revision, state FROM alarms_rule WHERE id IN ({}) ORDER BY id"
_HEAR = (
    "INSERT INTO alarms_heard (rule_id, event_id, times, at) {} "
    "ON CONFLICT (rule_id, event_id) DO UPDATE SET times = alarms_heard.times + excluded.times "
    "RETURNING rule_id, event_id, times"
)
_HEARD = (
    "SELECT rule_id, event_id, times, at FROM json_populate_recordset(NULL::alarms_heard, %s::json) WHERE true"
)
_LOCK_ALL = "SELECT id, revision, state FROM alarms_rule WHERE id = ANY(%s::uuid[]) ORDER BY id FOR UPDATE"
_TURN = f"{_LOCK_ALL}; {_HEAR.format(_HEARD)}"
_SAVE = (
    "UPDATE alarms_rule SET state = %s, state_reason = %s, evaluate_timestamp = %s, clear_at = %s, "
    "state_timestamp = COALESCE(%s, state_timestamp) WHERE id = %s"
)
_SAVE_JSON = (
    "UPDATE alarms_rule SET state = new.state, state_reason = new.reason, evaluate_timestamp = new.at, "
    "clear_at = new.clear_at, state_timestamp = COALESCE(new.moved_at, alarms_rule.state_timestamp) "
    "FROM json_to_recordset(%s::json) AS new(id uuid, state text, reason text, at timestamptz, "
    "clear_at timestamptz, moved_at timestamptz) WHERE alarms_rule.id = new.id"
)
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


def take_turn(
    rule_ids: Collection[UUID], told: Mapping[Pair, int], now: datetime
) -> tuple[dict[UUID, StateRow], set[Pair]]:
    """The states of those rules, locked, and which of the pairs of rule and event were not heard before.

    They are locked in one order for everybody, so that no two evaluators wait for each other. ``told`` says how
    often each pair was heard now; that is noted. To PostgreSQL it is one turn.
    """
    keys = {(_id(rule_id), event_id): (rule_id, event_id) for rule_id, event_id in told}
    with connection.cursor() as cursor:
        if _is_postgres():
            cursor.execute(_TURN, [_array(rule_ids), as_json(_plain(keys, told, now))])
            states = cursor.fetchall()
            cursor.nextset()
        else:
            cursor.execute(_LOCK.format(_marks(rule_ids, "%s")), [_id(one) for one in rule_ids])
            states = cursor.fetchall()
            values = [value for own, pair in keys.items() for value in (*own, told[pair], _moment(now))]
            cursor.execute(_HEAR.format(f"VALUES {_marks(keys, '(%s, %s, %s, %s)')}"), values)
        heard = [(keys[rule_id, event_id], times) for rule_id, event_id, times in cursor.fetchall()]
    rows = [StateRow(_ID.to_python(id), *rest) for id, *rest in states]
    return {row.id: row for row in rows}, {pair for pair, times in heard if times == told[pair]}


def save(statements: Statements, rows: Iterable[StateRow]) -> None:
    """Write the states that changed, and no other column: what a person edits meanwhile stays."""
    names = ("id", "state", "reason", "at", "clear_at", "moved_at")
    changed = [(r.id, r.state, r.reason, r.at, r.clear_at, r.at if r.moved else None) for r in rows if r.at]
    if changed and _is_postgres():
        statements.add(_SAVE_JSON, [as_json([dict(zip(names, one, strict=True)) for one in changed])])
        return
    for id, state, reason, *times in changed:
        statements.add(_SAVE, [state, reason, *map(_moment, times), _id(id)])


def causes_of(pairs: Collection[Pair], words: Collection[str]) -> set[tuple[UUID, str | None]]:
    """Which rule made a transition because of which event, as rule and cause."""
    wanted = {f"{event_id}:{word}" for _, event_id in pairs for word in words}
    rows = RuleChange.objects.filter(rule_id__in={rule_id for rule_id, _ in pairs}, cause__in=wanted).order_by()
    return set(rows.values_list("rule_id", "cause"))


def _plain(keys: Mapping[Any, Pair], told: Mapping[Pair, int], now: datetime) -> list[dict[str, Any]]:
    names = ("rule_id", "event_id", "times", "at")
    return [dict(zip(names, (*own, told[pair], now), strict=True)) for own, pair in keys.items()]


def _marks(some: Collection[Any], mark: str) -> str:
    return ", ".join([mark] * len(some))


def _is_postgres() -> bool:
    return connection.vendor == "postgresql"


def _array(ids: Iterable[UUID]) -> str:
    """PostgreSQL's text of an array: quoted once, not one by one."""
    return f"{{{','.join(map(str, ids))}}}"


def _id(rule_id: UUID) -> Any:
    return _ID.get_db_prep_value(rule_id, connection)


def _moment(moment: datetime | None) -> Any:
    return _AT.get_db_prep_value(moment, connection)


_ID, _AT = Heard._meta.get_field("rule_id"), Heard._meta.get_field("at")
