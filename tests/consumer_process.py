"""A consumer of alarms: an HTTP server of its own process that keeps what arrived, and when.

Paths say how it behaves: ``/ok``, ``/hang`` (never answers), ``/slow/<seconds>``, ``/status/<code>``,
``/flaky/<times>/<code>`` (fails that often for each delivery id). ``GET /arrivals?from=N`` answers with what
came from the N-th on: ``[[at, path, headers, body], …]``; ``DELETE /arrivals`` forgets it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import orjson

Arrival = tuple[float, str, dict[str, str], str]
arrivals: list[Arrival] = []
failed: Counter[tuple[str, str]] = Counter()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept alive, one request after the other."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            line, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = line.split(" ", 2)
            headers = {k.lower(): v.strip() for k, _, v in (one.partition(":") for one in lines if one)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, answer = await _answer(method, path, headers, body)
            writer.write(f"HTTP/1.1 {status} .\r\ncontent-length: {len(answer)}\r\n\r\n".encode() + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _answer(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(path)
    if parts.path == "/arrivals":
        if method == "DELETE":
            arrivals.clear()
            return 204, b""
        first = int(parse_qs(parts.query).get("from", ["0"])[0])
        return 200, orjson.dumps(arrivals[first:])
    if method == "GET":
        return 204, b""
    arrivals.append((time.time(), path, headers, body.decode()))
    return await _behave(parts.path.strip("/").split("/"), headers), b""


async def _behave(words: list[str], headers: dict[str, str]) -> int:
    if words[0] == "hang":
        await asyncio.Event().wait()
    if words[0] == "slow":
        await asyncio.sleep(float(words[1]))
    if words[0] == "status":
        return int(words[1])
    if words[0] == "flaky":
        key = (headers.get("idempotency-key", ""), "/".join(words))
        failed[key] += 1
        if failed[key] <= int(words[1]):
            return int(words[2])
    return 204


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=2000, limit=2**22)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
