"""A cloud of recorded answers on a socket; any of them can be replaced by what a test wants to happen.

The answers are a real one's: ``python -m tests.doubles.openstack_recording`` writes tests/data/openstack/.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fed_common.core.model import Credentials, Tls, Vim, VimId

RECORDED = Path(__file__).parents[1] / "data" / "openstack" / "answers.json"
SERVICES = ("identity", "compute", "image", "network", "placement")
SIGN_IN = "/identity/v3/auth/tokens"
SERVERS = "/compute/v2.1/servers/detail"


def place(service: str) -> str:
    """What stands for a service's address in the recording."""
    return f"http://{service}.recorded"


@dataclass(frozen=True)
class Asked:
    """One request; ``who`` is the user and project of its token."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    who: str


@dataclass(frozen=True)
class Answer:
    """``body`` is sent as JSON unless it is bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """As it goes over the wire."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


Script = Callable[[Asked], Answer | None]
"""What happens to a request; ``None``: the connection is closed without an answer."""


class OpenStackDouble:
    """``asked`` is what came, in order, over so many ``connections``."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        self.asked: list[Asked] = []
        self.connections = 0
        self.token_life = timedelta(hours=1)
        self._recorded = {
            (one["who"], one["method"], one["path"]): Answer(one["status"], one["body"])
            for one in json.loads(RECORDED.read_text())["answers"]
        }
        self._scripts: dict[tuple[str, str], Script] = {}
        self._same: dict[str, str] = {}

    def vim(self, user: str = "admin", password: str = "secret", *projects: str, tls: Tls | None = None) -> Vim:
        """The record of this cloud."""
        return Vim(
            VimId("double", f"r{self.url.rpartition(':')[2]}"),
            "openstack",
            auth_url=f"{self.url}/identity/v3",
            credentials=Credentials(user, password),
            projects=projects or ("admin",),
            tls=tls or Tls(),
        )

    def on(self, path: str, script: Script | Answer, method: str = "GET") -> None:
        """From now on this happens to requests for that path."""
        self._scripts[method, path] = (lambda _: script) if isinstance(script, Answer) else script

    def calls(self, path: str) -> list[Asked]:
        """What came for that path."""
        return [one for one in self.asked if one.path == path]

    def recorded(self, who: str, path: str, method: str = "GET") -> Any:
        """The body of a recorded answer."""
        return json.loads(json.dumps(self._recorded[who, method, path].body))

    def knows(self, who: str, like: str) -> None:
        """Lets another user and project sign in, who is answered like that one."""
        self._same[who] = like

    def has_at(self, kind: str, name: str, url: str) -> str:
        """The administrator's catalogue has that service there. Returns the id of the project."""
        body = self.recorded("admin@admin", SIGN_IN, "POST")
        region = {"region": "RegionOne", "region_id": "RegionOne"}
        service = {"type": kind, "name": name, "endpoints": [{"interface": "public", "url": url, **region}]}
        others = [one for one in body["token"]["catalog"] if one["type"] != kind]
        body["token"]["catalog"] = [*others, service]
        self._recorded["admin@admin", "POST", SIGN_IN] = Answer(201, body)
        return str(body["token"]["project"]["id"])

    def answer(self, asked: Asked, query: str) -> Answer | None:
        """What is answered to a request."""
        self.asked.append(asked)
        if script := self._scripts.get((asked.method, asked.path)):
            return script(asked)
        if asked.path == SIGN_IN:
            return self._token(asked)
        if not asked.who:
            return Answer(
                401, {"error": {"code": 401, "message": "The request you have made requires authentication."}}
            )
        path = f"{asked.path}?{query}" if query else asked.path
        return self._recorded.get((asked.who, asked.method, path), Answer(404, b"not recorded: " + path.encode()))

    def _token(self, asked: Asked) -> Answer:
        auth = asked.body["auth"]
        user = auth["identity"]["password"]["user"]
        project = auth.get("scope", {}).get("project", {})
        who = f"{user['name']}@{project.get('name') or project.get('id')}"
        who = self._same.get(who, who)
        known = self._recorded.get((who, "POST", SIGN_IN))
        if known is None or user["password"] != "secret":
            return self._recorded["nobody", "POST", SIGN_IN]
        ends = (datetime.now(UTC) + self.token_life).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        body = {"token": {**known.body["token"], "expires_at": ends}}
        return Answer(known.status, body, {"X-Subject-Token": who})


@contextmanager
def openstack_double(certificate: str = "") -> Iterator[OpenStackDouble]:
    """Inside, the cloud answers; over TLS when there is a file with a certificate and its key."""
    server = _Server(("127.0.0.1", 0), _Face)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.double = OpenStackDouble(server, "https" if certificate else "http")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.double  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, *_: object) -> None:
        """Callers that hang up are part of the tests."""


class _Face(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.double.connections += 1  # type: ignore[attr-defined]

    def _serve(self) -> None:
        double: OpenStackDouble = self.server.double  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        who = self.headers.get("X-Auth-Token", "")
        asked = Asked(self.command, parts.path, query, dict(self.headers), json.loads(body) if body else None, who)
        answer = double.answer(asked, parts.query)
        if answer is None:
            self.close_connection = True
            return
        content = answer.content
        for service in SERVICES:
            content = content.replace(place(service).encode(), f"{double.url}/{service}".encode())
        self.send_response_only(answer.status)
        headers = {"Date": self.date_time_string(), "Content-Type": "application/json", **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, *_: object) -> None:
        pass
