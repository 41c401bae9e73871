"""Executors as processes on PostgreSQL: killed, stopped, cut off, joined, replaced. No shard is owned twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from fed_common.monitor.shards.leases import TTL
from fed_common.monitor.shards.ownership import FENCE_AFTER
from fed_common.monitor.shards.session import key_of
from tests.processes import ROOT
from tests.shards import SHARDS, Fleet, Runner, fleet
from tests.tcp_proxy import TcpProxy
from tests.waiting import until

pytestmark = pytest.mark.servers
LEASE = TTL.total_seconds()


class Site:
    """A database, and executors that each reach it over a wire of their own."""

    def __init__(self, executors: Fleet, database_url: str) -> None:
        self.executors, self.database_url = executors, database_url
        self.wires: dict[str, TcpProxy] = {}
        self.overlap_allowed = 0.0

    def start(self, *options: str, as_pool: bool = False) -> Runner:
        """One more executor."""
        parts = urlsplit(self.database_url)
        wire = TcpProxy(parts.port or 5432, as_pool=as_pool)
        name = f"executor-{len(self.wires)}"
        self.wires[name] = wire
        url = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{wire.port}")).geturl()
        return self.executors.start(name, options=options, url=url)[0]

    def settled(self, count: int, *options: str) -> list[Runner]:
        """That many executors with fair shares; those that are started have these options."""
        for one in self.living()[count:]:
            one.stop()
        while len(self.living()) < count:
            self.start(*options)
        self.executors.shared(*self.living())
        return self.living()

    def living(self) -> list[Runner]:
        return [one for one in self.executors.runners if one.running]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Site]:
    name, folder = f"shards_{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("shards")
    url = f"{postgres_url.rpartition('/')[0]}/{name}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"create database {name}")
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env=environment(folder, url), check=True, timeout=120)
    with fleet(folder, url) as executors:
        made = Site(executors, url)
        yield made
    for wire in made.wires.values():
        wire.close()
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"drop database {name} with (force)")


@pytest.fixture(autouse=True)
def never(site: Site) -> Iterator[None]:
    """What must not have happened, whatever the test did."""
    site.overlap_allowed = 0.0
    yield
    assert site.executors.told_twice() == []
    assert site.executors.falling_epochs() == []
    twice = site.executors.owned_twice()
    assert {shard: seconds for shard, seconds in twice.items() if seconds > site.overlap_allowed} == {}


@pytest.fixture
def three(site: Site) -> list[Runner]:
    return site.settled(3)


@pytest.fixture
def four(site: Site) -> list[Runner]:
    """The last one's clock is wrong."""
    return site.settled(4, "--clock", "1")


def environment(folder: Path, url: str) -> dict[str, str]:
    return {**os.environ, "MCFED_DATABASE_URL": url, "MCFED_DATA": str(folder)}


def test_a_killed_executor_is_replaced_with_higher_epochs(site: Site, three: list[Runner]) -> None:  # T92
    dead, *others = three
    before = dead.epochs()
    killed_at = dead.kill()
    took = site.executors.taken_over(*others, within=FENCE_AFTER) - killed_at  # no lease has ended yet
    after = site.executors.shared(*others)
    print(f"taken over after {took * 1000:.0f} ms")
    assert all(after[shard] > epoch for shard, epoch in before.items())


def test_a_fourth_executor_gets_its_share_also_with_a_wrong_clock_and_behind_a_pool(  # T100, T101
    site: Site, three: list[Runner]
) -> None:
    before = {shard: one.name for one in three for shard in one.epochs()}
    fourth = site.start("--clock", "1", as_pool=True)
    until(lambda: fourth.now().get("executors"), within=20)
    site.executors.shared(*three, fourth, within=10)
    after = {shard: one.name for one in (*three, fourth) for shard in one.epochs()}
    moved = {shard for shard in before if before[shard] != after[shard]}
    assert moved == set(fourth.epochs())
    assert len(moved) == SHARDS // 4
    assert {one.now()["watch"] for one in three} == {"lock"}
    assert fourth.now()["watch"] == "lease"


def test_who_was_stopped_or_cut_off_owns_nothing_before_others_do_and_says_nothing_when_it_is_back(  # T95, T96
    site: Site, four: list[Runner]
) -> None:
    *others, cut_off, stopped = four
    stopped.signal(signal.SIGSTOP)
    site.wires[cut_off.name].block()
    until(lambda: cut_off.now()["fenced"] and cut_off.epochs() == {}, within=20)
    site.executors.taken_over(*others)
    believed = len(stopped.beliefs())
    stopped.signal(signal.SIGCONT)
    site.wires[cut_off.name].begin_anew()
    until(lambda: len(stopped.beliefs()) > believed)
    assert stopped.beliefs()[believed].epochs == {}
    until(lambda: stopped.epochs() and cut_off.epochs())


def test_a_rolling_restart_leaves_no_shard_alone_for_a_lease_time(  # T99
    site: Site, three: list[Runner]
) -> None:
    began = time.monotonic()
    for old in three:
        old.stop()
        assert old.epochs() == {}
        new = site.start("--clock", "-1")
        until(lambda new=new: new.epochs(), within=20)
    assert site.executors.longest_gap(began) < LEASE


def test_after_an_outage_for_everybody_all_are_silent_for_a_lease_time_and_begin_with_new_epochs(  # T98
    site: Site, three: list[Runner]
) -> None:
    before = {shard: epoch for one in three for shard, epoch in one.epochs().items()}
    each(three, lambda one: site.wires[one.name].block())
    until(lambda: all(one.epochs() == {} for one in three), within=20)
    each(three, lambda one: site.wires[one.name].resume())
    site.executors.shared(*three)
    for one in three:
        assert all(epoch > before[shard] for shard, epoch in one.epochs().items())
        silent = next(belief for belief in reversed(one.beliefs()) if not belief.epochs)
        assert silent.until - silent.since > LEASE


def test_who_loses_its_session_is_fenced_and_replaced_at_once(site: Site, three: list[Runner]) -> None:
    site.overlap_allowed = FENCE_AFTER  # until it notices; conductors refuse the old epochs meanwhile
    victim, *others = three
    end_session(site.database_url, victim.name)
    site.executors.taken_over(*others, within=FENCE_AFTER)
    until(lambda: victim.epochs() == {})
    assert victim.now()["fenced"]


def each(runners: list[Runner], do: Callable[[Runner], None]) -> None:
    for one in runners:
        do(one)


def end_session(database_url: str, executor: str) -> None:
    """The server ends the session that holds this executor's lock."""
    high, low = divmod(key_of(executor) % 2**64, 2**32)
    with psycopg.connect(database_url, autocommit=True) as server:
        ended = server.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'"
            " and classid = %s and objid = %s and granted",
            [high, low],
        ).fetchall()
    assert ended == [(True,)]
