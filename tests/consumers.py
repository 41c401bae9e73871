"""A consumer of alarms: a real HTTP server on the loopback that keeps what it was told and answers as it likes."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.waiting import until


@dataclass(frozen=True)
class Told:
    """One POST that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    query: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def delivery(self) -> str:
        return self.headers["X-Multicloud-Delivery"]


Answer = int | tuple[int, dict[str, str]] | float | None


@dataclass
class Consumer:
    """``answers(told, number)``: a status, one with headers, seconds to wait before 200, or None: never."""

    answers: Callable[[Told, int], Answer] = lambda _told, _number: 200
    told: list[Told] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    port: int = 0

    def __enter__(self) -> Consumer:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        until(lambda: self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def names(self) -> list[str]:
        return [one.json["alarm_name"] for one in self.told]

    async def _main(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=self.tls)
        await site.start()
        self.port = runner.addresses[0][1]
        await self._ending.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        told = Told(request.path, dict(request.headers), body, time.monotonic(), request.query_string)
        self.told.append(told)
        match self.answers(told, len(self.told)):
            case None:
                await asyncio.sleep(3600)
            case float() as seconds:
                await asyncio.sleep(seconds)
            case int() as status:
                return web.Response(status=status)
            case (status, headers):
                return web.Response(status=status, headers=headers)
        return web.Response()
