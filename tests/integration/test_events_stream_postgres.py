"""The live stream over PostgreSQL, where numbers are given before rows are committed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.processes import Deployment, deployed
from tests.serving import watching
from tests.waiting import until

pytestmark = pytest.mark.servers

INSERT = """INSERT INTO events_storedevent
    (event_id, vim_id, instance_id, kind, phase, state, occurred_at, received_at, body)
    VALUES (%s, 'vio_R', 'vm', 'DELETE', 'end', 'deleted', now(), now(), %s)"""

LOOKED = """SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND state = 'idle' AND query LIKE '%%FROM "events_storedevent"%%' AND query_start > %s"""


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database of its own."""
    server, _, _ = postgres_url.rpartition("/")
    name = f"stream_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        yield f"{server}/{name}"
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def gateway(database: str, tmp_path: Path) -> Iterator[Deployment]:
    with deployed(tmp_path, MCFED_DATABASE_URL=database) as deployment:
        deployment.gateway()
        yield deployment


def tell(session: Any, id: str) -> None:
    session.execute(INSERT, (id, json.dumps({"id": id})))


def test_a_row_committed_late_is_heard_in_its_place(gateway: Deployment, database: str) -> None:
    token = gateway.session.headers["X-Auth-Token"]
    with (
        psycopg.connect(database, autocommit=True) as quick,
        psycopg.connect(database) as late,
        watching(gateway.url, str(token), "?after=0") as viewer,
    ):
        tell(quick, "first")
        assert [one["id"] for one in viewer.events(1)] == ["first"]
        tell(late, "second")
        tell(quick, "third")
        told = quick.execute("SELECT clock_timestamp()").fetchone()
        until(lambda: quick.execute(LOOKED, told).fetchone())
        late.commit()

        assert [one["id"] for one in viewer.events(2)] == ["second", "third"]


def test_more_viewers_than_database_connections_hear_everything(gateway: Deployment, database: str) -> None:
    token = str(gateway.session.headers["X-Auth-Token"])
    wanted = [f"e-{number}" for number in range(40)]

    def watch(_number: int) -> list[str]:
        with watching(gateway.url, token, "?after=0") as viewer:
            return [one["id"] for one in viewer.events(len(wanted))]

    with ThreadPoolExecutor(60) as pool, psycopg.connect(database, autocommit=True) as session:
        watched = [pool.submit(watch, number) for number in range(60)]
        for id in wanted:
            tell(session, id)
        heard = [one.result(60) for one in watched]

    assert heard == [wanted] * 60
