"""The order of lanes and the shares of endpoints, whatever comes in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from fed_common.notify.sending.endpoints import Endpoints
from fed_common.notify.sending.parcels import Item, Lanes, Parcel

THEN = datetime(2026, 11, 21, tzinfo=UTC)
number = st.integers(0, 3)


def item(lane: int, moment: int) -> Item:
    row: Any = SimpleNamespace(
        id=UUID(int=moment), lane=str(lane), created_at=THEN + timedelta(seconds=moment), endpoint="e", tries=0
    )
    return Item(row, None, None)  # type: ignore[arg-type]


class World:
    """Parcels under way by the rules of the outbox; checks that of a lane one is under way at a time."""

    def __init__(self) -> None:
        self.lanes, self.made = Lanes(), 0
        self.opened: list[Parcel] = []
        self.under_way: list[Parcel] = []
        self.finished: list[Item] = []

    def step(self, step: str, choice: int, moment: int) -> None:
        new = item(choice, moment)
        if step == "done" and self.under_way:
            self.end(self.under_way[choice % len(self.under_way)])
        elif step == "close" and self.opened:
            self.close(self.opened[choice % len(self.opened)])
        elif step == "join" and self.opened:
            self.made += self.lanes.join(self.opened[-1], new)
        elif step in ("add", "open"):
            self.add(new, open=step == "open")

    def add(self, new: Item, *, open: bool) -> None:
        self.made += 1
        parcel = Parcel([new], waits_for=int(open))
        self.lanes.add(parcel, new)
        if open:
            self.opened.append(parcel)
        self.begin(parcel)

    def begin(self, parcel: Parcel) -> None:
        if parcel.waits_for:
            return
        busy = {one.row.lane for other in self.under_way for one in other.items}
        assert busy.isdisjoint(one.row.lane for one in parcel.items)
        parcel.started = True
        self.under_way.append(parcel)

    def end(self, parcel: Parcel) -> None:
        self.under_way.remove(parcel)
        self.finished.extend(parcel.items)
        for unblocked in self.lanes.done(parcel):
            self.begin(unblocked)

    def close(self, parcel: Parcel) -> None:
        self.opened.remove(parcel)
        parcel.waits_for -= 1
        self.begin(parcel)


@given(st.lists(st.tuples(st.sampled_from(["add", "open", "join", "close", "done"]), number), max_size=60))
def test_of_each_lane_one_is_under_way_the_oldest_first_and_all_have_their_turn(
    steps: list[tuple[str, int]],
) -> None:
    world = World()
    for moment, (step, choice) in enumerate(steps):
        world.step(step, choice, moment)
    while world.opened:
        world.close(world.opened[0])
    while world.under_way:
        world.end(world.under_way[0])

    assert len(world.finished) == world.made
    assert not len(world.lanes)
    for lane in map(str, range(4)):
        moments = [one.row.created_at for one in world.finished if one.row.lane == lane]
        assert moments == sorted(moments)


def test_an_older_one_that_comes_late_goes_before_those_that_have_not_begun() -> None:
    lanes = Lanes()
    begun, waiting, late = (Parcel([item(0, moment)]) for moment in (2, 3, 1))
    for parcel in (begun, waiting, late):
        lanes.add(parcel, parcel.items[0])
        begun.started = True
    assert list(lanes.done(begun)) == [late]
    assert list(lanes.done(late)) == [waiting]


def test_an_endpoint_has_its_turns_and_its_room_and_no_more() -> None:
    endpoints = Endpoints(limit=2, most=3)
    assert [endpoints.take("e") for _ in range(4)] == [True, True, True, False]
    assert endpoints.take("other")
    parcels = [Parcel([item(lane, lane)]) for lane in range(3)]
    for parcel in parcels:
        endpoints.wait_turn(parcel)
        endpoints.wait_turn(parcel)
    assert list(endpoints.next_of("e")) == parcels[:2]
    endpoints.ended("e")
    assert list(endpoints.next_of("e")) == parcels[2:]


def test_once_something_was_left_in_the_database_later_ones_are_too_until_it_is_fetched() -> None:
    endpoints = Endpoints(limit=2, most=1)
    assert [endpoints.take("e"), endpoints.take("e")] == [True, False]
    endpoints.give_back("e", 1)
    assert not endpoints.take("e")
    seen = endpoints.left()
    assert endpoints.take("e", stored=True)
    endpoints.fetched(seen)
    endpoints.give_back("e", 1)
    assert endpoints.take("e")


def test_one_endpoint_that_stays_full_keeps_no_other_one_in_the_database() -> None:
    endpoints = Endpoints(limit=2, most=1)
    for name in ("hangs", "recovers"):
        assert [endpoints.take(name), endpoints.take(name)] == [True, False]
    endpoints.give_back("recovers", 1)
    assert endpoints.full() == ["hangs"]
    endpoints.fetched({"recovers": endpoints.left()["recovers"]})
    assert endpoints.take("recovers")
    assert not endpoints.take("hangs")
