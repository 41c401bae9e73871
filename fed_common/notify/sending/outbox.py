"""Everything one process has to send: from the moment a delivery is handed over until its end is stored.

All of it happens in one loop; the database is used in one thread beside it, and never waited for before a try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings

from fed_common.core import clock
from fed_common.notify.models import Delivery
from fed_common.notify.sending.endpoints import Endpoints
from fed_common.notify.sending.journal import Journal
from fed_common.notify.sending.parcels import Item, Lanes, Parcel
from fed_common.notify.sending.results import note
from fed_common.notify.sending.tries import Outcome, Try, attempt
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

AT_ONCE, HELD_MOST, GROUP_MOST = 64, 10_000, 500
SOON = 0.05

log = get_logger(__name__)


class Outbox:
    """Made and used in one running loop; ``run`` calls a function in the thread that may use the database."""

    def __init__(self, run: Callable[..., Awaitable[Any]]) -> None:
        self._loop = asyncio.get_running_loop()
        self.held: set[UUID] = set()
        self.endpoints = Endpoints(AT_ONCE, HELD_MOST)
        self._journal = Journal(run, self.held.difference_update)
        self._lanes = Lanes()
        self._of_others: frozenset[str] = frozenset()
        self._back: list[Item] = []
        self._open: dict[tuple[str, str], Parcel] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopping = False

    def accept(self, items: Sequence[Item], *, stored: bool = False) -> None:
        """Send them, each behind the older ones of its lane; ``stored``: they come out of the database."""
        for item in items:
            if self._stopping:
                continue
            if item.row.id in self.held:
                if item.row.attempts and not stored:  # it is tried anew, and its end is just being noted
                    self._loop.call_later(SOON, self.accept, [item])
                continue
            if self.endpoints.take(item.row.endpoint, stored=stored):
                self.held.add(item.row.id)
                self._place(item)

    def end(self, rows: Sequence[Delivery]) -> None:
        """Store that these are dead: nobody can be told any more."""
        for row in rows:
            metrics.DELIVERIES.labels(row.notifier, "unusable").inc()
            self._journal.add(row)

    def yield_to(self, lanes: frozenset[str]) -> None:
        """Lanes in which others have older deliveries: ours wait for those."""
        self._of_others, back, self._back = lanes, self._back, []
        for item in sorted(back, key=lambda item: (item.row.created_at, item.row.id)):
            self._place(item)

    async def stop(self, within: float) -> None:
        """Begin nothing more; returns when what is under way ended, at the latest after ``within`` seconds."""
        self._stopping = True
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=within)
            for task in late:
                task.cancel()
        await self._journal.flush()

    def _place(self, item: Item) -> None:
        if item.row.lane in self._of_others:
            self._back.append(item)
        elif item.notice.group and item.notice.group_wait > 0 and not item.row.tries:
            self._gather(item)
        else:
            parcel = Parcel([item])
            self._lanes.add(parcel, item)
            self._ready(parcel)

    def _gather(self, item: Item) -> None:
        """Into the parcel of its group, which goes out when its first item waited long enough."""
        key = (item.target.kept, item.notice.group)
        parcel = self._open.get(key)
        if parcel and len(parcel.items) < GROUP_MOST and self._lanes.join(parcel, item):
            return
        self._open[key] = parcel = Parcel([item], waits_for=1)
        self._lanes.add(parcel, item)
        self._loop.call_later(item.notice.group_wait, self._close, key, parcel)

    def _close(self, key: tuple[str, str], parcel: Parcel) -> None:
        if self._open.get(key) is parcel:
            del self._open[key]
        parcel.waits_for -= 1
        self._ready(parcel)

    def _ready(self, parcel: Parcel) -> None:
        """Send it now, or when its time has come; not at all while it has to wait for others."""
        if parcel.waits_for or parcel.timer:
            return
        due = parcel.items[0].row.next_try_at
        wait = (due - clock.now()).total_seconds() if due else 0.0
        if wait > 0:
            parcel.timer = self._loop.call_later(wait, self._wake, parcel)
            return
        self.endpoints.wait_turn(parcel)
        self._start(parcel.endpoint)

    def _wake(self, parcel: Parcel) -> None:
        parcel.timer = None
        self._ready(parcel)

    def _start(self, endpoint: str) -> None:
        if self._stopping:
            return
        for parcel in self.endpoints.next_of(endpoint):
            task = self._loop.create_task(self._send(parcel))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send(self, parcel: Parcel) -> None:
        one = await attempt(parcel.target.notifier, parcel.packet(), timeout=settings.NOTIFY_TIMEOUT)
        again = [note(item.row, one) is not None for item in parcel.items]
        for item in parcel.items:
            self._journal.add(item.row)
        self._count(parcel, one, dead=not again[0])
        self.endpoints.ended(parcel.endpoint)
        if again[0]:
            self._ready(parcel)
        else:
            for unblocked in self._lanes.done(parcel):
                self._ready(unblocked)
            self.endpoints.give_back(parcel.endpoint, len(parcel.items))
        self._start(parcel.endpoint)

    def _count(self, parcel: Parcel, one: Try, *, dead: bool) -> None:
        word = "delivered" if one.outcome is Outcome.DELIVERED else "dead" if dead else "retried"
        row = parcel.items[0].row
        _counter(row.notifier, word).inc(len(parcel.items))
        if word == "delivered":
            seconds = _seconds(row.notifier)
            for item in parcel.items:
                seconds.observe(max((one.at - item.row.created_at).total_seconds() + one.seconds, 0))
            return
        log.warning(
            "a notice is not delivered",
            delivery=str(row.id),
            target=row.shown,
            alarm_id=row.alarm_id,
            notices=len(parcel.items),
            tries=row.tries,
            reason=one.reason,
            dead=dead,
        )


_counter = cache(metrics.DELIVERIES.labels)
_seconds = cache(metrics.DELIVERY_SECONDS.labels)
