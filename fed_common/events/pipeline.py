"""A stretch of the river: readings in, every required sink holding them before it answers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from fed_common.core import clock
from fed_common.core.matching import EventFilter
from fed_common.core.model import Event
from fed_common.events.dead import DeadEvents
from fed_common.events.delivery import Delivery
from fed_common.events.duplicates import RecentFacts
from fed_common.events.opt_out import OptOuts
from fed_common.events.polling.told import ToldByPoll
from fed_common.events.routes import PASS_ALL, LiveSink, Route, RouteTable, Tables
from fed_common.interfaces.source import Ignored, Reading, Unreadable
from fed_common.telemetry import metrics

SINKS_AT_ONCE = 8
Job = tuple[LiveSink, list[Event], tuple[LiveSink, ...]]


class Heard(NamedTuple):
    """An event that is news to the house, and whether it is to be told."""

    event: Event
    told: bool


class Pipeline:
    """Filters, formats and publishes the events of one VIM, or of the house, in their order.

    One thread hears them and one tells them, which may be the same.
    ``told`` knows what polling told of the VIM already; ``note`` is given what was heard, once it was told.
    """

    def __init__(
        self,
        vim_id: str,
        routes: Tables,
        told: ToldByPoll | None = None,
        note: Callable[[Sequence[Event]], None] | None = None,
    ) -> None:
        self._vim_id, self._routes = vim_id, routes
        self._told, self._note = told or ToldByPoll(), note
        self._stopping = threading.Event()
        self._dead = DeadEvents(self._stopping)
        self._delivery = Delivery(routes, self._dead, self._stopping)
        self._recent = RecentFacts()
        self._opt_outs = OptOuts()
        self._pool = ThreadPoolExecutor(SINKS_AT_ONCE, thread_name_prefix="sink")

    def process(self, readings: Sequence[Reading]) -> bool:
        """True once every required sink holds what it is to hold; False when stopped before that.

        Calling it again with the same readings publishes nothing twice within this process.
        """
        heard = self.hear(readings)
        return heard is not None and self.tell(heard)

    def hear(self, readings: Sequence[Reading]) -> list[Heard] | None:
        """What is new, once the house heard it; None when stopped before that.

        One thread may be hearing while another tells: so a sink that is away holds up no alarm.
        """
        metrics.RECEIVED.labels(self._vim_id).inc(len(readings))
        if not self._told.wait(self._stopping):
            return None
        with self._remembering():
            return self._hear(readings, self._routes.current)

    def tell(self, heard: Sequence[Heard]) -> bool:
        """As ``process``, for what was heard. Tell everything, in the order in which it was heard."""
        told = [one.event for one in heard if one.told]
        with self._remembering():
            if not self._deliver(
                [job for route in self._routes.current.routes for job in self._jobs(route, told)]
            ):
                return False
            self._observe(told)
            if self._note:
                self._note([one.event for one in heard if not self._told.overtaken(one.event)])
        return True

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        """After a failure the cloud will send it again: then it must not look like a repeat."""
        try:
            yield
        except BaseException:
            self._recent = RecentFacts()
            raise

    def _hear(self, readings: Sequence[Reading], table: RouteTable) -> list[Heard] | None:
        unreadable = [one for one in readings if isinstance(one, Unreadable)]
        if unreadable and not self._dead.set_aside_unreadable(self._vim_id, unreadable):
            return None
        heard = self._facts(readings, table.vim_filters)
        events = [one.event for one in heard]
        ours = self._deliver([job for route in table.house for job in self._jobs(route, events)])
        return heard if ours else None

    def stop(self) -> None:
        """Make a waiting ``process`` answer False soon. Safe to call twice."""
        self._stopping.set()
        self._pool.shutdown(wait=False)

    def _facts(self, readings: Sequence[Reading], filters: Mapping[str, EventFilter]) -> list[Heard]:
        """All that is new; what the filter of its VIM keeps back is for the house alone."""
        heard, dropped = list[Heard](), Counter[tuple[str, str]]()
        for one in readings:
            if isinstance(one, Event):
                event = self._opt_outs.mark(one)
                reason = self._recent.repeats(event) or self._told.repeats(event)
                if reason is None:
                    reason = filters.get(event.vim_id, PASS_ALL).refuses(event)
                    heard.append(Heard(event, told=reason is None))
                if reason is not None:
                    dropped[event.vim_id, reason] += 1
            elif isinstance(one, Ignored):
                dropped[self._vim_id, one.reason] += 1
        self._count(dropped, subscription="")
        return heard

    def _jobs(self, route: Route, events: Sequence[Event]) -> list[Job]:
        wanted, dropped = [], Counter[tuple[str, str]]()
        for event in events:
            reason = route.filter.refuses(event)
            if reason is None:
                wanted.append(event)
            else:
                dropped[event.vim_id, reason] += 1
        self._count(dropped, subscription=route.subscription)
        return [(sink, wanted, route.sinks) for sink in route.sinks] if wanted else []

    def _count(self, dropped: Counter[tuple[str, str]], *, subscription: str) -> None:
        for (vim_id, reason), times in dropped.items():
            metrics.DROPPED.labels(vim_id, reason, subscription).inc(times)

    def _deliver(self, jobs: Sequence[Job]) -> bool:
        """All at once; the last one here, of the house its alarms: to hand it to a thread would take time."""
        if not jobs:
            return True
        try:
            others = [self._pool.submit(self._delivery.deliver, *job) for job in jobs[:-1]]
        except RuntimeError:  # the pool takes no more jobs
            if self._stopping.is_set():
                return False
            raise
        done = [self._delivery.deliver(*jobs[-1]), *(one.result() for one in others)]
        return all(done)

    def _observe(self, events: Sequence[Event]) -> None:
        moment = clock.now()
        latency = metrics.LATENCY.labels(self._vim_id)
        for event in events:
            latency.observe(max((moment - event.occurred_at).total_seconds(), 0))
