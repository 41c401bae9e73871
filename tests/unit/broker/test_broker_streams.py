"""Large bodies in flat memory, and who is waited for how long. The gateway is a process of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bench.measure import peak_memory
from tests.doubles.upstream import Asked, said
from tests.processes import Deployment, deployed
from tests.unit.broker.conftest import STOCK, Gateway, read_answer
from tests.waiting import until

SIZE = 256 * 2**20
BLOCK = bytes(range(256)) * 4096
MAY_GROW = 40


class Store:
    """An image store: takes and gives SIZE bytes, when it is let."""

    def __init__(self) -> None:
        self.moving = threading.Event()
        self.moved = 0
        self.wrong = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb", buffering=2**16) as stream:
                head = list(iter(stream.readline, b"\r\n"))
                self.moved = 0
                if head[0].startswith(b"PUT"):
                    self._take(stream)
                    connection.sendall(said("204 No Content"))
                else:
                    self._give(connection)

    def _take(self, stream: Any) -> None:
        self.moving.wait(60)
        while self.moved < SIZE:
            piece = stream.read(len(BLOCK))
            self.wrong |= piece != BLOCK
            self.moved += len(piece)

    def _give(self, connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        while self.moved < SIZE:
            connection.sendall(BLOCK)
            self.moved += len(BLOCK)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    found = Store()
    yield found
    found.close()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Deployment]:
    wiring = {"MCFED_PROVIDERS": str(STOCK), "MCFED_PLUGIN_URLS": f"multicloud-vio={store.url}"}
    with deployed(tmp_path_factory.mktemp("streams"), **wiring) as found:
        found.gateway()
        found.rest("POST", "/vims", {"cloud_owner": "a", "cloud_region_id": "b", "type": "vmware"})
        yield found


def ask(deployment: Deployment, method: str, *headers: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", deployment.port), timeout=60)
    lines = [f"{method} /api/multicloud/v0/a_b/glance/v2/images/1/file HTTP/1.1", "host: 127.0.0.1", *headers]
    token = deployment.session.headers["X-Auth-Token"]
    connection.sendall("\r\n".join([*lines, f"x-multicloud-token: {token}", "", ""]).encode())
    return connection


def test_t13_a_large_upload_waits_for_the_cloud_in_flat_memory(deployment: Deployment, store: Store) -> None:
    pid = deployment.processes[0].pid
    before = peak_memory(pid)
    with ask(deployment, "PUT", f"content-length: {SIZE}") as connection:
        connection.settimeout(1)
        sent = _sent(connection, 0)
        assert sent < 32 * 2**20
        store.moving.set()
        connection.settimeout(60)
        assert _sent(connection, sent) == SIZE
        assert read_answer(connection, "PUT").status == 204

    assert (store.moved, store.wrong) == (SIZE, False)
    assert peak_memory(pid) - before < MAY_GROW


def test_a_large_download_waits_for_the_caller_in_flat_memory(deployment: Deployment, store: Store) -> None:
    pid = deployment.processes[0].pid
    before = peak_memory(pid)
    seen = [-1]

    def stalls() -> bool:
        was, seen[0] = seen[0], store.moved
        return was == store.moved > 0

    with ask(deployment, "GET") as connection:
        until(stalls, every=0.5)
        assert store.moved < 32 * 2**20
        with connection.makefile("rb") as stream:
            for _ in iter(stream.readline, b"\r\n"):
                pass
            got = 0
            while got < SIZE:
                piece = stream.read(len(BLOCK))
                assert piece == BLOCK
                got += len(piece)

    assert peak_memory(pid) - before < MAY_GROW


def test_an_upload_that_keeps_moving_is_not_cut(gateway: Gateway, settings: Any) -> None:
    settings.CLOUD_TIMEOUT, settings.IDLE_TIMEOUT = 3, 3
    with gateway.begin("PUT", "/v0/vmware_vio/x", "content-length: 8") as connection:
        for piece in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8"):
            threading.Event().wait(0.5)
            connection.sendall(piece)
        assert read_answer(connection).status == 200

    assert gateway.behind.last.body == b"12345678"


def test_a_download_that_keeps_moving_is_not_cut(gateway: Gateway, settings: Any) -> None:
    settings.CLOUD_TIMEOUT, settings.IDLE_TIMEOUT = 3, 3

    def slowly(connection: socket.socket, _asked: Asked) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for piece in range(8):
            threading.Event().wait(0.5)
            connection.sendall(b"%d" % piece)

    gateway.behind.answer = slowly

    assert gateway.ask("GET", "/v0/vmware_vio/x").content == b"01234567"


def test_a_download_that_stalls_is_broken_off(gateway: Gateway, settings: Any) -> None:
    settings.IDLE_TIMEOUT = 0.4

    def half(connection: socket.socket, _asked: Asked) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n1234")
        connection.recv(1)

    gateway.behind.answer = half

    answer = gateway.raw("GET", "/v0/vmware_vio/x", [])

    assert (answer.status, answer.body, answer.whole) == (200, b"1234", False)


def test_a_caller_that_stops_sending_is_told_and_the_vim_is_not_blamed(gateway: Gateway, settings: Any) -> None:
    settings.IDLE_TIMEOUT, settings.BREAKER_FAILURES = 0.4, 1
    with gateway.begin("PUT", "/v0/vmware_vio/x", "content-length: 8") as connection:
        connection.sendall(b"1")
        answer = read_answer(connection, "PUT")

    assert (answer.status, answer.one("connection")) == (408, "close")
    until(lambda: gateway.behind.asked)
    assert not gateway.behind.last.whole
    settings.IDLE_TIMEOUT = 60
    assert gateway.ask("GET", "/v0/vmware_vio/x").status_code == 200


def test_a_cloud_that_stops_taking_an_upload_is_504(gateway: Gateway, settings: Any) -> None:
    settings.IDLE_TIMEOUT = 0.5
    gateway.behind.close()
    with socket.create_server(("127.0.0.1", int(gateway.behind.url.rpartition(":")[2]))) as deaf:
        with gateway.begin("PUT", "/v0/vmware_vio/x", f"content-length: {SIZE}") as connection:
            sender = threading.Thread(target=connection.sendall, args=(bytes(SIZE),))
            sender.start()
            answer = read_answer(connection, "PUT")
            sender.join()
        deaf.close()

    assert (answer.status, b"vmware_vio" in answer.body) == (504, True)


def _sent(connection: socket.socket, sent: int) -> int:
    """How much is sent when all is, or when nobody takes more."""
    with contextlib.suppress(TimeoutError):
        while sent < SIZE:
            sent += connection.send(BLOCK[sent % len(BLOCK) :])
    return sent
