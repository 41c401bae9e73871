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

DATABASE_SECONDS = 10.0
ATTEMPTS_KEPT = 20
COLUMNS = ("state", "tries", "attempts", "reason", "next_try_at", "ended_at")


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
    with writing(DATABASE_SECONDS), connection.cursor() as cursor:
        cursor.executemany(_statement(), [_adapted(one) for one in results])


def _statement() -> str:
    quote = connection.ops.quote_name
    changes = ", ".join(f"{quote(name)} = %s" for name in COLUMNS)
    return (
        f"UPDATE {quote(Delivery._meta.db_table)} SET {changes} "  # noqa: S608 - names of our own
        f"WHERE id = %s AND ((owner = %s AND state = 'waiting') OR %s)"
    )


def _adapted(one: Result) -> list[Any]:
    fields = [cast("Field[Any, Any]", Delivery._meta.get_field(name)) for name in (*COLUMNS, "id")]
    pairs = zip(fields, (*one.values, one.id), strict=True)
    adapted = [field.get_db_prep_save(value, connection) for field, value in pairs]
    return [*adapted, one.owner, one.state == Delivery.State.DONE]
