"""Load over HTTP from one process: as many calls as go, or so many a second whatever the answers take."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.bench.measure import percentile

PATIENCE, FRESH = 30.0, 2.0


class Line(asyncio.Protocol):
    """One connection; one call at a time. ``open``: another may follow."""

    def __init__(self) -> None:
        self.open, self._used_at = True, 0.0
        self._done: asyncio.Future[int] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        if self._done and not self._done.done():
            self._done.set_exception(ConnectionError("the connection broke"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(body) >= length and self._done:
            self._buffer, self._used_at = b"", time.perf_counter()
            self.open = b"connection: close" not in head.lower()
            done, self._done = self._done, None
            done.set_result(int(head[9:12]))

    @property
    def fresh(self) -> bool:
        """Whether the server cannot be about to close it."""
        return self.open and time.perf_counter() - self._used_at < FRESH

    async def call(self, request: bytes) -> int:
        """The status of the answer."""
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)  # type: ignore[attr-defined]
        return await asyncio.wait_for(self._done, PATIENCE)


def request(url: str, headers: dict[str, str]) -> bytes:
    """A GET as raw bytes."""
    parts = urlsplit(url)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


async def flat_out(urls: Sequence[str], headers: dict[str, str], *, seconds: float, lines: int = 32) -> float:
    """Answers a second with so many connections that never rest, spread over the servers of ``urls``."""
    stop = time.perf_counter() + seconds

    async def busy(url: str) -> int:
        line, count, raw = await _line(url), 0, request(url, headers)
        while time.perf_counter() < stop:
            line = line if line.open else await _line(url)
            status = await line.call(raw)
            assert status == 200, status
            count += 1
        return count

    return sum(await asyncio.gather(*(busy(urls[number % len(urls)]) for number in range(lines)))) / seconds


@dataclass(frozen=True)
class Took:
    """Seconds each call took from the moment it was due, and how many answers had which status."""

    seconds: list[float]
    statuses: Counter[int]

    @property
    def p50_ms(self) -> float:
        """The median."""
        return percentile(self.seconds, 0.5)

    @property
    def p99_ms(self) -> float:
        """All but one in a hundred are faster."""
        return percentile(self.seconds, 0.99)


async def steadily(urls: Sequence[str], headers: dict[str, str], *, rate: float, seconds: float) -> Took:
    """So many calls a second, whatever the answers take; connections that are free are used again."""
    free: list[Line] = []
    took = Took([], Counter())
    start = time.perf_counter()

    async def one(number: int) -> None:
        due = start + number / rate
        line = free.pop() if free and free[-1].fresh else await _line(urls[0])
        took.statuses[await line.call(request(urls[number % len(urls)], headers))] += 1
        took.seconds.append(time.perf_counter() - due)
        if line.open:
            free.append(line)

    tasks = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return took


async def _line(url: str) -> Line:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(Line, parts.hostname, parts.port)
    return line
