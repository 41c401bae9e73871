"""What a transaction writes, collected and sent in as few turns as the database allows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection
from django.db.models import Field, JSONField, Model

_INSERT = 'INSERT INTO "{table}" ({columns}) VALUES {rows}'
MOST_VALUES = 30_000
"""SQLite takes 32,766 in one statement."""


class Statements:
    """Statements in their order. PostgreSQL is sent all of them in one turn; Django's own way costs it several.

    ``bulk_create`` quotes each text of an array of texts: with bodies of some KiB that is most of what it costs.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._values: list[list[Any]] = []

    def add(self, text: str, values: list[Any]) -> None:
        """One of them; ``%s`` stands for each value."""
        self._texts.append(text)
        self._values.append(values)

    def insert(self, rows: Sequence[Model]) -> None:
        """New rows of one model, as they are."""
        if not rows:
            return
        meta = rows[0]._meta
        fields = [field for field in meta.concrete_fields if rows[0].pk is not None or not field.primary_key]
        columns = ", ".join(f'"{field.column}"' for field in fields)
        one = f"({', '.join(['%s'] * len(fields))})"
        size = MOST_VALUES // len(fields)
        for at in range(0, len(rows), size):
            some = rows[at : at + size]
            values = [_prepared(field, getattr(row, field.attname)) for row in some for field in fields]
            text = _INSERT.format(table=meta.db_table, columns=columns, rows=", ".join([one] * len(some)))
            self.add(text, values)

    def run(self) -> None:
        """Send them."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql" and self._texts:
                cursor.execute("; ".join(self._texts), [value for some in self._values for value in some])
                return
            for text, values in zip(self._texts, self._values, strict=True):
                cursor.execute(text, values)


def _prepared(field: Field[Any, Any], value: Any) -> Any:
    return _json(value) if isinstance(field, JSONField) else field.get_db_prep_save(value, connection)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value)
