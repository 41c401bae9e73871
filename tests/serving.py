"""The gateway's HTTP side in this process, on a real socket, over the test's own database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
import uvicorn

from fed_common.cli.stream import Frame, frames
from tests.callers import API
from tests.waiting import until

DEADLINE = 60.0


@contextmanager
def served() -> Iterator[str]:
    """Inside, the application answers at the URL given."""
    config = uvicorn.Config(
        "fed_common.asgi:application",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="on",
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@dataclass(frozen=True)
class Watching:
    """One open live stream."""

    answer: requests.Response
    frames: Iterator[Frame]

    def events(self, count: int) -> list[dict[str, Any]]:
        """The next so many events; fewer when the stream ends before."""
        found: list[dict[str, Any]] = []
        for frame in self.frames:
            found.append(json.loads(frame.data))
            assert frame.id == str(found[-1]["sequence"])
            if len(found) == count:
                break
        return found


@contextmanager
def watching(url: str, token: str, query: str = "", *, of: str = "events", **headers: str) -> Iterator[Watching]:
    """Inside, the live stream is open."""
    sent = {"X-Auth-Token": token, "Accept": "text/event-stream", **headers}
    with requests.get(f"{url}{API}/{of}/stream{query}", headers=sent, stream=True, timeout=20) as answer:
        yield Watching(answer, frames(_in_time(answer.iter_lines(chunk_size=None))))


def _in_time(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The stream beats also when nothing comes, so a deadline is noticed."""
    deadline = time.monotonic() + DEADLINE
    for line in lines:
        assert time.monotonic() < deadline, "the event never came"
        yield line
