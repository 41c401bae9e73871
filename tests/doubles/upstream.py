"""A cloud's or plugin's HTTP side on a socket: it keeps what came, byte for byte, and answers what it is told."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Asked:
    """One request as it came. ``whole``: its body did not break off."""

    target: str
    method: str
    headers: list[tuple[str, bytes]]
    body: bytes = b""
    whole: bool = True

    def all(self, name: str) -> list[bytes]:
        """Every value of this header."""
        return [value for known, value in self.headers if known.lower() == name.lower()]

    def one(self, name: str) -> bytes | None:
        """The value of this header; fails when there are several."""
        found = self.all(name)
        assert len(found) < 2, found
        return found[0] if found else None


Answering = Callable[[socket.socket, Asked], bool | None]
"""Answers by itself; False: the connection is closed then."""


@dataclass
class Upstream:
    """``answer`` is what every request gets: raw bytes, or what does it.

    ``before_body`` is sent before a body that waits for it; anything but 100 is the answer.
    ``heads`` counts requests from when their head has come.
    """

    answer: bytes | Answering = OK
    before_body: bytes = b""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    heads: int = 0
    keep: bool = True
    tls: Path | None = None

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls)
            self._listener = context.wrap_socket(self._listener, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def last(self) -> Asked:
        """The newest request."""
        return self.asked[-1]

    def close(self) -> None:
        """Listen no longer, and drop every connection."""
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode("latin-1").split(" ", 2)
                asked = Asked(target, method, _headers(stream))
                self.heads += 1
                if asked.one("expect") and self.before_body:
                    connection.sendall(self.before_body)
                self._read_body(stream, asked)
                self.asked.append(asked)
                if not asked.whole or not self._answered(connection, asked):
                    return

    def _answered(self, connection: socket.socket, asked: Asked) -> bool:
        if callable(self.answer):
            return self.answer(connection, asked) is not False
        head, blank, body = self.answer.partition(b"\r\n\r\n")
        connection.sendall(head + blank + (b"" if asked.method == "HEAD" else body))
        return self.keep

    def _read_body(self, stream: object, asked: Asked) -> None:
        if self.before_body and not self.before_body.startswith(b"HTTP/1.1 100") and asked.one("expect"):
            return
        if asked.one("transfer-encoding"):
            asked.body, asked.whole = _chunked(stream)
        else:
            length = int(asked.one("content-length") or 0)
            asked.body = stream.read(length)  # type: ignore[attr-defined]
            asked.whole = len(asked.body) == length


@contextlib.contextmanager
def upstream(answer: bytes | Answering = OK, tls: Path | None = None) -> Iterator[Upstream]:
    """Inside, it listens; ``tls``: a file with its certificate and key."""
    server = Upstream(answer, tls=tls)
    try:
        yield server
    finally:
        server.close()


def said(status: str, *headers: str, body: bytes = b"") -> bytes:
    """A raw answer with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _headers(stream: object) -> list[tuple[str, bytes]]:
    found = []
    while line := stream.readline().rstrip(b"\r\n"):  # type: ignore[attr-defined]
        name, _, value = line.partition(b":")
        found.append((name.decode("latin-1"), value.strip(b" ")))
    return found


def _chunked(stream: object) -> tuple[bytes, bool]:
    body = b""
    while line := stream.readline().strip():  # type: ignore[attr-defined]
        size = int(line, 16)
        piece = stream.read(size + 2)[:size]  # type: ignore[attr-defined]
        body += piece
        if not size:
            return body, True
        if len(piece) < size:
            break
    return body, False
