"""Executors as processes on PostgreSQL: killed, stopped, cut off, joined, replaced. No shard is owned twice."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from fed_common.monitor.shards.leases import TTL
from fed_common.monitor.shards.ownership import FENCE_AFTER
from fed_common.monitor.shards.session import key_of
from tests.conftest import empty_database
from tests.shards import SHARDS, Fleet, Runner, fleet
from tests.tables import lay_tables
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

    def is_waited_for(self, executor: Runner) -> None:
        """Wait until every other one waits for the end of its session."""
        waiting = (
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            " and classid = %s and objid = %s"
            " and database = (select oid from pg_database where datname = current_database())"
        )
        with psycopg.connect(self.database_url, autocommit=True) as server:
            others = len(self.living()) - 1
            until(lambda: server.execute(waiting, _lock(executor)).fetchone() == (others,))

    def lengthen(self, gone: Runner) -> None:
        """What it has not given back has an hour yet: whoever gets it now did not wait for a lease to end."""
        with psycopg.connect(self.database_url) as server:
            longer = "update monitor_shard set expires_at = expires_at + interval '1 hour' where owner = %s"
            server.execute(longer, [gone.name])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Site]:
    with empty_database(postgres_url) as url:
        lay_tables(url)
        with fleet(tmp_path_factory.mktemp("shards"), url) as executors:
            made = Site(executors, url)
            yield made
        for wire in made.wires.values():
            wire.close()


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


def test_a_killed_executor_is_replaced_with_higher_epochs(site: Site, three: list[Runner]) -> None:  # T92
    dead, *others = three
    before = dead.epochs()
    site.is_waited_for(dead)
    killed_at = dead.kill()
    site.lengthen(dead)
    took = site.executors.taken_over(before, *others, since=killed_at) - killed_at
    after = site.executors.shared(*others)
    print(f"taken over after {took * 1000:.0f} ms")
    assert all(after[shard] > epoch for shard, epoch in before.items())


def test_a_fourth_executor_gets_its_share_also_with_a_wrong_clock_and_behind_a_pool(  # T100, T101
    site: Site, three: list[Runner]
) -> None:
    before = {shard: one.name for one in three for shard in one.epochs()}
    fourth = site.start("--clock", "1", as_pool=True)
    until(lambda: fourth.now().get("executors"), within=60)
    site.executors.shared(*three, fourth)
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
    before, began = {**cut_off.epochs(), **stopped.epochs()}, time.monotonic()
    stopped.signal(signal.SIGSTOP)
    site.wires[cut_off.name].block()
    until(lambda: cut_off.now()["fenced"] and cut_off.epochs() == {}, within=60)
    site.executors.taken_over(before, *others, since=began)
    believed = len(stopped.beliefs())
    stopped.signal(signal.SIGCONT)
    site.wires[cut_off.name].begin_anew()
    until(lambda: len(stopped.beliefs()) > believed, within=60)
    assert stopped.beliefs()[believed].epochs == {}
    until(lambda: stopped.epochs() and cut_off.epochs(), within=60)


def test_in_a_rolling_restart_no_shard_waits_for_a_lease_to_end(  # T99
    site: Site, three: list[Runner]
) -> None:
    for old in three:
        before, began = old.epochs(), time.monotonic()
        old.stop()
        assert old.epochs() == {}
        site.lengthen(old)
        site.executors.taken_over(before, *site.living(), since=began)
        site.start("--clock", "-1")
        site.executors.shared(*site.living())


def test_after_an_outage_for_everybody_all_are_silent_for_a_lease_time_and_begin_with_new_epochs(  # T98
    site: Site, three: list[Runner]
) -> None:
    before = {shard: epoch for one in three for shard, epoch in one.epochs().items()}
    each(three, lambda one: site.wires[one.name].block())
    until(lambda: all(one.epochs() == {} for one in three), within=60)
    each(three, lambda one: site.wires[one.name].resume())
    site.executors.shared(*three)
    for one in three:
        assert all(epoch > before[shard] for shard, epoch in one.epochs().items())
        silent = next(belief for belief in reversed(one.beliefs()) if not belief.epochs)
        assert silent.until - silent.since > LEASE


def test_who_loses_its_session_is_fenced_and_replaced_at_once(site: Site, three: list[Runner]) -> None:
    site.overlap_allowed = FENCE_AFTER  # until it notices; conductors refuse the old epochs meanwhile
    victim, *others = three
    before, began = victim.epochs(), time.monotonic()
    site.is_waited_for(victim)
    end_session(site.database_url, victim)
    site.executors.taken_over(before, *others, since=began)  # its leases go on: it renews them when it is back
    until(lambda: any(line.get("since", 0) > began and line.get("fenced") for line in victim.said()), within=60)


def each(runners: list[Runner], do: Callable[[Runner], None]) -> None:
    for one in runners:
        do(one)


def end_session(database_url: str, executor: Runner) -> None:
    """The server ends the session that holds this executor's lock."""
    with psycopg.connect(database_url, autocommit=True) as server:
        ended = server.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'"
            " and classid = %s and objid = %s and granted",
            _lock(executor),
        ).fetchall()
    assert ended == [(True,)]


def _lock(executor: Runner) -> tuple[int, int]:
    """As pg_locks shows the key."""
    return divmod(key_of(executor.name) % 2**64, 2**32)
