"""RPC within one process, and towards a bus that is not there: everything is bounded."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from fed_common.bus.rpc import CAST_WITHIN, SENDERS, RpcClient, RpcServer
from fed_common.core.errors import Invalid, Retryable

NOBODY = "rabbit://user:secret@127.0.0.1:1/"


class Endpoint:
    """Doubles numbers, fails, and takes part in a rendezvous."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.meeting = threading.Barrier(4, timeout=60)

    def double(self, context: dict[str, Any], number: int) -> int:
        self.heard.append(number)
        return 2 * number

    def fail(self, context: dict[str, Any]) -> None:
        raise ValueError("rabbit://user:hunter2@host/ is broken")

    def meet(self, context: dict[str, Any]) -> int:
        return self.meeting.wait()


def serving(topic: str, endpoint: Endpoint, url: str = "fake://") -> RpcServer:
    return RpcServer(url, exchange="rpc-test", topic=topic, server="one", endpoints=[endpoint])


def client(topic: str, url: str = "fake://") -> RpcClient:
    return RpcClient(url, exchange="rpc-test", topic=topic)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """What answers on topic ``shared``."""
    made = Endpoint()
    server = serving("shared", made)
    server.start()
    yield made
    server.stop()


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A bus that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"rabbit://user:secret@127.0.0.1:{listening.getsockname()[1]}/"


def test_threads_of_one_process_call_and_cast(endpoint: Endpoint, eventually: Any) -> None:
    assert client("shared").call("double", timeout=60, number=4) == 8
    client("shared").cast("double", number=5)
    client("shared").cast("double", server="one", number=6)
    client("shared").cast("double", fanout=True, number=7)
    eventually(lambda: sorted(endpoint.heard) == [4, 5, 6, 7])


def test_calls_are_answered_side_by_side(endpoint: Endpoint) -> None:
    meet = partial(client("shared").call, "meet", timeout=60)
    callers = [threading.Thread(target=meet) for _ in range(3)]
    for one in callers:
        one.start()
    assert endpoint.meeting.wait() in range(4)
    for one in callers:
        one.join()


def test_a_method_that_fails_is_told_in_one_line_without_secrets(endpoint: Endpoint) -> None:
    with pytest.raises(Retryable) as raised:
        client("shared").call("fail", timeout=60)
    assert "is broken" in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert "Traceback" not in str(raised.value)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("unknown", {}), ("double", {}), ("double", {"number": 1, "more": 2}), ("_hidden", {})],
    ids=["T46-method", "T46-missing", "T46-unknown-argument", "T46-private"],
)
def test_a_call_that_fits_no_method_is_refused_and_the_server_goes_on(
    endpoint: Endpoint, method: str, arguments: dict[str, int]
) -> None:
    with pytest.raises(Retryable):
        client("shared").call(method, timeout=60, **arguments)
    assert client("shared").call("double", timeout=60, number=1) == 2


def test_where_nobody_of_this_process_answers_that_is_said_at_once() -> None:
    with pytest.raises(Retryable, match="nobody of this process"):
        client("deserted").call("double", timeout=3600, number=1)
    with pytest.raises(Retryable, match="nobody of this process"):
        client("deserted").cast("double", fanout=True, number=1)


def test_a_server_that_stopped_answers_no_more() -> None:
    endpoint = Endpoint()
    server = serving("left", endpoint)
    server.start()
    client("left").call("double", timeout=60, number=1)
    server.stop()
    server.stop()
    with pytest.raises(Retryable):
        client("left").cast("double", number=2)
    assert endpoint.heard == [1]


def test_a_cast_to_a_bus_that_is_down_says_so() -> None:
    with pytest.raises(Retryable) as raised:
        client("down", NOBODY).cast("double", number=1)
    assert "secret" not in str(raised.value)


def test_a_call_to_a_bus_that_is_down_ends() -> None:
    with pytest.raises(Retryable):
        client("down", NOBODY).call("double", timeout=0.1, number=1)


def test_casts_to_a_bus_that_hangs_leave_few_threads_behind(black_hole: str) -> None:
    hanging = client("hanging", black_hole)

    def cast() -> None:
        with pytest.raises(Retryable):
            hanging.cast("hang")

    callers = [threading.Thread(target=cast) for _ in range(2 * SENDERS)]
    started = time.monotonic()
    for one in callers:
        one.start()
    for one in callers:
        one.join(20 * CAST_WITHIN)
    assert not any(one.is_alive() for one in callers)
    assert time.monotonic() - started < 20 * CAST_WITHIN
    assert sum(one.name == "rpc-hang" for one in threading.enumerate()) <= SENDERS


def test_a_server_starts_and_stops_while_the_bus_is_down() -> None:
    server = serving("down", Endpoint(), NOBODY)
    server.start()
    assert not server.listening
    server.stop()


def test_a_transport_that_no_driver_serves_is_refused_by_its_setting() -> None:
    with pytest.raises(Invalid, match="MCFED_TRANSPORT_URL") as raised:
        client("any", "carrier-pigeon://user:secret@host/")
    assert "secret" not in str(raised.value)
