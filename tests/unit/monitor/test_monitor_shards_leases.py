"""The rows of the shards: who gets them, and with which epochs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from fed_common.events.models import Role, Worker
from fed_common.events.ownership import living
from fed_common.monitor.models import SHARDS, Shard
from fed_common.monitor.shards import leases

pytestmark = pytest.mark.django_db
EVERY = range(SHARDS)


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    leases.make_rows()


def expire(name: str) -> None:
    """Its leases have run out."""
    Shard.objects.filter(owner=name).update(expires_at=Now() - timedelta(seconds=1))
    Worker.objects.filter(name=name).update(expires_at=Now() - timedelta(seconds=1))


def test_there_is_a_row_for_every_shard_however_often_they_are_made() -> None:
    Shard.objects.filter(number__gte=200).delete()
    leases.claim("a", [7])
    leases.make_rows()
    leases.make_rows()
    assert list(Shard.objects.order_by("number").values_list("number", flat=True)) == list(EVERY)
    assert leases.look("a").mine == {7: 1}


def test_what_is_owned_cannot_be_claimed_until_it_expires_and_then_has_a_higher_epoch() -> None:
    assert leases.claim("a", EVERY) == dict.fromkeys(EVERY, 1)
    assert leases.claim("b", EVERY) == {}
    expire("a")
    assert leases.claim("b", [1, 2]) == {1: 2, 2: 2}
    assert leases.claim("a", [1, 2, 3]) == {3: 2}
    table = leases.look("b")
    assert table.mine == {1: 2, 2: 2}
    assert table.owners == {**dict.fromkeys(EVERY, ""), 1: "b", 2: "b", 3: "a"}


def test_renewing_keeps_everything_that_is_ours_and_nothing_else() -> None:
    leases.claim("a", [1, 2])
    leases.claim("b", [3])
    expire("a")
    expire("b")
    leases.renew("a")
    assert leases.look("a").mine == {1: 1, 2: 1}
    assert leases.look("a").owners[3] == ""


def test_what_is_given_back_is_free_at_once_and_its_epoch_stays_for_the_next() -> None:
    leases.claim("a", [1, 2])
    leases.release("a", [1, 3])
    leases.release("b", [2])
    assert leases.look("a").mine == {2: 1}
    assert leases.claim("b", [1]) == {1: 2}
    leases.release("b", [1])
    assert leases.claim("a", [1]) == {1: 3}


def test_fresh_epochs_are_for_our_own_alone() -> None:
    leases.claim("a", [1])
    leases.claim("b", [2])
    leases.renumber("a")
    assert leases.look("a").mine == {1: 2}
    assert leases.look("b").mine == {2: 1}


def test_who_announces_itself_lives_until_it_leaves_or_its_time_is_over() -> None:
    leases.announce("b")
    leases.announce("a")
    leases.announce("a")
    Worker.objects.create(name="c", role=Role.LISTENER, expires_at=Now() + leases.TTL)
    assert leases.look("a").alive == living(Role.EXECUTOR) == ["a", "b"]
    leases.leave("a")
    expire("b")
    assert leases.look("a").alive == []


def test_executors_long_gone_are_forgotten() -> None:
    leases.announce("a")
    leases.announce("b")
    Worker.objects.filter(name="a").update(expires_at=Now() - timedelta(minutes=5))
    leases.make_rows()
    assert list(Worker.objects.values_list("name", flat=True)) == ["b"]
