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


@given(st.lists(st.tuples(st.sampled_from(["add", "open", "join", "close", "done"]), number), max_size=60))
def test_of_each_lane_one_is_under_way_the_oldest_first_and_all_have_their_turn(
    steps: list[tuple[str, int]],
) -> None:
    lanes, opened, under_way, finished = Lanes(), list[Parcel](), list[Parcel](), list[Item]()

    def begin(parcel: Parcel) -> None:
        if not parcel.waits_for:
            assert not {one.row.lane for one in parcel.items} & {
                one.row.lane for p in under_way for one in p.items
            }
            parcel.started = True
            under_way.append(parcel)

    def end(parcel: Parcel) -> None:
        under_way.remove(parcel)
        finished.extend(parcel.items)
        for unblocked in lanes.done(parcel):
            begin(unblocked)

    def close(parcel: Parcel) -> None:
        opened.remove(parcel)
        parcel.waits_for -= 1
        begin(parcel)

    made = 0
    for moment, (step, choice) in enumerate(steps):
        new = item(choice, moment)
        if step == "done" and under_way:
            end(under_way[choice % len(under_way)])
        elif step == "close" and opened:
            close(opened[choice % len(opened)])
        elif step == "join" and opened and lanes.join(opened[-1], new):
            made += 1
        elif step in ("add", "open"):
            made += 1
            parcel = Parcel([new], waits_for=int(step == "open"))
            lanes.add(parcel, new)
            if step == "open":
                opened.append(parcel)
            begin(parcel)
    while opened:
        close(opened[0])
    while under_way:
        end(under_way[0])

    assert len(finished) == made
    assert not len(lanes)
    for lane in map(str, range(4)):
        moments = [one.row.created_at for one in finished if one.row.lane == lane]
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
