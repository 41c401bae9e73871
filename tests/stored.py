"""What the database really holds."""

from __future__ import annotations

from pathlib import Path

from django.db import connection


def everything() -> bytes:
    """All of it: SQLite's files byte by byte with their journal, of another database every row."""
    if connection.vendor == "sqlite":
        file = Path(str(connection.settings_dict["NAME"]))
        return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += cursor.fetchall()
    return repr(rows).encode()
