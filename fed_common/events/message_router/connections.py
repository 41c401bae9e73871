"""What long polls need around Django: whether a client's connection broke, and no thread while waiting.

A client that closes with bytes unread resets the connection; one that read everything ends it in
order. Only so can an answer that was sent be told from one that was read. Works under uvicorn; under
any other server, a connection just never seems to break.
"""

from __future__ import annotations

import fcntl
import struct
import termios
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.conf import settings
from django.utils.module_loading import import_string

from fed_common.core.errors import Invalid

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Any, Any], Awaitable[None]]

_NAME = "mcfed.connection"


class Connection:
    """One client's connection. Lives in the event loop's thread."""

    def __init__(self) -> None:
        self.lost = False
        self.on_lost: Callable[[], object] | None = None
        self.on_broken: Callable[[], None] | None = None

    def end(self, *, broken: bool) -> None:
        """The connection is gone; ``broken``: before the client read all that was sent."""
        self.lost = True
        if self.on_lost:
            self.on_lost()
        if broken and self.on_broken:
            self.on_broken()


class LongPolls:
    """ASGI middleware around Django for requests that wait long.

    It tells them when a connection broke, and has those under ``paths`` share one thread for what
    Django does in threads: otherwise each waiting request would hold a thread of its own.
    """

    def __init__(self, app: Asgi, paths: tuple[str, ...] = ("/events/",)) -> None:
        """Raises Invalid for a middleware that would hold that one thread while a request waits."""
        for name in settings.MIDDLEWARE:
            if not getattr(import_string(name), "async_capable", False):
                raise Invalid("MIDDLEWARE", name, "middleware that is async_capable")
        self._app, self._paths = app, paths
        self._shared = ThreadSensitiveContext()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve one request. That it came proves that the client read the answer before it."""
        if scope["type"] == "http":
            connection = scope[_NAME] = _connection(send)
            connection.on_broken = None
            if scope["path"].startswith(self._paths):
                SyncToAsync.thread_sensitive_context.set(self._shared)
        await self._app(scope, receive, send)


def connection_of(scope: Scope) -> Connection:
    """The request's connection; one that never breaks when nobody watches."""
    return scope.get(_NAME) or Connection()


def _connection(send: Any) -> Connection:
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        return Connection()
    protocol = transport.get_protocol()
    known: Connection | None = getattr(protocol, "mcfed_connection", None)
    if known is None:
        known = protocol.mcfed_connection = Connection()
        protocol.connection_lost = _watched(protocol.connection_lost, transport, known)
    return known


def _watched(
    lost: Callable[[Exception | None], None], transport: Any, connection: Connection
) -> Callable[[Exception | None], None]:
    def connection_lost(error: Exception | None) -> None:
        connection.end(broken=error is not None or _unacknowledged(transport) > 0)
        lost(error)

    return connection_lost


def _unacknowledged(transport: Any) -> int:
    """Bytes the client's side has not acknowledged (Linux: SIOCOUTQ, see tcp(7))."""
    socket = transport.get_extra_info("socket")
    try:
        size: int = struct.unpack("i", fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0]
    except (OSError, AttributeError, ValueError):
        return 0
    return size
