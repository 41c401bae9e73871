"""Many rows at once, in as few turns as the database allows.

Django's ``bulk_create`` prepares and quotes each value by itself, which for rows with bodies is most of what they
cost. PostgreSQL is sent all rows as one JSON text instead, and takes them apart.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.models import Field, JSONField, Model

MOST_VALUES = 30_000
"""SQLite takes 32,766 in one statement."""


class Statements:
    """Statements in their order, kept until ``run``. Make and run it within one transaction."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._values: list[list[Any]] = []

    def add(self, text: str, values: list[Any]) -> None:
        """One of them; ``%s`` stands for each value."""
        self._texts.append(text)
        self._values.append(values)

    def insert(self, rows: Sequence[Model], *, replace: Sequence[str] = ()) -> None:
        """New rows of one model, as they are; of one that is there by its primary key, ``replace`` is written."""
        if not rows:
            return
        fields = _fields(type(rows[0]), keyed=rows[0].pk is not None)
        if connection.vendor == "postgresql":
            plain = [{field.column: getattr(row, field.attname) for field in fields} for row in rows]
            self.add(_insert_json(type(rows[0]), fields) + _replacing(rows[0], replace), [as_json(plain)])
            return
        size = MOST_VALUES // len(fields)
        for at in range(0, len(rows), size):
            some = rows[at : at + size]
            values = [_prepared(field, getattr(row, field.attname)) for row in some for field in fields]
            self.add(_insert_values(type(some[0]), fields, len(some)) + _replacing(rows[0], replace), values)

    def run(self) -> None:
        """Send them: to PostgreSQL in one turn."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql" and self._texts:
                cursor.execute("; ".join(self._texts), [value for some in self._values for value in some])
                return
            for text, values in zip(self._texts, self._values, strict=True):
                cursor.execute(text, values)


def insert(rows: Sequence[Model], *, replace: Sequence[str] = ()) -> None:
    """Only this: see ``Statements.insert``. Call it in a transaction."""
    statements = Statements()
    statements.insert(rows, replace=replace)
    statements.run()


def as_json(value: Any) -> str:
    """Its JSON text; times and UUIDs as PostgreSQL reads them."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, default=_iso)


def _iso(value: Any) -> str:
    """What orjson knows beside JSON, in its form."""
    return str(value.isoformat()) if isinstance(value, datetime) else str(value)


def _fields(model: type[Model], *, keyed: bool) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if keyed or not field.primary_key]


def _insert_json(model: type[Model], fields: Sequence[Field[Any, Any]]) -> str:
    return _json_text(model._meta.db_table, tuple(field.column for field in fields))


@cache
def _json_text(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{one}"' for one in columns)
    rows = f'json_populate_recordset(NULL::"{table}", %s::json)'
    return f'INSERT INTO "{table}" ({names}) SELECT {names} FROM {rows}'  # noqa: S608 - names of our own


def _insert_values(model: type[Model], fields: Sequence[Field[Any, Any]], count: int) -> str:
    names = ", ".join(f'"{field.column}"' for field in fields)
    one = f"({', '.join(['%s'] * len(fields))})"
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {", ".join([one] * count)}'  # noqa: S608


def _replacing(row: Model, names: Sequence[str]) -> str:
    if not names:
        return ""
    meta = row._meta
    columns = [meta.get_field(name).column for name in names]  # type: ignore[union-attr]
    changes = ", ".join(f'"{one}" = excluded."{one}"' for one in columns)
    return f' ON CONFLICT ("{meta.pk.column}") DO UPDATE SET {changes}'


def _prepared(field: Field[Any, Any], value: Any) -> Any:
    return as_json(value) if isinstance(field, JSONField) else field.get_db_prep_save(value, connection)
