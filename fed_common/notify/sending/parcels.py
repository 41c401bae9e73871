"""What goes out in one go, and the order of each lane. Pure."""

from __future__ import annotations

from asyncio import TimerHandle
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from fed_common.core.alarm import Notice
from fed_common.interfaces.notifier import Packet
from fed_common.notify.models import Delivery
from fed_common.notify.targets import Target


@dataclass(slots=True, eq=False)
class Item:
    """One delivery in hand: its row, and what the row means."""

    row: Delivery
    target: Target
    notice: Notice

    def older(self, other: Item) -> bool:
        """Whether it goes before another one of its lane. Ids of one process grow."""
        return (self.row.created_at, self.row.id) < (other.row.created_at, other.row.id)


@dataclass(slots=True, eq=False)
class Parcel:
    """Items of one target that share a packet: one, or those of a group. Never empty.

    ``waits_for`` counts the lanes in which another parcel is before it, and one more while its group is open.
    ``started`` from its first try on: nothing is put before it any more. ``queued`` while it waits for a turn
    of its endpoint, ``timer`` while it waits for its time.
    """

    items: list[Item]
    waits_for: int = 0
    started: bool = False
    queued: bool = False
    timer: TimerHandle | None = None

    @property
    def target(self) -> Target:
        """Of all its items."""
        return self.items[0].target

    @property
    def endpoint(self) -> str:
        """Whose turn it takes."""
        return self.items[0].row.endpoint

    @property
    def ids(self) -> list[UUID]:
        """Of its deliveries."""
        return [one.row.id for one in self.items]

    def packet(self) -> Packet:
        """The packet of its next try."""
        ids = [str(one) for one in self.ids]
        return Packet(ids[0], self.items[0].row.tries + 1, [one.notice for one in self.items], ids)


class Lanes:
    """Parcels by lane: of each lane one is under way at a time, the oldest first."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Parcel]] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def add(self, parcel: Parcel, item: Item) -> None:
        """Put a parcel into the lane of this item of it, behind what is older or started."""
        lane = self._lanes.get(item.row.lane)
        if lane is None:
            self._lanes[item.row.lane] = deque([parcel])
            return
        place = len(lane)
        while place and not lane[place - 1].started and item.older(lane[place - 1].items[0]):
            place -= 1
        behind = parcel if place else lane[0]
        behind.waits_for += 1
        lane.insert(place, parcel)

    def join(self, parcel: Parcel, item: Item) -> bool:
        """Add an item to a parcel that is open still; False when it would overtake or have to wait for others.

        So a parcel waits at most for what was before its first item, and no two wait for each other.
        """
        lane = self._lanes.get(item.row.lane)
        if lane is None:
            self._lanes[item.row.lane] = deque([parcel])
        elif lane[-1] is not parcel:
            return False
        parcel.items.append(item)
        return True

    def done(self, parcel: Parcel) -> Iterator[Parcel]:
        """Take a parcel out; those that need not wait for anything any more."""
        for name in dict.fromkeys(one.row.lane for one in parcel.items):
            lane = self._lanes[name]
            lane.popleft()
            if not lane:
                del self._lanes[name]
                continue
            lane[0].waits_for -= 1
            if not lane[0].waits_for:
                yield lane[0]
