"""A consumer of alarms as tests see it: where its actions go, and what has arrived."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from tests.processes import ROOT, free_port
from tests.waiting import until


@dataclass(frozen=True)
class Arrival:
    """One POST."""

    at: float
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def traits(self) -> dict[str, Any]:
        """Of the event that an action of Aodh's form tells of."""
        return {name: value for name, _, value in self.body["reason_data"]["event"]["traits"]}


class Consumer:
    """A server process on a loopback port."""

    def __init__(self) -> None:
        self.port = free_port()
        self._start()

    def url(self, path: str = "/ok") -> str:
        """An address whose path says how it behaves; see ``tests.consumer_process``."""
        return f"http://127.0.0.1:{self.port}{path}"

    def arrivals(self, first: int = 0) -> list[Arrival]:
        """What has come, from the ``first`` on."""
        found = requests.get(self.url(f"/arrivals?from={first}"), timeout=30).json()
        return [Arrival(at, path, headers, json.loads(body)) for at, path, headers, body in found]

    def count(self) -> int:
        """How many have come."""
        return len(self.arrivals())

    def has(self, count: int, within: float = 180.0) -> list[Arrival]:
        """Wait until that many have come, or more; all of them."""
        return (
            until(lambda: found if len(found := self.arrivals()) >= count else None, within=within, every=0.1)
            or []
        )

    def forget(self) -> None:
        """Nothing has come."""
        requests.delete(self.url("/arrivals"), timeout=30)

    def kill(self) -> None:
        """kill -9: its port answers no more, and what came is forgotten."""
        self._popen.kill()
        self._popen.wait()

    def restart(self) -> None:
        """On the same port, after a kill."""
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "tests.consumer_process", str(self.port)]
        self._popen = subprocess.Popen(command, cwd=ROOT)
        until(self._answers, within=30)

    def _answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.url("/arrivals"), timeout=5).ok
        return False


@contextlib.contextmanager
def consumer() -> Iterator[Consumer]:
    """One that is killed at the end."""
    made = Consumer()
    try:
        yield made
    finally:
        made.kill()
