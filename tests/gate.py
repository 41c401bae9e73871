"""A TCP gate before a server: shut, nobody reaches it; open, everybody does."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from types import TracebackType


class Gate:
    """Begins shut. What passes when it is shut again is broken off."""

    def __init__(self, host: str, port: int, own_port: int) -> None:
        """``own_port``: where callers come to; it is refused while the gate is shut."""
        self._behind, self.port = (host, port), own_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Gate:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self) -> None:
        """Let callers through."""
        self._run(self._open())

    def shut(self) -> None:
        """Let nobody through any more. Safe to call twice."""
        self._run(self._shut())

    def _run(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)

    async def _shut(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._passing):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(*self._behind)
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        self._passing.add(sink)
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        self._passing.discard(sink)
        sink.close()
