"""``python -m tests.bench.msb_hop PORT TARGET_PORT``: what MSB is to a call, one more hop. It reads nothing."""

from __future__ import annotations

import asyncio
import sys


class Hop(asyncio.Protocol):
    """Copies one connection to another, both ways."""

    def __init__(self, target: int) -> None:
        self._target, self._waiting = target, b""
        self._far: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._near = transport
        asyncio.get_running_loop().create_task(self._connect())

    def data_received(self, data: bytes) -> None:
        if self._far:
            self._far.write(data)
        else:
            self._waiting += data

    def connection_lost(self, error: Exception | None) -> None:
        if self._far:
            self._far.close()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._far, _ = await loop.create_connection(lambda: Back(self._near), "127.0.0.1", self._target)
        self._far.write(self._waiting)


class Back(asyncio.Protocol):
    """The way back."""

    def __init__(self, near: asyncio.BaseTransport) -> None:
        self._near = near

    def data_received(self, data: bytes) -> None:
        self._near.write(data)  # type: ignore[attr-defined]

    def connection_lost(self, error: Exception | None) -> None:
        self._near.close()


async def main(port: int, target: int) -> None:
    """Serve for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Hop(target), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
