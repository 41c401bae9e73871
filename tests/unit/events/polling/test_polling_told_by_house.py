"""What the house told of a host that failed is not told again by the cloud's own notification (N79)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import DropReason
from fed_common.core.model import Event
from fed_common.events.polling.told import Lookout, ToldByPoll, remember_house, told_of
from tests.examples import event

VIM, UPDATE = "vio_RegionOne", "compute.instance.update"


def error(id: str, instance: str = "vm-1", **changes: Any) -> Event:
    now = clock.now()
    what = {"type": UPDATE, "kind": Kind.ERROR, "phase": Phase.MOMENT, "occurred_at": now, "received_at": now}
    return event(id, instance_id=instance, **{**what, **changes})


@pytest.mark.django_db
def test_a_failure_is_asked_for_before_it_is_told() -> None:
    told = ToldByPoll(Lookout(VIM))
    assert told.repeats(error("before")) is None
    remember_house(VIM, ["vm-1", "vm-2"], Kind.ERROR, UPDATE, within=10)
    assert told.wait(threading.Event())  # the next batch begins
    assert told.repeats(error("e-1")) is DropReason.TOLD_BY_POLL
    assert told.repeats(error("e-1")) is DropReason.TOLD_BY_POLL  # redelivered
    assert told.repeats(error("e-2")) is None  # another one
    assert told.repeats(error("e-3", "vm-3")) is None
    assert told.repeats(error("e-4", "vm-2", kind=Kind.POWER_OFF)) is None


@pytest.mark.django_db
def test_only_what_is_new_is_read(django_assert_num_queries: Any) -> None:
    look = Lookout(VIM)
    assert look() == []
    with django_assert_num_queries(1):
        assert look() == []
    remember_house("another_RegionOne", ["vm-1"], Kind.ERROR, UPDATE, within=10)
    assert look() == []
    for instance in ("vm-1", "vm-2"):
        remember_house(VIM, [instance], Kind.ERROR, UPDATE, within=10)
        assert look()[-1].instance_id == instance
        assert look() == []


@pytest.mark.django_db
def test_what_happens_after_it_is_known_is_news_to_the_inventory() -> None:
    remember_house(VIM, ["vm-1"], Kind.ERROR, UPDATE, within=10)
    told = ToldByPoll()
    told.learn(told_of([VIM]))
    assert not told.overtaken(error("later", occurred_at=clock.now()))
    assert told.overtaken(error("before", occurred_at=clock.now() - timedelta(seconds=60)))


def test_without_a_database_it_is_told() -> None:
    def look() -> list[Any]:
        raise Retryable("no database")

    assert ToldByPoll(look).repeats(error("e-1")) is None
