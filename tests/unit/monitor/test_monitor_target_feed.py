"""The rows of targets as an executor follows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pytest
from django.db import transaction

from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.core.health import Check, Health, ProbeKind, Target
from fed_common.monitor import models
from fed_common.monitor.executor import targets as module
from fed_common.monitor.executor.targets import TargetFeed, read_changes, read_shards, revision
from fed_common.monitor.targets import remove_targets
from tests.watched import targets_of, watched_vim, watched_vnf

ALL = range(models.SHARDS)


@pytest.mark.django_db
def test_a_target_is_read_as_its_row_says() -> None:
    vnf = watched_vnf(watched_vim(), kinds=[ProbeKind.HTTP])
    moment = clock.now()
    row = targets_of(vnf)[0]
    columns = {"health": "DOWN", "fall": 3, "rise": 2, "not_before": moment, "flapping": True, "retry": 4}
    models.Target.objects.filter(pk=row.pk).update(**columns)
    assert read_shards([row.shard]) == [
        Target(
            id=row.pk,
            action_id=str(vnf.action_id),
            subject=str(vnf.pk),
            shard=row.shard,
            check=Check(ProbeKind.HTTP, "127.0.1.1", 80, row.count, row.interval, row.timeout, 4),
            health=Health.DOWN,
            fall=3,
            rise=2,
            not_before=moment,
            flapping=True,
        )
    ]
    assert read_shards(set(ALL) - {row.shard, *(one.shard for one in targets_of(vnf.vim))}) == []


@pytest.mark.django_db
def test_only_what_changed_since_is_read_again_and_what_is_removed_with_it() -> None:
    vnf = watched_vnf(watched_vim(), members=3)
    before = revision()
    first, second, _ = targets_of(vnf)
    with transaction.atomic():
        remove_targets(models.Target.objects.filter(pk=first.pk))
        number = models.TargetRevision.next()
        models.Target.objects.filter(pk=second.pk).update(address="127.0.9.9", revision=number)
    targets, removed, newest = read_changes(ALL, before)
    assert [(one.id, one.check.address) for one in targets] == [(second.pk, "127.0.9.9")]
    assert (removed, newest) == ([first.pk], revision())
    assert read_changes(ALL, newest) == ([], [], newest)
    assert first.pk not in {one.id for one in read_shards(ALL)}


class Followed:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.now: set[int] = set()
        self.gained: list[set[int]] = []

    def renew(self, shards: Collection[int], targets: Sequence[Target]) -> None:
        self.gained.append(set(shards))
        self.now |= {one.id for one in targets}

    def change(self, targets: Sequence[Target], removed: Sequence[int]) -> None:
        self.now = (self.now | {one.id for one in targets}) - set(removed)


class Following:
    """A feed of all shards."""

    def __init__(self) -> None:
        self.epochs: dict[int, int] = {}
        self.followed = Followed()
        self.feed = TargetFeed(lambda: self.epochs, self.followed)

    def gain(self, shards: Collection[int] = ALL) -> None:
        self.epochs |= dict.fromkeys(shards, 1)
        self.feed.gained(shards)


@pytest.fixture
def following(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Following]:
    monkeypatch.setattr(module, "READ_EVERY", 0.02)
    made = Following()
    made.feed.start()
    yield made
    made.feed.stop()


def ids() -> set[int]:
    return set(models.Target.objects.filter(removed=False).values_list("pk", flat=True))


def test_targets_of_gained_shards_and_all_that_changes_are_followed(following: Following, eventually: Any) -> None:
    vim = watched_vim()
    vnf = watched_vnf(vim, members=2)
    following.gain()
    eventually(lambda: following.followed.now == ids() != set())
    eventually(lambda: following.feed.loaded)
    watched_vnf(vim, "other")
    eventually(lambda: following.followed.now == ids())
    with transaction.atomic():
        remove_targets(models.Target.objects.filter(subject=vnf.pk))
    eventually(lambda: following.followed.now == ids())
    assert following.followed.gained == [set(ALL)]


def test_what_changed_while_a_shard_was_not_ours_is_seen_when_it_is(following: Following, eventually: Any) -> None:
    vnf = watched_vnf(watched_vim())
    shard = targets_of(vnf)[0].shard
    following.gain(set(ALL) - {shard})
    eventually(lambda: following.feed.loaded)
    watched_vnf(vnf.vim, "other")
    eventually(lambda: following.followed.now == {id for id in ids() if id not in _of(shard)})
    following.gain({shard})
    eventually(lambda: following.followed.now == ids())


def test_the_database_may_be_away(following: Following, eventually: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> Any:
        tries.append(1)
        raise Retryable("the database cannot be used now")  # T98

    tries: list[int] = []
    vnf = watched_vnf(watched_vim())
    with monkeypatch.context() as patch:
        patch.setattr(module, "revision", away)
        following.gain()
        eventually(lambda: len(tries) > 2)
        assert not following.feed.loaded
    eventually(lambda: following.followed.now == ids())
    with monkeypatch.context() as patch:
        patch.setattr(module, "read_changes", away)
        tries.clear()
        watched_vnf(vnf.vim, "other")
        eventually(lambda: len(tries) > 2)
        assert following.followed.now != ids()
    eventually(lambda: following.followed.now == ids())


def _of(shard: int) -> set[int]:
    return set(models.Target.objects.filter(shard=shard).values_list("pk", flat=True))
