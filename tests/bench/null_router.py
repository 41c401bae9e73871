"""A Message Router that holds nothing: counts messages, answers like the real one, costs little.

Run as ``python -m tests.bench.null_router PORT``; ``GET /stats`` tells count, first and last arrival,
``GET /reset`` begins anew.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

STATS: dict[str, Any] = {"count": 0, "first": 0.0, "last": 0.0}


def frames(body: bytes) -> int:
    """How many application/cambria frames a body has."""
    count = at = 0
    while at < len(body):
        dot = body.index(b".", at)
        second = body.index(b".", dot + 1)
        at = second + 1 + int(body[at:dot]) + int(body[dot + 1 : second])
        while body[at : at + 1] in (b"\n", b"\r", b" "):
            at += 1
        count += 1
    return count


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One kept-alive connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2] if b": " in line)
            body = await reader.readexactly(int(fields.get(b"content-length", 0)))
            if head.startswith(b"GET /reset"):
                STATS.update(count=0, first=0.0, last=0.0)
            answer = json.dumps(STATS if head.startswith(b"GET") else took(fields, body)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(answer), answer)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def took(fields: dict[bytes, bytes], body: bytes) -> dict[str, int]:
    """Count a publish."""
    count = frames(body) if b"cambria" in fields.get(b"content-type", b"") else 1
    now = time.time()
    STATS["first"] = STATS["first"] or now
    STATS["count"] += count
    STATS["last"] = now
    return {"serverTimeMs": 0, "count": count}


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=2**24)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
