"""What became of deliveries, written into their rows many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db import connection
from django.db.models import Field

from fed_common.core import clock
from fed_common.notify.models import Delivery
from fed_common.notify.sending.tries import Outcome, Try, last_try, wait_after
from fed_common.topics.database import writing
from fed_common.topics.statements import as_json

DATABASE_SECONDS = 10.0
ATTEMPTS_KEPT = 20
COLUMNS = ("state", "tries", "attempts", "reason", "next_try_at", "ended_at")
_UPDATE = (
    f"UPDATE notify_delivery SET {', '.join(f'{name} = %s' for name in COLUMNS)} "  # noqa: S608 - names of our own
    "WHERE id = %s AND ((owner = %s AND state = 'waiting') OR %s)"
)
_UPDATE_JSON = (
    f"UPDATE notify_delivery AS old SET {', '.join(f'{name} = new.{name}' for name in COLUMNS)} "  # noqa: S608
    "FROM json_populate_recordset(NULL::notify_delivery, %s::json) AS new "
    "WHERE old.id = new.id AND ((old.owner = new.owner AND old.state = 'waiting') OR new.state = 'done')"
)


class Result(NamedTuple):
    """A row as it was after a try: its columns, and whose it was."""

    values: tuple[Any, ...]
    id: UUID
    owner: str
    state: str

    @property
    def ended(self) -> bool:
        """Whether there is no further try."""
        return self.state != Delivery.State.WAITING


def note(row: Delivery, one: Try) -> float | None:
    """Write a try into the row, not into the database; seconds until the next one, None: there is none."""
    row.tries += 1
    row.attempts = [*row.attempts, one.to_dict()][-ATTEMPTS_KEPT:]
    row.reason = one.reason
    if one.outcome is Outcome.FAILED and not last_try(row.tries):
        wait = wait_after(row.tries, one.wish)
        row.next_try_at = clock.now() + timedelta(seconds=wait)
        return wait
    row.state = Delivery.State.DONE if one.outcome is Outcome.DELIVERED else Delivery.State.DEAD
    row.next_try_at, row.ended_at = None, clock.now()
    return None


def snapshot(row: Delivery) -> Result:
    """What ``write`` needs of a row as it is now."""
    return Result(tuple(getattr(row, name) for name in COLUMNS), row.id, row.owner, row.state)


def write(results: Sequence[Result]) -> None:
    """Store them. What another process took over is left alone, unless we know it to be delivered.

    Raises Retryable: none is stored. Safe to repeat.
    """
    newest = {one.id: one for one in results}.values()
    with writing(DATABASE_SECONDS), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_UPDATE_JSON, [as_json([_plain(one) for one in newest])])
        else:
            cursor.executemany(_UPDATE, [_adapted(one) for one in newest])


def _plain(one: Result) -> dict[str, Any]:
    return {**dict(zip(COLUMNS, one.values, strict=True)), "id": one.id, "owner": one.owner}


def _adapted(one: Result) -> list[Any]:
    fields = [cast("Field[Any, Any]", Delivery._meta.get_field(name)) for name in (*COLUMNS, "id")]
    pairs = zip(fields, (*one.values, one.id), strict=True)
    adapted = [field.get_db_prep_save(value, connection) for field, value in pairs]
    return [*adapted, one.owner, one.state == Delivery.State.DONE]
