"""Many OpenStacks to poll, in a process of their own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from tests.processes import ROOT, free_port
from tests.waiting import until


@dataclass(frozen=True)
class Fleet:
    """Its address and the process."""

    url: str
    pid: int

    def change(self, cloud: int, server: int, state: str) -> None:
        """Put a server into a state: active, paused, stopped, error or deleted."""
        answer = requests.get(f"{self.url}/change?cloud={cloud}&server={server}&state={state}", timeout=10)
        assert answer.ok

    def looks(self) -> dict[str, int]:
        """How often each cloud that was looked at was."""
        return dict(requests.get(f"{self.url}/looks", timeout=10).json())

    def vim(self, cloud: int, **fields: Any) -> dict[str, Any]:
        """The body that registers one of the clouds."""
        return {
            "cloud_owner": "fleet",
            "cloud_region_id": f"r{cloud}",
            "type": "openstack",
            "auth_url": f"{self.url}/{cloud}/identity/v3",
            "credentials": {"username": "u", "password": "p"},
            "projects": ["p"],
            **fields,
        }


@contextlib.contextmanager
def fleet(clouds: int, servers: int) -> Iterator[Fleet]:
    """Inside, so many clouds with so many servers each can be asked."""
    port = free_port()
    command = [sys.executable, "-m", "tests.doubles.fleet", str(port), str(clouds), str(servers)]
    process = subprocess.Popen(command, cwd=ROOT)
    made = Fleet(f"http://127.0.0.1:{port}", process.pid)
    try:
        until(lambda: _answers(made), within=60)
        yield made
    finally:
        process.terminate()
        process.wait()


def _answers(made: Fleet) -> bool:
    with contextlib.suppress(requests.RequestException):
        return made.looks() == {}
    return False
