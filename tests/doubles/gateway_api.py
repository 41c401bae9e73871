"""A gateway's REST API that answers what a test lays down, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

API = "/api/multicloud/v1"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; ``path`` is behind the API prefix, repeated parameters are joined by commas."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass
class Laid:
    """An answer laid down for one method and path."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


class GatewayApi:
    """Use as a context manager; ``url`` is where it listens."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._laid: dict[tuple[str, str], deque[Laid]] = {}
        self._streams: deque[bytes] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The root of the gateway."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> None:
        """Lay down an answer: JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self._laid[method, path] = deque([Laid(status, content, headers)])

    def answers(self, method: str, path: str, *bodies: Any) -> None:
        """Lay down JSON answers given one after the other; the last one stays."""
        laid = [Laid(200, json.dumps(body).encode()) for body in bodies]
        self._laid[method, path] = deque(laid)

    def refuse(self, method: str, path: str, status: int, **problem: Any) -> None:
        """Lay down a problem document."""
        self.answer(method, path, {"status": status, "request_id": "req-1", **problem}, status=status)

    def stream(self, *events: dict[str, Any], extra: bytes = b"") -> None:
        """What the next listener of the stream hears before the connection ends."""
        told = b"".join(f"id: {one['sequence']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)
        self._streams.append(told + extra)

    def next_stream(self) -> bytes | None:
        """The next laid down stream, if any."""
        return self._streams.popleft() if self._streams else None

    def find(self, method: str, path: str) -> Laid | None:
        """The answer that is next."""
        laid = self._laid.get((method, path))
        return (laid.popleft() if len(laid) > 1 else laid[0]) if laid else None

    def __enter__(self) -> GatewayApi:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _answering(api: GatewayApi) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_json = self.headers.get("Content-Type") == "application/json"
            body = json.loads(content) if is_json else content.decode() or None
            path = parts.path.removeprefix(API)
            query = {name: ",".join(values) for name, values in parse_qs(parts.query).items()}
            asked = Asked(self.command, path, query, body, dict(self.headers))
            api.asked.append(asked)
            if path in ("/events/stream", "/alarms/stream") and not api.find("GET", path):
                self._stream()
            else:
                self._send(api.find(self.command, path) or _missing(asked))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

        def _send(self, laid: Laid) -> None:
            self.send_response(laid.status)
            for name, value in {"Content-Type": "application/json", **laid.headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(laid.content)))
            self.end_headers()
            self.wfile.write(laid.content)

        def _stream(self) -> None:
            told = api.next_stream()
            if told is None:
                self._send(Laid(503, b'{"title": "nothing more to tell"}'))
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Answering


def _missing(asked: Asked) -> Laid:
    problem = {"title": "Not Found", "detail": f"nothing laid down for {asked.method} {asked.path}"}
    return Laid(404, json.dumps(problem).encode())
