"""``python -m tests.doubles.fleet PORT CLOUDS SERVERS``: many OpenStacks in one process, each with many servers.

Cloud 7's Keystone is at ``/7/identity/v3``. Every server is a recorded one with ids of its own, encoded once.
``/change?cloud=7&server=3&state=paused`` changes one; ``/looks`` tells how often each cloud was looked at.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.doubles.openstack import RECORDED

STATUS = {"active": "ACTIVE", "paused": "PAUSED", "stopped": "SHUTOFF", "error": "ERROR", "deleted": "DELETED"}
HOSTS = 10


def recorded(path: str) -> Any:
    """The body of the first recorded answer to that path."""
    answers = json.loads(RECORDED.read_text())["answers"]
    return next(one["body"] for one in answers if one["path"].startswith(path) and one["status"] < 300)


def now() -> str:
    """As Nova writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Cloud:
    """The servers of one cloud: their JSON, and when each changed last."""

    def __init__(self, number: int, servers: int, template: dict[str, Any]) -> None:
        self._bodies: dict[str, bytes] = {}
        self._changed: dict[str, str] = {}
        self._deleted: set[str] = set()
        self._template = template
        self._ids = [f"{number:08x}-0000-4000-8000-{place:012x}" for place in range(servers)]
        for place in range(servers):
            self.change(place, "active")

    def change(self, place: int, state: str) -> None:
        """Put one server into a state."""
        id = self._ids[place]
        body = {
            **self._template,
            "id": id,
            "name": f"vm-{place}",
            "status": STATUS[state],
            "updated": now(),
            "OS-EXT-STS:vm_state": state,
            "OS-EXT-SRV-ATTR:host": f"compute-{place % HOSTS}",
        }
        self._bodies[id], self._changed[id] = json.dumps(body).encode(), body["updated"]
        if state == "deleted":
            self._deleted.add(id)

    def servers(self, since: str) -> bytes:
        """All that live, or all that changed since then."""
        if since:
            wanted = [id for id, changed in self._changed.items() if changed >= since]
        else:
            wanted = [id for id in self._ids if id not in self._deleted]
        return b'{"servers": [' + b", ".join(self._bodies[id] for id in wanted) + b"]}"


class Fleet:
    """All clouds, and what they are asked."""

    def __init__(self, port: int, clouds: int, servers: int) -> None:
        template = recorded("/compute/v2.1/servers/detail")["servers"][0]
        template |= {"OS-EXT-STS:task_state": None, "OS-SRV-USG:launched_at": "2026-11-21T14:20:25.000000"}
        self._root = f"http://127.0.0.1:{port}"
        self._clouds = [Cloud(number, servers, template) for number in range(clouds)]
        self._version = json.dumps(recorded("/compute/v2.1/")).encode()
        self._services = json.dumps(recorded("/compute/v2.1/os-services")).encode()
        self._looks: Counter[int] = Counter()

    def answer(self, path: str, query: dict[str, str]) -> tuple[bytes, str]:
        """The body and one more header line."""
        if path == "/looks":
            return json.dumps(self._looks).encode(), ""
        if path == "/change":
            self._clouds[int(query["cloud"])].change(int(query["server"]), query["state"])
            return b"{}", ""
        number, _, rest = path[1:].partition("/")
        if rest.endswith("auth/tokens"):
            return self._token(number), f"X-Subject-Token: token-{number}\r\n"
        if rest.endswith("servers/detail"):
            self._looks[int(number)] += 1
            return self._clouds[int(number)].servers(query.get("changes-since", "")), ""
        return (self._services if rest.endswith("os-services") else self._version), ""

    def _token(self, number: str) -> bytes:
        url = f"{self._root}/{number}/compute/v2.1"
        endpoint = {"interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": url}
        catalog = [{"type": "compute", "name": "nova", "id": "c", "endpoints": [{"id": "e", **endpoint}]}]
        domain = {"id": "default", "name": "Default"}
        token = {
            "methods": ["password"],
            "user": {"id": "u", "name": "u", "domain": domain},
            "project": {"id": "p", "name": "p", "domain": domain},
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "catalog": catalog,
        }
        return json.dumps({"token": token}).encode()


class Connection(asyncio.Protocol):
    """One client; requests with small bodies, one after the other."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self._buffer = fleet, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, rest = self._buffer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            parts = urlsplit(head.split(b" ", 2)[1].decode())
            body, more = self._fleet.answer(parts.path, dict(parse_qsl(parts.query)))
            date = format_datetime(datetime.now(UTC), usegmt=True)
            told = f"HTTP/1.1 200 OK\r\nDate: {date}\r\n{more}Content-Type: application/json\r\n"
            self._transport.write(f"{told}Content-Length: {len(body)}\r\n\r\n".encode() + body)  # type: ignore[attr-defined]


async def main(port: int, clouds: int, servers: int) -> None:
    """Serve for ever."""
    fleet = Fleet(port, clouds, servers)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(fleet), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:4])))
