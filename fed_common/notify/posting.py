"""One POST to a consumer: pooled connections, no redirect, no cookie, the answer's body thrown away.

All HTTP notifiers send through here: what an answer means, and which addresses may be called, is the same for all.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from multidict import istr
from yarl import URL

from fed_common.core import clock
from fed_common.core.errors import Invalid, Permanent, Retryable
from fed_common.notify import guard

KEPT_OPEN, NAMES_KEPT = 30.0, 30
ANSWER_MOST, REST_SECONDS = 64 * 1024, 0.2
TRY_AGAIN = (408, 425, 429)
URL_MOST = 2000


class _Request(aiohttp.ClientRequest):
    """Adds no headers of its own: to leave them out one by one costs more than the rest of a request."""

    DEFAULT_HEADERS: dict[istr, str] = {}


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


def checked_url(url: str, *, field: str = "options.url") -> URL:
    """The URL. Raises Invalid: neither http nor https, no host, a user in it, too long."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        if sound and len(url) <= URL_MOST and "@" not in parts.netloc and url.isprintable() and " " not in url:
            return URL(url).with_fragment(None)
    except ValueError:
        pass
    raise Invalid(field, "***" if "@" in url else url[:200], "http(s)://host[:port]/path, without a user")


def endpoint_of(url: URL) -> str:
    """Scheme, host and port."""
    return f"{url.scheme}://{url.host_subcomponent}:{url.port}"


async def post(url: URL, body: bytes, headers: Mapping[str, str], *, tls: ssl.SSLContext | bool = True) -> None:
    """Returns when the consumer answered 2xx. There is no time limit here: whoever calls sets one.

    Raises Retryable: not reached, 5xx, 408, 425, 429, with what Retry-After says; Permanent: any other answer,
    a forbidden address.
    """
    await _answered("POST", url, body, headers, tls)


async def get(url: URL, headers: Mapping[str, str], *, tls: ssl.SSLContext | bool = True) -> None:
    """As ``post``, without a body: whether the consumer answers."""
    await _answered("GET", url, None, headers, tls)


@lru_cache(1000)
def tls_context(ca: str, *, verify: bool) -> ssl.SSLContext:
    """How a consumer's certificate is judged: by the authorities of PEM text ``ca``, else the system's.

    Raises Invalid: ``ca`` is no PEM text.
    """
    try:
        context = ssl.create_default_context(cadata=ca or None)
    except (ssl.SSLError, ValueError):
        raise Invalid("options.ca", ca[:40], "certificates as PEM text") from None
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def close_session() -> None:
    """Close the pool of this event loop, if it has one."""
    if found := _sessions.pop(asyncio.get_running_loop(), None):
        await found.close()


async def _answered(
    method: str, url: URL, body: bytes | None, headers: Mapping[str, str], tls: ssl.SSLContext | bool
) -> None:
    try:
        try:
            await _asked(method, url, body, headers, tls)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError, BrokenPipeError):
            await _asked(method, url, body, headers, tls)  # a kept connection that was given up meanwhile
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _failure(error) from None


async def _asked(
    method: str, url: URL, body: bytes | None, headers: Mapping[str, str], tls: ssl.SSLContext | bool
) -> None:
    answer = await _session().request(method, url, data=body, headers=headers, ssl=tls, allow_redirects=False)
    try:
        _judge(answer.status, answer.headers.get("Retry-After", ""))
        await _read_up(answer)
    finally:
        answer.release()


async def _read_up(answer: aiohttp.ClientResponse) -> None:
    """A connection can be used again once its answer is read; one whose rest is long or late is closed instead."""
    if not answer.content.is_eof():
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                await answer.content.read(ANSWER_MOST)


def _judge(status: int, retry_after: str) -> None:
    if 200 <= status < 300:
        return
    if status >= 500 or status in TRY_AGAIN:
        raise Retryable(f"it answered {status}", retry_after=_seconds(retry_after))
    if 300 <= status < 400:
        raise Permanent(f"it answered {status}: redirects are not followed")
    raise Permanent(f"it answered {status}")


def _seconds(text: str) -> float | None:
    """Retry-After, in seconds or as a date."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - clock.now()).total_seconds()) if text else None
    except (ValueError, TypeError):
        return None


def _failure(error: Exception) -> Retryable | Permanent:
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return Retryable("its certificate is not trusted, or it speaks no TLS")
        case aiohttp.ClientConnectorDNSError():
            return Retryable("its host name is not known")
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, PermissionError):
            return Permanent("its address is in a forbidden network")
        case aiohttp.ClientConnectorError():
            return Retryable(f"no connection: {(error.os_error.strerror or 'refused').lower()}")
        case aiohttp.InvalidURL() | ValueError():
            return Permanent("its address cannot be used")
        case aiohttp.ServerDisconnectedError() | OSError():
            return Retryable("the connection broke before it answered")
    return Retryable("it answered with something that is not HTTP")


def _session() -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    found = _sessions.get(loop)
    if found is None:
        found = _sessions[loop] = _new_session()
    return found


def _new_session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=0,
        ttl_dns_cache=NAMES_KEPT,
        keepalive_timeout=KEPT_OPEN,
        socket_factory=guard.open_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        request_class=_Request,
        headers={"User-Agent": "multicloud"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
    )
