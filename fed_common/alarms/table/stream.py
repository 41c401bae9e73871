"""``/api/multicloud/v1/alarms/stream``: changes of the alarm table as they happen.

Source: WHATWG HTML, 9.2 Server-sent events. ``id`` is the number of the change, so a viewer that comes back
with ``Last-Event-ID`` misses nothing that is still kept.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.exceptions import APIException

from fed_common.access.authentication import identity_of
from fed_common.access.models import Role
from fed_common.access.permissions import NotAllowedHere, require
from fed_common.alarms.table.queries import ChangeQuery, newest
from fed_common.alarms.table.serializers import ChangeSerializer
from fed_common.core.errors import Retryable
from fed_common.events.queries import whole_number
from fed_common.events.stream import BEAT, BEAT_EVERY, GREETING
from fed_common.events.tail import in_thread
from fed_common.telemetry.logging import get_logger

LOOK_EVERY = 0.2

log = get_logger(__name__)


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Readers may watch; conditions as for ``/alarms/changes``; without ``after`` what comes from now on."""
    if request.method != "GET":
        raise NotAllowedHere(request.method or "", ("GET",))
    caller = await in_thread(identity_of, request)
    require(caller, Role.READER)
    query = ChangeQuery(request.GET, caller)
    if resumed := request.headers.get("Last-Event-ID"):
        query.after = whole_number("Last-Event-ID", resumed)
    end = await in_thread(newest)  # before the answer: whoever has it misses nothing that comes
    query.after = end if query.after is None else min(query.after, end)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_changes(request, query), content_type="text/event-stream", headers=headers)


async def _changes(request: HttpRequest, query: ChangeQuery) -> AsyncIterator[bytes]:
    """It ends when the database is down or the right to read ended: the viewer comes back and misses nothing."""
    yield GREETING
    try:
        async with _watching() as bell:
            behind, beaten = query.after or 0, time.monotonic()
            while True:
                data, behind = await in_thread(_read, query, behind, bell.number)
                if time.monotonic() - beaten >= BEAT_EVERY:
                    if not await _may_still(request):
                        return
                    data, beaten = data or BEAT, time.monotonic()
                if data:
                    yield data
                if behind >= bell.number:
                    await bell.wait(BEAT_EVERY)
    except Retryable:
        return


def _read(query: ChangeQuery, behind: int, upto: int) -> tuple[bytes, int]:
    """The next changes as bytes, and the number they go up to. Blocks."""
    rows = list(query.rows(behind))
    last = rows[-1].sequence if rows else None
    whole = last if last is not None and len(rows) == query.limit else max(upto, last or behind)
    return b"".join(_frame(ChangeSerializer(row).data) for row in rows), whole


def _frame(change: dict[str, object]) -> bytes:
    return f"id: {change['sequence']}\nevent: alarm\ndata: {json.dumps(change)}\n\n".encode()


async def _may_still(request: HttpRequest) -> bool:
    try:
        return await in_thread(identity_of, request) is not None
    except Retryable:
        return True
    except APIException:
        return False


class Bell:
    """Rings for everybody who watches in one event loop when the table changed: one look for all of them."""

    def __init__(self) -> None:
        self.number = 0
        self.watched = 0
        self.task: asyncio.Task[None] | None = None
        self._rung = asyncio.Event()

    async def wait(self, timeout: float) -> None:
        """Until the table changes, at most so many seconds."""
        try:
            await asyncio.wait_for(self._rung.wait(), timeout)
        except TimeoutError:
            return

    async def look(self) -> None:
        """For ever."""
        while True:
            try:
                number = await in_thread(newest)
                if number != self.number:
                    self.number, rung, self._rung = number, self._rung, asyncio.Event()
                    rung.set()
            except Retryable as error:
                log.warning("the alarms' stream waits for the database", reason=error.reason)
            except Exception:
                log.exception("the alarms' stream tries again")
            await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def _watching() -> AsyncIterator[Bell]:
    """The bell of this event loop; it looks at the table as long as anybody is inside."""
    bell = _bells.setdefault(asyncio.get_running_loop(), Bell())
    bell.watched += 1
    if bell.task is None:
        bell.task = asyncio.create_task(bell.look())
    try:
        yield bell
    finally:
        bell.watched -= 1
        if not bell.watched and bell.task:
            bell.task.cancel()
            bell.task = None


_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, Bell] = WeakKeyDictionary()
