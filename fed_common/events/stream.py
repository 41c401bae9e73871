"""``/api/multicloud/v1/events/stream``: events as they happen.

Source: WHATWG HTML, 9.2 Server-sent events. ``id`` is the event's sequence, so a viewer that comes back
with ``Last-Event-ID`` misses nothing that is still stored. A viewer too slow to follow is disconnected.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace

from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.exceptions import APIException

from fed_common.access.authentication import identity_of
from fed_common.access.models import Role
from fed_common.access.permissions import NotAllowedHere, require, sees
from fed_common.access.tokens import Identity
from fed_common.core.errors import Retryable
from fed_common.events.queries import EventQuery, whole_number
from fed_common.events.tail import PAGE, Frame, Tail, Viewer, in_thread, newest, read_frames, watching

BEAT_EVERY = 5.0
GREETING = b"retry: 1000\n: the stream begins\n\n"
BEAT = b": still here\n\n"


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Readers may watch; conditions as for ``/events``, and all that is stored behind ``after`` comes first."""
    if request.method != "GET":
        raise NotAllowedHere(request.method or "", ("GET",))
    caller = await in_thread(identity_of, request)
    require(caller, Role.READER)
    query = _query(request, caller)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_events(request, query), content_type="text/event-stream", headers=headers)


def _query(request: HttpRequest, caller: Identity | None) -> EventQuery:
    query = EventQuery.read(request.GET, caller, limited=False)
    resumed = request.headers.get("Last-Event-ID")
    return replace(query, after=whole_number("Last-Event-ID", resumed)) if resumed else query


async def _events(request: HttpRequest, query: EventQuery) -> AsyncIterator[bytes]:
    """The whole stream. It ends when the database is down: the viewer comes back and misses nothing."""
    yield GREETING
    try:
        async with watching() as tail:
            behind = await _begin(query, tail)
            while tail.position - behind > PAGE:
                upto = tail.position
                async for data in _stored(query, behind, upto):
                    yield data
                behind = upto
            with tail.viewer() as viewer:
                upto = max(behind, tail.position)
                async for data in _stored(query, behind, upto):
                    yield data
                async for data in _live(request, query, viewer, upto):
                    yield data
    except Retryable:
        return


async def _begin(query: EventQuery, tail: Tail) -> int:
    """The sequence to begin behind: never one that is still to come, as after a restore of the database."""
    if query.after is None:
        return 0 if query.since else tail.position
    return min(query.after, await in_thread(newest))


async def _stored(query: EventQuery, behind: int, upto: int) -> AsyncIterator[bytes]:
    while behind < upto:
        frames = await in_thread(read_frames, query.rows(), behind, upto)
        if frames:
            yield b"".join(frame.data for frame in frames)
        behind = frames[-1].sequence if len(frames) == PAGE else upto


async def _live(request: HttpRequest, query: EventQuery, viewer: Viewer, behind: int) -> AsyncIterator[bytes]:
    """What arrives from now on, a beat when nothing does; it ends with the right to read and for the slow."""
    beaten = time.monotonic()
    while not viewer.lost:
        batch = await viewer.take(BEAT_EVERY)
        data = b"".join(one.data for one in batch if one.sequence > behind and _wanted(query, one))
        if time.monotonic() - beaten >= BEAT_EVERY:
            if not await _may_still(request):
                return
            data = data or BEAT
            beaten = time.monotonic()
        if data:
            yield data


def _wanted(query: EventQuery, frame: Frame) -> bool:
    return (
        sees(query.caller, frame.vim_id)
        and (not query.vim_id or query.vim_id == frame.vim_id)
        and (not query.kinds or frame.kind in query.kinds)
        and (not query.phases or frame.phase in query.phases)
        and (not query.instance_id or query.instance_id == frame.instance_id)
        and (not query.state or query.state == frame.state)
    )


async def _may_still(request: HttpRequest) -> bool:
    """Whether the token still holds; while the database is down, what it said last goes on."""
    try:
        return await in_thread(identity_of, request) is not None
    except Retryable:
        return True
    except APIException:
        return False
