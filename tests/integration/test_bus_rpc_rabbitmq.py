"""RPC over a real RabbitMQ: the queues it has, and a bus that comes later or goes and comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from fed_common.bus.rpc import RpcClient, RpcServer
from fed_common.core.errors import Retryable
from tests.vhosts import VirtualHost

pytestmark = pytest.mark.servers


class Endpoint:
    def double(self, context: dict[str, Any], number: int) -> int:
        return 2 * number


@pytest.fixture
def host(rabbitmq_url: str) -> Iterator[VirtualHost]:
    """One that is not made yet."""
    made = VirtualHost(rabbitmq_url)
    yield made
    made.make()
    made.remove()


@pytest.fixture
def server(host: VirtualHost) -> Iterator[RpcServer]:
    made = RpcServer(host.url, exchange="tacker", topic="DOUBLING", server="me", endpoints=[Endpoint()])
    yield made
    made.stop()


def doubled(host: VirtualHost, number: int, server: str = "") -> Any:
    client = RpcClient(host.url, exchange="tacker", topic="DOUBLING")
    try:
        return client.call("double", server=server, timeout=1, number=number)
    except Retryable:
        return None
    finally:
        client._client.transport.cleanup()


def test_a_server_has_the_queues_that_the_seed_lists(host: VirtualHost, server: RpcServer) -> None:
    host.make()
    server.start()
    assert server.listening
    first, own, fanout = sorted(host.queues())  # T10, T43
    assert (first, own) == ("DOUBLING", "DOUBLING.me")
    assert re.fullmatch("DOUBLING_fanout_[0-9a-f]{32}", fanout)
    assert doubled(host, 3) == doubled(host, 3, "me") == 6
    assert doubled(host, 3, "somebody-else") is None


def test_a_server_waits_for_its_bus_and_survives_its_restart(
    host: VirtualHost, server: RpcServer, eventually: Any
) -> None:
    server.start()
    assert not server.listening
    assert doubled(host, 1) is None
    host.make()
    eventually(lambda: server.listening)
    eventually(lambda: doubled(host, 2) == 4)
    host.remove()
    assert doubled(host, 3) is None
    host.make()
    eventually(lambda: doubled(host, 4) == 8)  # T48


def test_the_queue_of_a_server_does_not_outlive_it_for_long(host: VirtualHost, server: RpcServer) -> None:
    host.make()
    server.start()
    expires = {queue["name"]: queue["arguments"].get("x-expires") for queue in host.told("queues")}
    assert expires["DOUBLING.me"] == 60_000
    assert expires["DOUBLING"] is None
