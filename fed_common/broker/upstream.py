"""The HTTP client of the broker: one pool of connections per event loop, bodies streamed both ways.

Nothing is added to a request or an answer, nothing decoded, no redirect followed, no cookie kept.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from django.conf import settings
from yarl import URL

from fed_common.core.errors import CloudFailed, CloudTimeout
from fed_common.core.model import Tls

CONTINUE_AFTER = 1.0
KEPT_OPEN = 4.0
HEAD_MAX = 64 * 1024
CHUNK = 256 * 1024
NAMES_KEPT = 60
HOST_MOST = 1000
_UNADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")

_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


class _Request(aiohttp.ClientRequest):
    """Sends a body that waits for ``100 Continue`` after a while also to who does not know that."""

    def update_expect_continue(self, expect: bool = False) -> None:
        super().update_expect_continue(expect)
        if self._continue is not None:
            self.loop.call_later(CONTINUE_AFTER, _go_on, self._continue)


async def call(
    vim_id: str,
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]],
    *,
    body: AsyncIterator[bytes] | bytes | None = None,
    tls: Tls | None = None,
) -> aiohttp.ClientResponse:
    """The head of the answer; close it when its body is read. Raises CloudFailed, CloudTimeout naming the VIM.

    There is no limit here for how long an answer may take: the caller sets one.
    """
    try:
        return await session().request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=body,
            ssl=tls_context(vim_id, tls or Tls()) if url.startswith("https:") else True,
            allow_redirects=False,
        )
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise failure(vim_id, error) from None


def session() -> aiohttp.ClientSession:
    """The pool of this event loop."""
    loop = asyncio.get_running_loop()
    found = _sessions.get(loop)
    if found is None:
        found = _sessions[loop] = _new_session()
    return found


async def close_session() -> None:
    """Close the pool of this event loop, if it has one."""
    found = _sessions.pop(asyncio.get_running_loop(), None)
    if found:
        await found.close()


def failure(vim_id: str, error: Exception) -> CloudFailed:
    """What the client's errors mean, in words without its names."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return CloudTimeout(vim_id, f"no connection within {settings.CONNECT_TIMEOUT:g} s")
        case TimeoutError():
            return CloudTimeout(vim_id, "no answer in time")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return CloudFailed(vim_id, "its certificate is not trusted, or it speaks no TLS")
        case aiohttp.ClientConnectorDNSError():
            return CloudFailed(vim_id, "its host name is unknown")
        case aiohttp.ClientConnectorError():
            return CloudFailed(vim_id, f"no connection: {error.os_error.strerror or 'refused'}")
        case aiohttp.ServerDisconnectedError() | OSError():
            return CloudFailed(vim_id, "the connection broke before it answered")
        case aiohttp.InvalidURL() | ValueError():
            return CloudFailed(vim_id, "its address cannot be used")
    return CloudFailed(vim_id, "it answered with something that is not HTTP")


@lru_cache(1000)
def tls_context(vim_id: str, tls: Tls) -> ssl.SSLContext:
    """How the VIM's certificate is judged. Raises CloudFailed: its CA cannot be read."""
    try:
        context = ssl.create_default_context(cadata=tls.ca or None)
    except (ssl.SSLError, ValueError):
        raise CloudFailed(vim_id, "its CA is not PEM text") from None
    if not tls.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _go_on(waiting: asyncio.Future[bool]) -> None:
    if not waiting.done():
        waiting.set_result(True)


def _new_session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=0, limit_per_host=HOST_MOST, ttl_dns_cache=NAMES_KEPT, keepalive_timeout=KEPT_OPEN
    )
    options: dict[str, Any] = {"max_line_size": HEAD_MAX, "max_field_size": HEAD_MAX, "max_headers": 1000}
    return aiohttp.ClientSession(
        connector=connector,
        request_class=_Request,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_UNADDED,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.CONNECT_TIMEOUT),
        read_bufsize=CHUNK,
        **options,
    )
