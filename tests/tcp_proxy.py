"""A TCP proxy that can stop forwarding: connections stay open, and nothing comes through."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress

BACKEND_KEY = re.compile(rb"K\x00\x00\x00\x0c....", re.DOTALL)


class TcpProxy:
    """Forwards to one port of the loopback.

    As a pool of PostgreSQL connections does, it may tell clients a backend's process id that is not the real one.
    """

    def __init__(self, port: int, *, as_pool: bool = False) -> None:
        self._target, self._as_pool = port, as_pool
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def block(self) -> None:
        """Nothing comes through any more; nobody is told."""
        self._flowing.clear()

    def resume(self) -> None:
        """What waited comes through."""
        self._flowing.set()

    def begin_anew(self) -> None:
        """New connections come through; those there are stay blocked."""
        self._flowing = threading.Event()
        self._flowing.set()

    def close(self) -> None:
        """End every connection."""
        self._listener.close()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._open.append(near)
                threading.Thread(target=self._join, args=(near, self._flowing), daemon=True).start()

    def _join(self, near: socket.socket, flowing: threading.Event) -> None:
        flowing.wait()
        far = socket.create_connection(("127.0.0.1", self._target))
        self._open.append(far)
        threading.Thread(target=self._pump, args=(far, near, flowing), daemon=True).start()
        self._pump(near, far, flowing)

    def _pump(self, source: socket.socket, sink: socket.socket, flowing: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                flowing.wait()
                sink.sendall(BACKEND_KEY.sub(b"K\0\0\0\x0c\0\0\0\1", data, count=1) if self._as_pool else data)
        flowing.wait()
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
