"""The house's own ears hear of a fault: of a few instances at once, of the others while those are evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fed_common.core import clock
from fed_common.core.model import Event
from fed_common.events.routes import Tables
from fed_common.faults import facts
from fed_common.faults.finding import FOUND, affected
from fed_common.faults.models import FaultedInstance
from fed_common.faults.telling import FIRST, Ears, Telling, cut
from fed_common.faults.turn import Turn
from fed_common.topics.database import reachable

NOTIFIED, TRANSFORMED, EVALUATED = "T05", "T06", "T07"
AHEAD = 0.05
"""Seconds, at most, that the first alarms are ahead of the cloud's calls: those need the same processors."""


class Alarming:
    """``rows`` are the host's instances, each kept before it is told; ``events`` is what was told."""

    def __init__(self, turn: Turn, routes: Tables) -> None:
        self.rows: list[FaultedInstance] = []
        self.events: list[Event] = []
        self._turn, self._ears = turn, Ears(routes)
        self._others: list[FaultedInstance] = []
        self._first: Telling | None = None

    def begin(self) -> None:
        """Tell the first and find the others; what was told to the last once is not looked for again.

        Raises Retryable.
        """
        turn, fault, look = self._turn, self._turn.fault, EVALUATED not in self._turn.fault.stages
        with reachable():
            self.rows = affected(fault, FIRST, look=look)
            at = clock.parse(fault.stages[FOUND]) or clock.now()
            events = [facts.host_down(fault, at), *_in_error(turn, self.rows)]
        turn.note(NOTIFIED)
        self._first = Telling(turn, self._ears, self._noted([events]))
        if len(self.rows) == FIRST:
            first = {row.pk for row in self.rows}
            self._others = [row for row in affected(fault, look=look) if row.pk not in first]
            self.rows += self._others
        self._first.wait(AHEAD)

    def finish(self) -> None:
        """Returns when every alarm is stored. Raises Over, Retryable."""
        if self._first:
            self._first.finish()
        if self._others:
            pieces = (_in_error(self._turn, some) for some in cut(self._others, begun=True))
            Telling(self._turn, self._ears, self._noted(pieces)).finish()
        self._turn.note(EVALUATED)
        self._turn.write()

    def stop(self) -> None:
        """Tell no more. Safe to call twice."""
        if self._first:
            self._first.stop()

    def _noted(self, pieces: Iterable[Sequence[Event]]) -> Iterator[Sequence[Event]]:
        for some in pieces:
            self._turn.note(TRANSFORMED)
            self.events.extend(some)
            yield some


def _in_error(turn: Turn, rows: Sequence[FaultedInstance]) -> list[Event]:
    """Made piece by piece: the first ones are told before the last ones are made."""
    at = clock.parse(turn.fault.stages[FOUND]) or clock.now()
    with reachable():
        return facts.in_error(turn.fault, [row for row in rows if row.is_faulted], at)
