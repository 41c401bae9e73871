"""One call passed on: its body is streamed there, the answer back, each as fast as the other side takes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from django.conf import settings
from django.utils.http import http_date
from rest_framework.exceptions import APIException

from fed_common.broker import headers
from fed_common.broker.circuits import Passage, circuits
from fed_common.broker.problems import Problem
from fed_common.broker.request_ids import read_ids
from fed_common.broker.requests import API_HEADERS
from fed_common.broker.upstream import call, failure
from fed_common.core.errors import CloudFailed, CloudTimeout
from fed_common.core.model import Tls
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

BODILESS = (204, 304)

log = get_logger(__name__)


class ClientGone(Exception):
    """The caller left: there is nobody to answer."""


class ClientIdle(APIException):
    """The caller neither sends nor takes anything for too long."""

    status_code, default_code = 408, "client_idle"
    default_detail = "the caller stopped in the middle"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes."""

    vim_id: str
    url: str
    tls: Tls | None = None


class Exchange:
    """One request of a client and its answer. ``status`` is 0 until one was sent."""

    def __init__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        self.scope, self.status = scope, 0
        self.given = headers.by_name(scope["headers"])
        self.ids = read_ids(lambda name: self.given.get(name.lower().encode(), b"").decode("latin-1"))
        self.client: str = (scope.get("client") or ("",))[0]
        self._receive, self._send = receive, send
        self._limit: asyncio.Timeout | None = None
        self._client_is_next = False
        self._body_asked = False

    async def run(self, target: Target, token: str) -> None:
        """Pass the call on. Raises CloudFailed & co before an answer began; ClientGone, ClientIdle.

        An answer that breaks half way breaks the client's connection: it must not look whole.
        """
        with circuits().through(target.vim_id) as passage:
            try:
                await self._timed(target, token, passage)
            except CloudFailed as error:
                passage.failed()
                if not self.status:
                    metrics.BROKER_REQUESTS.labels(target.vim_id, "none").inc()
                    raise
                log.warning("an answer broke half way", vim=target.vim_id, reason=error.reason)

    async def refuse(self, problem: Problem) -> None:
        """Answer by ourselves, unless an answer began."""
        if self.status:
            return
        self.status = problem.status
        response = problem.response()
        told = {**API_HEADERS, **self.ids, "Date": http_date(), **dict(response.items())}
        body = response.content
        told["Content-Length"] = str(len(body))
        await self._start([(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()])
        await self._send({"type": "http.response.body", "body": body})

    async def _timed(self, target: Target, token: str, passage: Passage) -> None:
        try:
            async with asyncio.timeout(settings.CLOUD_TIMEOUT) as self._limit:
                await self._streamed(target, token, passage)
        except TimeoutError:
            if self._client_is_next:
                raise ClientIdle from None
            seconds = settings.IDLE_TIMEOUT if self.status else settings.CLOUD_TIMEOUT
            raise CloudTimeout(target.vim_id, f"no answer within {seconds:g} s") from None
        finally:
            self._limit = None

    async def _streamed(self, target: Target, token: str, passage: Passage) -> None:
        started = time.monotonic()
        outgoing, has_body = self._request_headers(token)
        body = self._body() if has_body else None
        answer = await call(target.vim_id, self.scope["method"], target.url, outgoing, body=body, tls=target.tls)
        try:
            passage.answered()
            metrics.BROKER_SECONDS.labels(target.vim_id).observe(time.monotonic() - started)
            metrics.BROKER_REQUESTS.labels(target.vim_id, f"{answer.status // 100}xx").inc()
            await self._answer(target.vim_id, answer)
        finally:
            answer.close()

    def _request_headers(self, token: str) -> tuple[list[tuple[str, str]], bool]:
        """What goes on, and whether a body follows."""
        chunked = b"transfer-encoding" in self.given
        drop = headers.REPLACED | {b"content-length"} if chunked else headers.REPLACED
        kept = headers.end_to_end(headers.without_token(self.scope["headers"], token), drop)
        added = headers.forwarded(self.given, self.client, self.scope["scheme"])
        has_body = chunked or self.given.get(b"content-length", b"").strip(b"0") != b""
        return [*headers.as_text(kept), *added, *self.ids.items()], has_body

    async def _body(self) -> AsyncIterator[bytes]:
        """What the client sends, piece by piece. Raises ClientGone."""
        more = self._body_asked = True
        while more:
            self._client_is_next = True
            self._allow(settings.IDLE_TIMEOUT)
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            more = message.get("more_body", False)
            self._client_is_next = False
            self._allow(settings.IDLE_TIMEOUT if more else settings.CLOUD_TIMEOUT)
            if message["body"]:
                yield message["body"]
        self._allow(settings.CLOUD_TIMEOUT)

    async def _answer(self, vim_id: str, answer: aiohttp.ClientResponse) -> None:
        if not 200 <= answer.status < 600:
            raise CloudFailed(vim_id, f"it answered with the status {answer.status}")
        self.status = answer.status
        bodiless = answer.status in BODILESS or self.scope["method"] == "HEAD"
        drop = (b"content-length",) if answer.status in BODILESS or "Transfer-Encoding" in answer.headers else ()
        kept = headers.end_to_end(answer.raw_headers, drop)
        await self._start(kept + headers.missing(kept, self.ids))
        last = False
        while not last:
            try:
                chunk = b"" if bodiless else await answer.content.readany()
            except (aiohttp.ClientError, OSError) as error:
                raise failure(vim_id, error) from None
            last = bodiless or answer.content.at_eof()
            await self._sent({"type": "http.response.body", "body": chunk, "more_body": not last})
            if not last:
                self._allow(settings.IDLE_TIMEOUT)

    async def _start(self, told: list[tuple[bytes, bytes]]) -> None:
        """The head of the answer. A client that waited in vain to send its body starts a new connection."""
        if self.status == ClientIdle.status_code or (b"expect" in self.given and not self._body_asked):
            told.append((b"connection", b"close"))
        await self._sent({"type": "http.response.start", "status": self.status, "headers": told})

    async def _sent(self, message: dict[str, Any]) -> None:
        self._client_is_next = True
        await self._send(message)
        self._client_is_next = False

    def _allow(self, seconds: float) -> None:
        """So long may the side whose turn it is take."""
        if self._limit:
            self._limit.reschedule(asyncio.get_running_loop().time() + seconds)
