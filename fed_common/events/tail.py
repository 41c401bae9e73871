"""Follows the stored events for everybody in this process who watches them live.

One look at the table every ``LOOK_EVERY`` seconds, only while somebody watches; each new row is made
into bytes once and handed to every viewer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from fed_common.core.errors import Retryable
from fed_common.events.models import StoredEvent
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

LOOK_EVERY = 0.2
PAGE = 500
BATCHES_BEHIND = 64
HOLE_SECONDS = 2.0

P = ParamSpec("P")
T = TypeVar("T")

log = get_logger(__name__)
_threads = ThreadPoolExecutor(4, thread_name_prefix="stream")


@dataclass(frozen=True, slots=True)
class Frame:
    """One stored event: the bytes viewers get, and what they choose by."""

    sequence: int
    data: bytes
    vim_id: str
    kind: str
    phase: str
    instance_id: str
    state: str


async def in_thread(function: Callable[P, T], *args: P.args, **names: P.kwargs) -> T:
    """Run short work on the database in one of a few threads. Raises Retryable: no database."""

    def run() -> T:
        with reachable():
            return function(*args, **names)

    return await asyncio.get_running_loop().run_in_executor(_threads, run)


def newest() -> int:
    """The highest sequence there is. Blocks."""
    return StoredEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def read_frames(rows: QuerySet[StoredEvent], behind: int, upto: int | None = None) -> list[Frame]:
    """The first ``PAGE`` rows behind a sequence. The body goes out as the database has it. Blocks."""
    rows = rows.filter(id__gt=behind) if upto is None else rows.filter(id__gt=behind, id__lte=upto)
    columns = ("vim_id", "kind", "phase", "instance_id", "state")
    found = rows.annotate(text=Cast("body", TextField())).order_by("id").values_list("id", "text", *columns)
    return [Frame(sequence, _bytes(sequence, text), *chosen_by) for sequence, text, *chosen_by in found[:PAGE]]


class Viewer:
    """One who watches: batches wait here until they are written."""

    def __init__(self) -> None:
        self._batches: asyncio.Queue[Sequence[Frame]] = asyncio.Queue(BATCHES_BEHIND)
        self._slow = False

    @property
    def lost(self) -> bool:
        """Whether it was too slow and has taken all it will ever get."""
        return self._slow and self._batches.empty()

    def give(self, batch: Sequence[Frame]) -> None:
        """Add a batch; with too many waiting already, this one and all later ones are kept from it."""
        self._slow = self._slow or self._batches.full()
        if not self._slow:
            self._batches.put_nowait(batch)

    async def take(self, timeout: float) -> Sequence[Frame]:
        """The next batch; nothing when none comes in so many seconds."""
        try:
            return await asyncio.wait_for(self._batches.get(), timeout)
        except TimeoutError:
            return ()


class Tail:
    """The end of the table as one event loop sees it: ``position`` is the last sequence handed out."""

    def __init__(self) -> None:
        self.position = 0
        self.watched = 0
        self._viewers: set[Viewer] = set()
        self._holes: dict[int, float] = {}
        self._starting = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follow the table from its end on. Safe to call again. Raises Retryable: no database."""
        async with self._starting:
            if self._task is None:
                self.position = await in_thread(newest)
                self._task = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()
            self._task = None

    @contextmanager
    def viewer(self) -> Iterator[Viewer]:
        """Inside, the viewer is given everything behind the ``position`` at entry."""
        viewer = Viewer()
        self._viewers.add(viewer)
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    async def _follow(self) -> None:
        while True:
            frames = await self._look()
            batch = self._without_holes(frames)
            if batch:
                self.position = batch[-1].sequence
                for viewer in self._viewers:
                    viewer.give(batch)
            await asyncio.sleep(0 if len(batch) == PAGE else LOOK_EVERY)

    async def _look(self) -> list[Frame]:
        try:
            return await in_thread(read_frames, StoredEvent.objects.all(), self.position)
        except Retryable as error:
            log.warning("the live stream waits for the database", reason=error.reason)
        except Exception:
            log.exception("the live stream tries again")
        return []

    def _without_holes(self, frames: list[Frame]) -> list[Frame]:
        """Those before the first hole that is new.

        PostgreSQL numbers rows before they are committed, so a missing number may still come and
        would be overtaken for good; one that stays missing for ``HOLE_SECONDS`` will not come.
        """
        now, expected, whole = time.monotonic(), self.position + 1, len(frames)
        holes = {}
        for place, frame in enumerate(frames):
            if frame.sequence != expected:
                holes[expected] = self._holes.get(expected, now)
                if now - holes[expected] < HOLE_SECONDS:
                    whole = min(whole, place)
            expected = frame.sequence + 1
        self._holes = holes
        return frames[:whole]


@asynccontextmanager
async def watching() -> AsyncIterator[Tail]:
    """The tail of this event loop; it follows the table as long as anybody is inside."""
    tail = _tails.setdefault(asyncio.get_running_loop(), Tail())
    tail.watched += 1
    try:
        await tail.start()
        yield tail
    finally:
        tail.watched -= 1
        if not tail.watched:
            tail.stop()


_tails: WeakKeyDictionary[asyncio.AbstractEventLoop, Tail] = WeakKeyDictionary()


def _bytes(sequence: int, body: str) -> bytes:
    return f'id: {sequence}\nevent: event\ndata: {{"sequence": {sequence}, {body[1:]}\n\n'.encode()
