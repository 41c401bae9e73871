"""A transport URL is refused or tried without its password ever being told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fed_common.bus.check import check_transport, check_url
from fed_common.core.errors import Invalid, Permanent, Retryable
from tests.processes import free_port

PASSWORD = "pl4nted-S3cret"


@pytest.mark.parametrize(
    "url",
    [
        "rabbit://u:p@h:5672/",
        "rabbit://u:p@h1:5672,u:p@h2:5672/vhost?ssl=1&ssl_ca_file=/etc/ca.pem",
        "rabbit://u:p@[::1]:5672//",
        "kafka://h:9092",
        "fake://",
        "kombu+memory://",
    ],
)
def test_urls_a_driver_can_use_are_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("url", "shown", "allowed"),
    [
        ("", "", "drivers: fake, kafka"),
        ("somewhere", "somewhere", "drivers: fake, kafka"),
        (f"http://u:{PASSWORD}@h/", "http://u:***@h/", "drivers: fake, kafka"),
        ("rabbit://", "rabbit://", "host:port"),
        (f"rabbit://u:{PASSWORD}@/", "rabbit://u:***@/", "host:port"),
        (f"rabbit://u:{PASSWORD}@h:port/", "rabbit://u:***@h:port/", "host:port"),
        (f"rabbit://u:{PASSWORD}@h:70000/", "rabbit://u:***@h:70000/", "host:port"),
        (f"rabbit://u:{PASSWORD}/x@h/", "rabbit://u:***@h/", "%XX"),
        (f"rabbit://u:{PASSWORD} x@h/", "***", "%XX"),
        (f"rabbit://u:{PASSWORD}@[::1/", "rabbit://u:***@[::1/", "host:port"),
        (f"rabbit://u:{PASSWORD}@h/?colour=red", "rabbit://u:***@h/?colour=red", "no such option colour"),
        (f"rabbit://u:{PASSWORD}@h/?ssl=maybe", "rabbit://u:***@h/?ssl=maybe", "'maybe'"),
        (f"rabbit://u:{PASSWORD}@{'h' * 2000}/", f"rabbit://u:***@{'h' * 85}", "2000"),
    ],
)
def test_other_urls_are_refused_naming_what_is_allowed(url: str, shown: str, allowed: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_url(url)

    assert (caught.value.field, caught.value.value) == ("transport.url", shown)
    assert allowed in caught.value.allowed
    assert PASSWORD not in str(caught.value)


def test_a_bus_nobody_serves_is_unreachable() -> None:
    port = free_port()

    with pytest.raises(Retryable) as caught:
        check_transport(f"rabbit://u:{PASSWORD}@127.0.0.1:{port}/", 2)

    assert f"127.0.0.1:{port}" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_bus_that_says_nothing_is_given_up() -> None:
    with _server(lambda peer: peer.recv(8)) as port, pytest.raises(Retryable, match="timed out"):
        check_transport(f"rabbit://u:{PASSWORD}@127.0.0.1:{port}/", 0.3)


def test_a_server_that_is_no_bus_is_refused() -> None:
    def http(peer: socket.socket) -> None:
        peer.recv(8)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with _server(http) as port, pytest.raises((Retryable, Permanent)) as caught:
        check_transport(f"rabbit://u:{PASSWORD}@127.0.0.1:{port}/", 2)

    assert PASSWORD not in str(caught.value)


def test_buses_other_than_rabbitmq_are_reached_when_their_port_answers() -> None:
    with _server(lambda peer: None) as port:
        check_transport(f"kafka://127.0.0.1:{port}", 2)


def test_a_bus_inside_the_process_is_always_reached() -> None:
    check_transport("fake://", 1)


@contextmanager
def _server(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """A TCP server that gives every connection to ``answer`` and keeps it open until the end."""
    peers: list[socket.socket] = []

    def serve() -> None:
        try:
            while True:
                peer, _ = listening.accept()
                peers.append(peer)
                answer(peer)
        except OSError:
            return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    for peer in peers:
        peer.close()
