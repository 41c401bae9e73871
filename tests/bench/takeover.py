"""How long targets are unwatched when an executor is killed: with the lock that is watched, and by lease alone.

Three executors share the shards of 10,000 targets; one after the other is killed with SIGKILL at any
moment and replaced. ``python -m tests.bench.takeover`` runs it alone.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.bench.measure import percentile
from tests.conftest import service
from tests.processes import ROOT
from tests.shards import SHARDS, Fleet, Runner, fleet
from tests.waiting import until

TARGETS, EXECUTORS = 10_000, 3


@dataclass(frozen=True)
class TakeOver:
    """How long each target of the killed had no owner."""

    name: str
    kills: int
    seconds: list[float]

    def row(self) -> str:
        """As a line of the table."""
        figures = (percentile(self.seconds, 0.5), percentile(self.seconds, 0.99), 1000 * max(self.seconds))
        return f"| {self.name} | {self.kills} | " + " | ".join(f"{one:,.0f}" for one in figures) + " |"


def run(name: str, database_url: str, kills: int, *options: str) -> TakeOver:
    """Kill as often, on a database that is empty."""
    with tempfile.TemporaryDirectory() as folder, fleet(Path(folder), database_url) as executors:
        env = {**os.environ, "MCFED_DATABASE_URL": database_url, "MCFED_DATA": folder}
        migrate = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(migrate, cwd=ROOT, env=env, check=True, timeout=120)
        living = executors.start(*(f"executor-{number}" for number in range(EXECUTORS)), options=options)
        until(lambda: all(one.owns_some() for one in living), within=60)
        seconds: list[float] = []
        for number in range(kills):
            seconds += _kill(executors, living)
            living += executors.start(f"executor-{number + EXECUTORS}", options=options)
            until(living[-1].owns_some, within=60)
        return TakeOver(name, kills, seconds)


def main() -> None:
    """Each way, as a table."""
    with _database() as watched, _database() as unwatched, tempfile.TemporaryDirectory() as folder:
        rows = [
            run("PostgreSQL, lock watched", watched, 5),
            run("PostgreSQL, lease alone", unwatched, 3, "--lease-only"),
            run("SQLite, lease alone", f"sqlite:///{folder}/shards.sqlite3", 3),
        ]
    print(table(rows))


def table(rows: list[TakeOver]) -> str:
    """As Markdown."""
    title = f"take-over after kill -9, {EXECUTORS} executors, {TARGETS:,} targets"
    head = f"| {title} | kills | p50 ms | p99 ms | all ms |"
    return "\n".join([head, "|---|---:|---:|---:|---:|", *(one.row() for one in rows)])


def _kill(executors: Fleet, living: list[Runner]) -> list[float]:
    """Kill the first of them; how long each of its targets was nobody's."""
    time.sleep(random.random())  # at any moment between two renewals
    victim = living.pop(0)
    orphans = victim.epochs()
    killed_at = victim.kill()
    executors.taken_over(orphans, *living, since=killed_at)
    seconds = []
    for shard in orphans:
        spans = [one.since for peer in living for one in peer.beliefs() if shard in one.epochs]
        again = min(since for since in spans if since > killed_at)
        seconds += [again - killed_at] * len(range(shard, TARGETS, SHARDS))
    return seconds


@contextmanager
def _database() -> Iterator[str]:
    service("postgres", "start")
    server_url = service("postgres", "url")
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"create database {name}")
    yield f"{server_url.rpartition('/')[0]}/{name}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"drop database {name} with (force)")


if __name__ == "__main__":
    main()
