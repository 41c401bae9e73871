"""``/events``: publish and consume."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from fed_common.core.errors import Invalid, NotFound, Permanent
from fed_common.events.message_router.answers import (
    NO_STORE,
    Mr,
    Refusal,
    answering,
    json_answer,
    method_not_allowed,
)
from fed_common.events.message_router.bodies import TooBig, Unreadable, read_body
from fed_common.events.message_router.callers import require_consume, require_publish
from fed_common.events.message_router.connections import Connection, connection_of
from fed_common.events.message_router.polls import Consumer, Polls, Superseded
from fed_common.events.message_router.threads import SECONDS, call, within
from fed_common.events.message_router.topic_log import topic_log
from fed_common.interfaces.topics import LIMIT_MAX, NOTHING, Page, Record, check_member

TIMEOUT_DEFAULT, TIMEOUT_MAX = 10_000, 120_000
TOO_MANY = (
    "This client is making too many requests. Please use a long poll setting to decrease the number of "
    "requests that result in empty responses."
)

_POLLS = Polls()


@answering
async def topic(request: HttpRequest, topic: str) -> HttpResponseBase:
    """``POST /events/{topic}``: store the messages of the body, all or none."""
    if request.method == "GET":
        raise _incorrect_url(request, "Expects consumer Group and ID")
    if request.method != "POST":
        raise method_not_allowed(request, "POST")
    started = time.monotonic()
    count = await within(settings.PUBLISH_TIMEOUT_SECONDS + 1, call(_publish, request, topic))
    return json_answer({"serverTimeMs": round((time.monotonic() - started) * 1000), "count": count})


@answering
async def group(request: HttpRequest, topic: str, group: str) -> HttpResponseBase:  # noqa: ARG001
    """``/events/{topic}/{group}``: nothing there; the id is missing."""
    raise _incorrect_url(request, "Expects consumer ID")


@answering
async def consume(request: HttpRequest, topic: str, group: str, consumer: str) -> HttpResponseBase:
    """``GET /events/{topic}/{group}/{id}?timeout=&limit=``: the next messages, waiting for a first one."""
    if request.method != "GET":
        raise method_not_allowed(request, "GET")
    asking = Consumer(topic, group, consumer)
    _check_names(asking)
    await within(SECONDS, call(require_consume, request, topic))
    page = await _next_page(request, asking)
    if not page.messages:
        return _empty_answer(asking)
    _POLLS.forgive_empty(asking)
    body = orjson.dumps(list(page.messages))
    headers = {**NO_STORE, "Content-Length": str(len(body))}
    connection = connection_of(request.scope)  # type: ignore[attr-defined]
    sending = _sending(body, asking, page.receipt, connection)
    return StreamingHttpResponse(sending, content_type="application/json", headers=headers)


def _publish(request: HttpRequest, topic: str) -> int:
    require_publish(request, topic)
    records = _records(request, topic)
    try:
        if records:
            topic_log().append(topic, records, timeout=settings.PUBLISH_TIMEOUT_SECONDS)
    except (Invalid, Permanent) as error:
        raise _not_published(topic, str(error)) from None
    return len(records)


def _records(request: HttpRequest, topic: str) -> list[Record]:
    body_max = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        return read_body(
            request.headers.get("Content-Type", ""),
            request.read(body_max + 1),
            partition_key=request.GET.get("partitionKey", ""),
            message_max=settings.MESSAGE_MAX_BYTES,
            body_max=body_max,
        )
    except Unreadable as error:
        raise _not_published(topic, str(error)) from None
    except TooBig as error:
        code = Mr.BODY_TOO_BIG if error.message is None else Mr.MESSAGE_TOO_BIG
        raise Refusal(413, code, f"Error while publishing data to topic.:{topic}.{error}") from None


def _not_published(topic: str, reason: str) -> Refusal:
    text = f"Error while publishing data to topic.:{topic}.Successfully published number of messages :0.{reason}"
    return Refusal(400, Mr.NOT_PUBLISHED, text)


async def _next_page(request: HttpRequest, asking: Consumer) -> Page:
    limit = _number(request, "limit", 0)
    if limit < 0:
        return NOTHING
    timeout = min(max(_number(request, "timeout", TIMEOUT_DEFAULT), 0), TIMEOUT_MAX) / 1000
    try:
        return await _POLLS.next_page(
            topic_log(), asking, limit=min(limit or LIMIT_MAX, LIMIT_MAX), timeout=timeout
        )
    except NotFound:
        raise Refusal(404, Mr.NOT_FOUND, f"No such topic exists.-[{asking.topic}]") from None
    except Superseded as error:
        _refuse_haste(asking)
        raise Refusal(409, Mr.TOO_MANY, f"Error while reading data from topic.{error}") from None


async def _sending(body: bytes, asking: Consumer, receipt: int, connection: Connection) -> AsyncIterator[bytes]:
    """The answer; its page counts as written once the server took it all, unless the client breaks off later."""

    def broken() -> None:
        _POLLS.mark(topic_log(), asking, receipt, whole=False)

    yield body
    if not connection.lost:
        connection.on_broken = broken
        await asyncio.shield(_POLLS.mark(topic_log(), asking, receipt, whole=True))


def _empty_answer(asking: Consumer) -> HttpResponse:
    _refuse_haste(asking)
    return json_answer([], headers=NO_STORE)


def _refuse_haste(asking: Consumer) -> None:
    """Raises Refusal when this consumer asks for nothing too often."""
    wait = _POLLS.too_many_empty(asking, settings.EMPTY_POLLS_PER_MINUTE)
    if wait:
        raise Refusal(429, Mr.TOO_MANY, TOO_MANY, headers={"Retry-After": str(math.ceil(wait))})


def _check_names(asking: Consumer) -> None:
    try:
        check_member("group", asking.group)
        check_member("id", asking.id)
    except Invalid as error:
        raise Refusal(400, Mr.CONSUME, f"Error while reading data from topic.{error}") from None


def _incorrect_url(request: HttpRequest, expected: str) -> Refusal:
    return Refusal(404, Mr.CONSUME, f"Incorrect url - {expected} in {request.path}")


def _number(request: HttpRequest, name: str, default: int) -> int:
    try:
        return int(request.GET.get(name, default))
    except ValueError:
        return default
