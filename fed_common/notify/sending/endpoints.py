"""How much goes to each far side at a time, and how much of it is kept in memory. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from fed_common.notify.sending.parcels import Parcel


@dataclass(slots=True)
class Endpoint:
    """``under_way``: tries; ``held``: deliveries in memory; ``left``: times one was left in the database."""

    under_way: int = 0
    held: int = 0
    left: int = 0
    turn: deque[Parcel] = field(default_factory=deque)


class Endpoints:
    """At most ``limit`` tries at once and at most ``most`` deliveries in memory, of each endpoint.

    So a far side that hangs costs its own turns and its own room, and nobody else's.
    """

    def __init__(self, limit: int, most: int) -> None:
        self._limit, self._most = limit, most
        self._known: dict[str, Endpoint] = {}

    def take(self, endpoint: str, *, stored: bool = False) -> bool:
        """Room for one more delivery in memory; False: leave it in the database.

        Once one was left there, the later ones are too, until all were fetched: they may not overtake it.
        ``stored`` is one that was fetched.
        """
        one = self._known.setdefault(endpoint, Endpoint())
        if one.held >= self._most or (one.left and not stored):
            one.left += 1
            return False
        one.held += 1
        return True

    def give_back(self, endpoint: str, count: int) -> None:
        """So many deliveries of it are in memory no longer."""
        one = self._known[endpoint]
        one.held -= count
        if not (one.held or one.left):
            del self._known[endpoint]

    def wait_turn(self, parcel: Parcel) -> None:
        """Queue a parcel, if it is not."""
        if not parcel.queued:
            parcel.queued = True
            self._known[parcel.endpoint].turn.append(parcel)

    def next_of(self, endpoint: str) -> Iterator[Parcel]:
        """The parcels whose turn it is, marked as started; what meanwhile waits in its lane comes again later."""
        one = self._known.get(endpoint)
        while one and one.turn and one.under_way < self._limit:
            parcel = one.turn.popleft()
            parcel.queued = False
            if not parcel.waits_for:
                parcel.started = True
                one.under_way += 1
                yield parcel

    def ended(self, endpoint: str) -> None:
        """A try of it ended."""
        self._known[endpoint].under_way -= 1

    def full(self) -> list[str]:
        """Those with no room in memory."""
        return [name for name, one in self._known.items() if one.held >= self._most]

    def left(self) -> dict[str, int]:
        """Those of which something was left in the database, and how often."""
        return {name: one.left for name, one in self._known.items() if one.left}

    def fetched(self, before: dict[str, int]) -> None:
        """All that was left by then was fetched: later ones of these endpoints need not be left any more."""
        for name, left in before.items():
            one = self._known.get(name)
            if one and one.left == left:
                one.left = 0
                self.give_back(name, 0)
