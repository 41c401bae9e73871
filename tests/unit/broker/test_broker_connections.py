"""What becomes of a call when one of its two connections waits, breaks, or was dead already."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.doubles.upstream import Asked, said
from tests.unit.broker.conftest import Gateway, read_answer
from tests.waiting import until

VIM = "/v0/CloudOwner_RegionOne"


def test_expect_waits_for_the_word_of_the_cloud(gateway: Gateway) -> None:
    gateway.behind.before_body = b"HTTP/1.1 100 Continue\r\n\r\n"

    with _expecting(gateway, 5) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(b"hello")
        assert read_answer(connection).status == 200

    assert (gateway.behind.last.body, gateway.behind.last.one("expect")) == (b"hello", b"100-continue")


def test_expect_that_the_cloud_refuses_is_answered_without_the_body(gateway: Gateway) -> None:
    gateway.behind.before_body = said("401 Unauthorized", "WWW-Authenticate: x")
    gateway.behind.answer = lambda *_: False

    with _expecting(gateway, 5) as connection:
        answer = read_answer(connection, "PUT")

    assert (answer.status, answer.one("www-authenticate")) == (401, "x")
    assert answer.one("connection") == "close"


def test_expect_that_the_cloud_does_not_know_still_brings_the_body(gateway: Gateway) -> None:
    with _expecting(gateway, 5) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(b"hello")
        assert read_answer(connection).status == 200

    assert gateway.behind.last.body == b"hello"


def _expecting(gateway: Gateway, length: int) -> socket.socket:
    return gateway.begin("PUT", f"{VIM}/file", "expect: 100-continue", f"content-length: {length}")


@pytest.mark.parametrize("length", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_an_answer_that_breaks_half_way_never_looks_whole(gateway: Gateway, length: str) -> None:
    gateway.behind.answer = f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n5\r\nabc".encode()
    gateway.behind.keep = False

    answer = gateway.raw("GET", f"{VIM}/x", [])

    assert answer.status == 200
    assert not answer.whole


def test_a_caller_that_leaves_ends_the_call_to_the_cloud(gateway: Gateway, settings: Any) -> None:
    settings.CLOUD_TIMEOUT = 600
    ended: list[bytes] = []
    gateway.behind.answer = lambda connection, _: ended.append(connection.recv(1))  # type: ignore[assignment]
    with gateway.begin("GET", f"{VIM}/x"):
        until(lambda: gateway.behind.asked)

    until(lambda: ended == [b""])


def test_an_upload_whose_caller_leaves_never_looks_whole(gateway: Gateway) -> None:
    with gateway.begin("PUT", f"{VIM}/x", "content-length: 1000") as connection:
        connection.sendall(b"half")
        until(lambda: gateway.behind.heads)

    until(lambda: gateway.behind.asked)
    assert not gateway.behind.last.whole
    assert b"half".startswith(gateway.behind.last.body)
    assert gateway.ask("GET", f"{VIM}/x").status_code == 200


def test_b10_a_kept_connection_that_died_meanwhile_is_no_error(gateway: Gateway) -> None:
    def once(connection: socket.socket, asked: Asked) -> bool:
        connection.sendall(said("200 OK", body=b"ok"))
        return False

    gateway.behind.answer = once

    assert [gateway.ask("GET", f"{VIM}/x").status_code for _ in range(5)] == [200] * 5


def test_what_is_no_http_is_502(gateway: Gateway) -> None:
    gateway.behind.answer = b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n"

    answer = gateway.ask("GET", f"{VIM}/x")

    assert (answer.status_code, answer.json()["code"]) == (502, "cloud_failed")
