"""The house's own ear on the river: what concerns members goes to a conductor, the rest costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fed_common.core.errors import Retryable
from fed_common.core.kinds import Kind
from fed_common.interfaces.publisher import Message
from fed_common.monitor import river
from fed_common.monitor.models import Vnfc
from fed_common.topics import casting
from tests.examples import event
from tests.watched import watched_vim, watched_vnf


class Conductors:
    """What was cast to them."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def instance_events(self, events: list[dict[str, Any]]) -> None:
        self.heard += [one["instance_id"] for one in events]


@pytest.fixture
def conductors(monkeypatch: pytest.MonkeyPatch) -> Conductors:
    made = Conductors()
    monkeypatch.setattr(river, "conductor", lambda: made)
    monkeypatch.setattr(river, "soon", lambda cast: cast() or True)
    return made


@pytest.fixture
def publisher() -> river.MonitorPublisher:
    return river.MonitorPublisher()


@pytest.fixture
def stale(publisher: river.MonitorPublisher) -> Callable[[], None]:
    """What the publisher knows is old now."""

    def age() -> None:
        publisher._members._fresh_until = 0.0

    return age


def message(instance: str, **more: Any) -> Message:
    return Message("", "", b"", event(vim_id="cloud_r1", instance_id=instance, **more))


@pytest.mark.django_db(transaction=True)
def test_only_what_concerns_the_health_of_members_is_passed_on(
    conductors: Conductors, publisher: river.MonitorPublisher
) -> None:
    watched_vnf(watched_vim(), members=2)
    strangers = [message("vm-9"), message("vnf-1", kind=Kind.LOCK), message("")]
    elsewhere = Message("", "", b"", event(vim_id="other_r1", instance_id="vnf-1"))
    assert publisher.publish([*strangers, message("vnf-2"), elsewhere, message("vnf-1")], timeout=1) == []
    assert conductors.heard == ["vnf-2", "vnf-1"]


@pytest.mark.django_db(transaction=True)
def test_members_that_came_or_changed_since_are_known(
    conductors: Conductors, publisher: river.MonitorPublisher, stale: Callable[[], None]
) -> None:
    publisher.publish([message("vnf-1")], timeout=1)
    watched_vnf(watched_vim())
    stale()
    publisher.publish([message("vnf-1")], timeout=1)
    assert conductors.heard == ["vnf-1"]
    Vnfc.objects.all().delete()
    stale()
    publisher.publish([message("vnf-1")], timeout=1)
    assert conductors.heard == ["vnf-1"]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_hangs_holds_the_river_for_a_moment_only(
    conductors: Conductors,
    publisher: river.MonitorPublisher,
    stale: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched_vnf(watched_vim())
    publisher.publish([message("vnf-1")], timeout=1)
    stale()
    looks, answer = [], threading.Event()

    def hang(_self: object) -> object:
        looks.append(1)
        answer.wait(60)
        return None

    monkeypatch.setattr(river.Members, "_changes", hang)
    try:
        for _ in range(50):
            publisher.publish([message("vnf-1")], timeout=1)
    finally:
        answer.set()
    assert len(looks) == 1
    assert len(conductors.heard) == 51


@pytest.mark.django_db(transaction=True)
def test_a_bus_that_takes_nothing_is_told_to_the_river(
    publisher: river.MonitorPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched_vnf(watched_vim())
    monkeypatch.setattr(river, "soon", lambda cast: False)
    with pytest.raises(Retryable):
        publisher.publish([message("vnf-1")], timeout=1)


@pytest.fixture
def slow_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Casts hang until it is set."""
    casting._waiting.cache_clear()
    released = threading.Event()
    yield released
    released.set()
    casting._waiting.cache_clear()


def test_casts_are_done_in_order_by_a_thread_that_may_hang(
    slow_bus: threading.Event, eventually: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casting, "LONGEST", 3)
    done: list[int] = []
    begun = threading.Event()

    def hang() -> None:
        begun.set()
        slow_bus.wait(60)
        raise Retryable("the bus is away")

    assert casting.soon(hang)
    begun.wait(60)
    assert [casting.soon(lambda n=n: done.append(n)) for n in range(5)] == [True, True, True, False, False]
    slow_bus.set()
    eventually(lambda: done == [0, 1, 2])
