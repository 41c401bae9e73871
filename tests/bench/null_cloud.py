"""``python -m tests.bench.null_cloud PORT``: an HTTP server that costs little: always the same small JSON."""

from __future__ import annotations

import asyncio
import sys

BODY = b'{"servers": [{"id": "764e369e-a874-4401-b7ce-43e4760888da", "name": "vm", "status": "ACTIVE"}]}'
REGION = b'{"cloud-type": "openstack", "cloud-region-version": "pike", "resource-version": "1"}'


def answer(body: bytes) -> bytes:
    """A raw answer."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class NullCloud(asyncio.Protocol):
    """Answers every request head at once; ``/aai/`` gets a cloud region."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            told = answer(REGION if b" /aai/" in head[:20] else BODY)
            self._transport.write(told)  # type: ignore[attr-defined]
            if b"connection: close" in head.lower():
                self._transport.close()


async def main(port: int) -> None:
    """Serve for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(NullCloud, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
