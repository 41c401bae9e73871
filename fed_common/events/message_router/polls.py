"""Long polls: who waits on which consumer's seat, how long, and how often for nothing.

Waiting costs one small object in the event loop; the log is asked in short calls when it has news.
Everything here lives in the event loop's thread.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fed_common.core.errors import GatewayError, Retryable
from fed_common.events.message_router.threads import call, within
from fed_common.interfaces.topics import Page, TopicLog
from fed_common.telemetry.logging import get_logger

REMEMBERED = 10_000

log = get_logger(__name__)


class Consumer(NamedTuple):
    """One consumer of a group of a topic."""

    topic: str
    group: str
    id: str


class Superseded(GatewayError):
    """The same consumer asked again, so this older request gets nothing."""


class Seat:
    """The place of one waiting request."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self.lost = False

    def wake(self) -> None:
        """There may be something to fetch. Called from any thread."""
        self._loop.call_soon_threadsafe(self._news.set)

    def lose(self) -> None:
        """Somebody else has this consumer's seat now."""
        self.lost = True
        self._news.set()

    async def news(self, seconds: float) -> None:
        """Wait until it is worth to fetch again, or the time is up."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()


class Polls:
    """All polls of this process."""

    def __init__(self) -> None:
        self._seats: dict[Consumer, Seat] = {}
        self._marks: dict[Consumer, asyncio.Task[None]] = {}
        self._allowed_from: OrderedDict[Consumer, float] = OrderedDict()

    async def next_page(self, topics: TopicLog, consumer: Consumer, *, limit: int, timeout: float) -> Page:
        """The consumer's next page, waiting up to ``timeout`` seconds for a first message.

        Raises Superseded, NotFound: unknown topic, Retryable: at the latest a second after the time-out.
        """
        deadline = time.monotonic() + timeout
        with self._seat(consumer) as seat, topics.arrivals(consumer.topic, consumer.group, seat.wake):
            if mark := self._marks.get(consumer):
                await asyncio.wait([mark], timeout=timeout + 1)
            page = await within(timeout + 1, call(_come_back, topics, consumer, limit))
            while not page.messages and (left := deadline - time.monotonic()) > 0:
                await seat.news(left)
                if seat.lost:
                    break
                page = await within(timeout + 1, call(topics.fetch, *consumer, limit=limit))
            if seat.lost:
                raise Superseded("another request of this consumer came after this one")
            return page

    def mark(self, topics: TopicLog, consumer: Consumer, receipt: int, *, whole: bool) -> asyncio.Task[None]:
        """Report a page as written or not; the consumer's next request waits for that."""
        before = self._marks.get(consumer)
        task = asyncio.create_task(_report(topics, consumer, receipt, whole, before))
        self._marks[consumer] = task
        task.add_done_callback(lambda done: self._forget_mark(consumer, done))
        return task

    def too_many_empty(self, consumer: Consumer, per_minute: int) -> float:
        """Note an empty answer; the seconds to wait when there were more than ``per_minute``, else 0.

        The first ones may come at once, later ones evenly (the generic cell rate algorithm).
        """
        if per_minute <= 0:
            return 0.0
        now, every = time.monotonic(), 60 / per_minute
        allowed_from = max(now, self._allowed_from.get(consumer, 0.0))
        early = allowed_from - now - every * (per_minute - 1)
        if early > 0:
            return early
        self._allowed_from[consumer] = allowed_from + every
        self._allowed_from.move_to_end(consumer)
        if len(self._allowed_from) > REMEMBERED:
            self._allowed_from.popitem(last=False)
        return 0.0

    def forgive_empty(self, consumer: Consumer) -> None:
        """The consumer got messages: its empty answers before no longer count."""
        self._allowed_from.pop(consumer, None)

    @contextmanager
    def _seat(self, consumer: Consumer) -> Iterator[Seat]:
        if older := self._seats.get(consumer):
            older.lose()
        seat = self._seats[consumer] = Seat()
        try:
            yield seat
        finally:
            if self._seats.get(consumer) is seat:
                del self._seats[consumer]

    def _forget_mark(self, consumer: Consumer, done: asyncio.Task[None]) -> None:
        if self._marks.get(consumer) is done:
            del self._marks[consumer]


def _come_back(topics: TopicLog, consumer: Consumer, limit: int) -> Page:
    topics.confirm(*consumer)
    return topics.fetch(*consumer, limit=limit)


async def _report(
    topics: TopicLog, consumer: Consumer, receipt: int, whole: bool, before: asyncio.Task[None] | None
) -> None:
    if before:
        await asyncio.wait([before])
    try:
        await call(topics.written, *consumer, receipt, whole=whole)
    except Retryable as error:
        log.warning("the page will be sent again", consumer=consumer, reason=error.reason)
