"""Tells the river of a fault: the house's own ears first, for alarms wait for nobody's sink."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from fed_common.core.model import Event
from fed_common.events.pipeline import Pipeline
from fed_common.events.routes import RouteTable, Tables
from fed_common.faults.turn import Over, Turn
from fed_common.telemetry.logging import get_logger

FIRST, NEXT = 15, 500
"""With the host's own event the first ones are as many as evaluators take up first."""
T = TypeVar("T")
LOOK_EVERY = 0.2

log = get_logger(__name__)


class Ears:
    """The routing table with the house's own ears alone."""

    def __init__(self, routes: Tables) -> None:
        self._routes = routes

    @property
    def current(self) -> RouteTable:
        """See Routes."""
        return replace(self._routes.current, routes=())


class Subscribers:
    """The routing table without the house's own ears."""

    def __init__(self, routes: Tables) -> None:
        self._routes = routes

    @property
    def current(self) -> RouteTable:
        """See Routes."""
        return replace(self._routes.current, house=())


class Telling:
    """One batch of events on its way to those of one table."""

    def __init__(self, turn: Turn, tables: Tables, pieces: Iterable[Sequence[Event]]) -> None:
        """Begins at once, in a thread."""
        self._turn, self._pieces = turn, pieces
        self._pipeline = Pipeline(turn.fault.vim.full_id, tables)
        self._done = False
        self._thread = threading.Thread(target=self._tell, name="telling-fault", daemon=True)
        self._thread.start()

    def wait(self, within: float) -> None:
        """Wait for the end, for at most so many seconds."""
        self._thread.join(within)

    def finish(self) -> None:
        """Wait until every required sink has them. Raises Over: the turn ended before; Retryable."""
        try:
            self._thread.join(LOOK_EVERY)
            while self._thread.is_alive():
                self._turn.require()
                self._thread.join(LOOK_EVERY)
        finally:
            self.stop()
        if not self._done:
            raise Over

    def stop(self) -> None:
        """Tell no more. Safe to call twice."""
        self._pipeline.stop()

    def _tell(self) -> None:
        try:
            self._done = all(self._pipeline.process(piece) for piece in self._pieces)
        except Exception:
            log.exception("a fault is told again", fault=str(self._turn.fault.pk))


def cut(all: Sequence[T], *, begun: bool = False) -> Iterator[Sequence[T]]:
    """A few at first, so that the first alarm leaves at once; ``begun``: it has left."""
    first = NEXT if begun else FIRST
    if all:
        yield all[:first]
    for start in range(first, len(all), NEXT):
        yield all[start : start + NEXT]
