"""Evaluators as processes on PostgreSQL: each transition once, whoever dies, and whatever is away for a while."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from fed_common.core.model import Event
from tests.conftest import empty_database
from tests.evaluated import doctors_rule, update
from tests.processes import ROOT
from tests.tables import lay_tables

pytestmark = pytest.mark.servers
SHOTS, TIMES = 50, 3


class Process:
    """One evaluator."""

    def __init__(self, url: str, folder: Path) -> None:
        env = {**os.environ, "MCFED_DATA": str(folder), "MCFED_DATABASE_URL": url}
        command = [sys.executable, "-m", "tests.evaluator_process"]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._popen = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL, **pipes)
        assert self.answer() == "ready"

    def tell(self, events: Sequence[Event], kill_at: int = 0) -> None:
        """Let it evaluate."""
        plain = {"events": [event.to_dict() for event in events], "kill_at": kill_at}
        self._popen.stdin.write(json.dumps(plain) + "\n")
        self._popen.stdin.flush()

    def answer(self) -> str:
        """The next one; empty when it died."""
        return self._popen.stdout.readline().strip()

    def done(self) -> bool:
        """Whether it did all it was told; False when it died before that."""
        while (answer := self.answer()) == "waits":
            pass
        return answer == "done"

    def stop(self) -> None:
        """End it."""
        self._popen.stdin.close()
        self._popen.wait(60)
        self._popen.stdout.close()


class House:
    """A migrated database, and evaluators on it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self._folder = url, folder
        lay_tables(url)
        self.both = Process(url, folder), Process(url, folder)
        self.doomed = Process(url, folder)  # whoever forks has no connection

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as database:
            cursor = database.execute(query, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def lay(self, instances: Sequence[str], **columns: Any) -> list[str]:
        """A rule of each; their ids."""
        with psycopg.connect(self.url) as database:
            rules = [doctors_rule(name, **columns) for name in instances]
            database.execute("INSERT INTO alarms_revision VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET number = "
                             "alarms_revision.number + 1")  # fmt: skip
            number = database.execute("SELECT number FROM alarms_revision").fetchone()
            for rule in rules:
                rule.revision = number[0] if number else 0
                self._insert(database, rule)
        return [str(rule.pk) for rule in rules]

    def _insert(self, database: Any, rule: Any) -> None:
        fields = rule._meta.concrete_fields
        values = [getattr(rule, field.attname) for field in fields]
        plain = [Jsonb(value) if isinstance(value, dict | list) else value for value in values]
        columns, marks = ", ".join(f'"{field.column}"' for field in fields), ", ".join(["%s"] * len(fields))
        database.execute(f"INSERT INTO alarms_rule ({columns}) VALUES ({marks})", plain)

    def told(self) -> list[str]:
        """Which alarms were told, as often as they were."""
        return [row[0] for row in self.rows("SELECT alarm_id FROM notify_delivery")]

    def raised(self) -> list[str]:
        """Which objects the table says are in trouble."""
        return [row[0] for row in self.rows("SELECT object_id FROM alarms_activealarm WHERE cleared_at IS NULL")]

    def stop(self) -> None:
        for process in (*self.both, self.doomed):
            process.stop()


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[House]:
    """The tables, and two evaluators: they take the longest to be made."""
    with empty_database(postgres_url) as url:
        made = House(url, tmp_path_factory.mktemp("house"))
        yield made
        made.stop()


@pytest.fixture
def house(laid: House) -> House:
    """Without any row. The revision goes on, as it would."""
    tables = (
        "alarms_rule, alarms_rulechange, alarms_heard, alarms_activealarm, alarms_alarmchange, notify_delivery"
    )
    laid.rows(f"TRUNCATE {tables} CASCADE")
    return laid


@contextmanager
def away(url: str, postgres_url: str) -> Iterator[None]:
    """Nobody gets a connection to that database, and those there were are gone."""
    name = url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def names(count: int) -> list[str]:
    return [f"vm-{number}" for number in range(count)]


def test_two_evaluators_fire_each_rule_once(house: House) -> None:
    """N49 N48: fifty rules that fire once, three events each, told to both at the same time."""
    rules = house.lay(names(SHOTS))
    for process in house.both:
        process.tell([update(name) for _ in range(TIMES) for name in names(SHOTS)])
    assert all(process.done() for process in house.both)
    assert sorted(house.told()) == sorted(rules)
    assert house.rows("SELECT count(*) FROM alarms_rulechange") == [(SHOTS,)]
    assert sorted(house.raised()) == sorted(names(SHOTS))


def test_the_same_events_told_to_two_repeat_no_transition(house: House) -> None:
    """N44: one hot rule that repeats; both hear the same twenty events in the opposite order."""
    (rule,) = house.lay(["vm-0"], repeat_actions=True)
    events = [update("vm-0") for _ in range(20)]
    first, second = house.both
    for at in range(20):
        first.tell([events[at]])
        second.tell([events[19 - at]])
    assert all(process.done() for process in (first, second) for _ in events)
    assert house.told() == [rule] * 20
    assert house.rows("SELECT DISTINCT times FROM alarms_heard") == [(2,)]


def test_wherever_an_evaluator_dies_the_next_one_finishes_its_work(house: House) -> None:
    """N59: killed at every step of a batch of two cuts; what was told once is not told again."""
    dying, next_one = house.doomed, house.both[0]
    step, died = 0, True
    while died:  # the last one is past the end of the batch
        step += 1
        instances = [f"vm-{step}-{number}" for number in range(20)]
        rules, events = house.lay(instances), [update(name) for name in instances]
        dying.tell(events, kill_at=step)
        died = dying.answer() == "died"
        next_one.tell(events)
        assert next_one.done()
        told = [alarm for alarm in house.told() if alarm in rules]
        assert sorted(told) == sorted(rules), f"killed at step {step}"
        assert set(instances) <= set(house.raised()), f"killed at step {step}"
    assert step > 6


def test_a_rule_changed_while_it_fires_keeps_the_change(house: House) -> None:
    """N35: renamed forty times while forty events hit it."""
    (rule,) = house.lay(["vm-0"], repeat_actions=True)
    process, _ = house.both
    process.tell([update("vm-0") for _ in range(40)])
    for number in range(40):
        process.tell([update("vm-0")])
        with psycopg.connect(house.url) as database:
            database.execute("UPDATE alarms_revision SET number = number + 1")
            database.execute(
                "UPDATE alarms_rule SET name = %s, revision = (SELECT number FROM alarms_revision) WHERE id = %s",
                (f"name-{number}", rule),
            )
    assert all(process.done() for _ in range(41))
    process.tell([update("vm-0")])
    assert process.done()
    assert house.rows("SELECT name, state FROM alarms_rule") == [("name-39", "alarm")]
    newest = house.rows("SELECT notice ->> 'name' FROM notify_delivery ORDER BY created_at DESC, id DESC LIMIT 1")
    assert newest == [("name-39",)]
    assert len(house.told()) == 81


def test_a_database_that_is_away_delays_and_loses_nothing(house: House, postgres_url: str) -> None:
    """N58: twenty events come while nobody reaches PostgreSQL; what no rule is about passes meanwhile."""
    rules = house.lay(names(20))
    process, _ = house.both
    process.tell([update("somebody-else")])
    assert process.done()
    with away(house.url, postgres_url):
        process.tell([update("somebody-else")])
        assert process.answer() == "done"
        process.tell([update(name) for name in names(20)])
        assert process.answer() == "waits"
    assert process.done()
    assert sorted(house.told()) == sorted(rules)
