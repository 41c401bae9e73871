"""A Message Router that records what it gets and answers as told, in the real one's words."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Frame = tuple[str, bytes]


@dataclass(frozen=True)
class Request:
    """One request as it came in; ``frames`` are its messages with their keys."""

    method: str
    path: str
    headers: Headers
    body: bytes
    frames: list[Frame]


@dataclass(frozen=True)
class Answer:
    """``accepted`` messages are stored, the rest is not."""

    status: int
    body: str = ""
    accepted: int = 0
    headers: tuple[tuple[str, str], ...] = ()


Script = Callable[[Request], Answer | None]


def accept(request: Request) -> Answer:
    return counted(len(request.frames))(request)


def counted(count: int) -> Script:
    """200, but only so many messages are taken."""
    body = f'{{\n    "serverTimeMs": 4,\n    "count": {count}\n}}'
    return lambda request: Answer(200, body, count)


def failing(status: int, mrstatus: int = 3002, message: str = "No.", **headers: str) -> Script:
    """The real one's error body."""
    body = {"mrstatus": mrstatus, "helpURL": "http://onap.readthedocs.io", "message": message, "status": status}
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda request: Answer(status, json.dumps(body), headers=pairs)


def saying(status: int, body: str, **headers: str) -> Script:
    """Any answer at all."""
    return lambda request: Answer(status, body, headers=tuple(headers.items()))


def closing(request: Request) -> None:
    """Take the request and close the connection without an answer."""


def poisoned_by(poison: bytes, status: int = 400) -> Script:
    """Refuse every request with such a message in it."""
    refuse = failing(status, 5007, "Error while publishing data to topic.:T1.")
    return lambda request: refuse(request) if poison in request.body else accept(request)


class MessageRouter:
    """Runs on a free port of this machine. ``script`` holds the next answers, ``otherwise`` all later ones."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.stored: dict[str, list[Frame]] = {}
        self.script: deque[Script] = deque()
        self.otherwise: Script = accept
        self.connections = 0
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def hanging(self, request: Request) -> None:
        """Do not answer before the server is closed."""
        self._released.wait(60)

    def values(self, topic: str = "T1") -> list[bytes]:
        """The stored messages of a topic, in order."""
        with self._lock:
            return [value for _, value in self.stored.get(topic, [])]

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, request: Request) -> Answer | None:
        with self._lock:
            self.requests.append(request)
            script = self.script.popleft() if self.script else self.otherwise
        answer = script(request)
        if answer is not None:
            topic = unquote(urlsplit(request.path).path.removeprefix("/events/"))
            with self._lock:
                self.stored.setdefault(topic, []).extend(request.frames[: answer.accepted])
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        router = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60
            wbufsize = 65536

            def setup(self) -> None:
                router.connections += 1
                super().setup()

            def do_POST(self) -> None:
                self._serve()

            def do_GET(self) -> None:
                self._serve()

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                frames = frames_in(self.headers, self.path, body) if body else []
                answer = router._handle(Request(self.command, self.path, self.headers, body, frames))
                if answer is None:
                    self.close_connection = True
                    return
                self._write(answer)

            def _write(self, answer: Answer) -> None:
                content = answer.body.encode()
                self.send_response(answer.status)
                for name, value in (*answer.headers, ("Content-Length", str(len(content)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


def frames_in(headers: Mapping[str, str], path: str, body: bytes) -> list[Frame]:
    """The messages of a body, read as strictly as the real one reads it."""
    if headers["Content-Type"] == "application/cambria":
        return list(_cambria_frames(body))
    key = parse_qs(urlsplit(path).query).get("partitionKey", [""])[0]
    plain = json.loads(body)
    return [(key, json.dumps(one).encode()) for one in (plain if isinstance(plain, list) else [plain])]


def _cambria_frames(body: bytes) -> Any:
    place = 0
    while place < len(body):
        head = re.compile(rb"\s*(\d+)\.(\d+)\.").match(body, place)
        assert head, body[place : place + 40]
        key_end = head.end() + int(head[1])
        place = key_end + int(head[2])
        assert place <= len(body), "End of stream while reading"
        yield body[head.end() : key_end].decode(), body[key_end:place]
