"""Executors in one process on SQLite: by lease alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta

import pytest

from fed_common.events.models import Role
from fed_common.events.ownership import living
from fed_common.monitor.models import SHARDS, Shard
from fed_common.monitor.shards import leases, ownership
from fed_common.monitor.shards.ownership import ShardOwnership
from fed_common.topics import database
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


class Executor(ShardOwnership):
    """Remembers what it was told, and counts what it was told to be lost when it was not ours any more."""

    def __init__(self, name: str) -> None:
        self.owned: dict[int, int] = {}
        self.too_late = 0
        self.said: list[tuple[str, dict[int, int]]] = []
        super().__init__(name, self.gained, self.lost)

    def gained(self, epochs: Mapping[int, int]) -> None:
        assert not self.owned.keys() & epochs.keys()
        self.owned.update(epochs)
        self.said.append(("gained", dict(epochs)))

    def lost(self, shards: Collection[int]) -> None:
        with database.reachable():
            self.too_late += Shard.objects.filter(number__in=shards).exclude(owner=self.name).count()
        self.said.append(("lost", {shard: self.owned.pop(shard) for shard in shards}))


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Executor]]:
    """Start executors that renew often."""
    monkeypatch.setattr(ownership, "RENEW_EVERY", 0.2)
    made: list[Executor] = []

    def begin(name: str) -> Executor:
        made.append(Executor(name))
        made[-1].start()
        return made[-1]

    yield begin
    for one in made:
        one.stop()


@pytest.fixture
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (leases, ownership):
        monkeypatch.setattr(module, "TTL", timedelta(seconds=1.2))
    monkeypatch.setattr(ownership, "FENCE_AFTER", 0.8)


def test_one_executor_owns_everything_and_says_how_it_is(start: Callable[..., Executor]) -> None:
    one = start("a")
    until(lambda: one.ready and len(one.owned) == SHARDS)
    assert one.epochs() == one.owned
    assert one.health() == {"shards": SHARDS, "fenced": False, "executors": 1, "watch": "lease"}
    assert living(Role.EXECUTOR) == ["a"]


def test_two_end_with_half_each_and_who_stops_leaves_its_half_at_once(start: Callable[..., Executor]) -> None:
    one = start("a")
    until(lambda: len(one.epochs()) == SHARDS)
    two = start("b")
    until(lambda: len(one.epochs()) == len(two.epochs()) == SHARDS // 2)
    assert one.epochs().keys() | two.epochs().keys() == set(range(SHARDS))
    assert set(two.epochs().values()) == {2}
    half = set(one.epochs())
    one.stop()
    one.stop()
    assert one.owned == one.epochs() == {}
    assert living(Role.EXECUTOR) == ["b"]
    until(lambda: len(two.epochs()) == SHARDS)
    assert all(two.epochs()[shard] == 2 for shard in half)
    assert one.too_late == two.too_late == 0


@pytest.mark.usefixtures("short_leases")
def test_who_cannot_renew_is_fenced_in_time_and_comes_back_in_silence_with_fresh_epochs(  # T98
    start: Callable[..., Executor],
) -> None:
    one = start("a")
    until(lambda: len(one.epochs()) == SHARDS)
    with database._SQLITE_WRITER:
        until(lambda: one.epochs() == {} and one.said[-1][0] == "lost")
        assert one.fenced
        assert len(one.said[-1][1]) == SHARDS
    back = time.monotonic()
    until(lambda: len(one.epochs()) == SHARDS)
    assert time.monotonic() - back > 1.0
    assert one.said[-1] == ("gained", dict(one.epochs()))
    assert min(one.epochs().values()) > 1


@pytest.mark.usefixtures("short_leases")
def test_who_starts_while_the_database_is_away_waits_in_silence_too(start: Callable[..., Executor]) -> None:
    with database._SQLITE_WRITER:
        one = start("a")
        until(lambda: one.fenced)
        assert not one.ready
    until(lambda: one.ready and len(one.epochs()) == SHARDS)


def test_who_never_started_may_be_stopped() -> None:
    Executor("a").stop()
