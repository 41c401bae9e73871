"""The alarm table on a real PostgreSQL, written by several processes at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import empty_database
from tests.processes import ROOT
from tests.tables import lay_tables

pytestmark = pytest.mark.servers
WRITERS, BATCHES, OBJECTS = 3, 8, 40
HEAD = """
import sys
from datetime import UTC, datetime, timedelta
from fed_common.alarms.table.writing import Clear, Raise, write
from fed_common.core.alarm import ManagedObject, ObjectType, Severity
start, name = datetime(2026, 11, 21, tzinfo=UTC), __import__("os").environ["WRITER"]
def about(n): return ManagedObject("a_b", ObjectType.INSTANCE, f"i{n}", "x" * 400)
def when(at): return start + timedelta(seconds=at)
def raised(n, cause, at): return Raise(about(n), "p", "broke", Severity.MAJOR, when(at), cause)
def cleared(n, cause, at): return Clear("p", when(at), cause, about(n))
print("ready", flush=True); sys.stdin.readline()
"""
SAME = (
    HEAD
    + f"""
for batch in range({BATCHES}):
    change = cleared if batch % 2 else raised
    write([change(n, f"e{{batch}}:{{n}}", batch) for n in range({OBJECTS})])
"""
)
OWN = (
    HEAD
    + f"""
for batch in range({BATCHES}):
    change = cleared if batch % 2 else raised
    write([change(n, f"{{name}}:{{batch}}:{{n}}", 7) for n in range({OBJECTS})])
"""
)


@pytest.fixture(scope="module")
def env(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with empty_database(postgres_url) as url:
        lay_tables(url)
        yield {**os.environ, "MCFED_DATABASE_URL": url, "MCFED_DATA": str(tmp_path_factory.mktemp("table"))}


@pytest.fixture
def database_url(env: dict[str, str]) -> str:
    """The table is empty."""
    with psycopg.connect(env["MCFED_DATABASE_URL"]) as connection:
        connection.execute("truncate alarms_activealarm, alarms_alarmchange, alarms_tablesequence")
    return env["MCFED_DATABASE_URL"]


def written_by_many(code: str, env: dict[str, str]) -> None:
    """Several processes that begin together."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    writers = [subprocess.Popen(command, env={**env, "WRITER": str(n)}, **pipes) for n in range(WRITERS)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"  # type: ignore[union-attr]
    for writer in writers:
        writer.stdin.write("go\n")  # type: ignore[union-attr]
        writer.stdin.flush()  # type: ignore[union-attr]
    assert [writer.wait(120) for writer in writers] == [0] * WRITERS
    for writer in writers:
        writer.communicate()


def changes(database_url: str) -> list[tuple[int, str, str]]:
    with psycopg.connect(database_url) as connection:
        query = (
            "select sequence, alarm_id::text, kind from alarms_alarmchange where sequence is not null order by 1"
        )
        return connection.execute(query).fetchall()


def test_what_every_process_hears_happens_once(env: dict[str, str], database_url: str) -> None:
    """N49 for the table: each of three processes writes every change."""
    written_by_many(SAME, env)

    found = changes(database_url)
    assert [sequence for sequence, _, _ in found] == list(range(1, len(found) + 1))
    assert Counter(kind for _, _, kind in found) == {
        "raised": BATCHES // 2 * OBJECTS,
        "cleared": BATCHES // 2 * OBJECTS,
    }
    assert len({alarm for _, alarm, _ in found}) == OBJECTS


def test_writers_take_turns(env: dict[str, str], database_url: str) -> None:
    """N87: numbers without gaps; of each alarm, raise and clear take turns whoever writes them."""
    written_by_many(OWN, env)

    found = changes(database_url)
    assert [sequence for sequence, _, _ in found] == list(range(1, len(found) + 1))
    lives: dict[str, list[str]] = {}
    for _, alarm, kind in found:
        lives.setdefault(alarm, []).append(kind)
    assert len(lives) == OBJECTS
    for life in lives.values():
        assert life == ["raised", "cleared"] * (len(life) // 2), json.dumps(life)
