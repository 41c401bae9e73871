"""N11, F20: which addresses no action may go to, whatever they are written like, and when names change."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from fed_common.core.errors import Invalid, Permanent, Retryable
from fed_common.interfaces.notifier import Packet
from fed_common.notify import guard
from fed_common.notify.http import HttpConfig, HttpNotifier
from fed_common.notify.posting import close_session
from tests.consumers import Consumer
from tests.notices import a_notice

LOOPBACK = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "::1", "::ffff:127.0.0.1"]
OTHERS = ["169.254.169.254", "0.0.0.0", "::", "fe80::1%lo", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "224.0.0.1"]


@pytest.fixture(autouse=True)
def as_shipped(settings: Any) -> None:
    settings.ALLOWED_NETWORKS = []


@pytest.mark.parametrize("host", [*LOOPBACK, *OTHERS])
def test_a_forbidden_host_is_refused_when_an_action_is_written(host: str) -> None:
    with pytest.raises(Invalid, match=r"alarm_actions.*MCFED_FORBIDDEN_NETWORKS"):
        guard.check_host(host, field="alarm_actions")


@pytest.mark.parametrize("host", ["192.0.2.7", "10.1.2.3", "2001:db8::1", "name.invalid", "8.8.8.8"])
def test_other_hosts_pass_also_names_that_nobody_knows_yet(host: str) -> None:
    guard.check_host(host, field="alarm_actions")


def test_allowed_networks_are_exceptions(settings: Any) -> None:
    settings.ALLOWED_NETWORKS = ["127.0.0.2/32"]
    assert not guard.forbidden("127.0.0.2")
    assert guard.forbidden("127.0.0.1")


def test_a_network_that_is_none_is_named(settings: Any) -> None:
    settings.FORBIDDEN_NETWORKS = ["10.0.0.0/99"]
    with pytest.raises(Invalid, match="MCFED_FORBIDDEN_NETWORKS"):
        guard.forbidden("192.0.2.1")


def posted(url: str) -> None:
    async def post() -> None:
        try:
            await HttpNotifier(HttpConfig(url)).notify(Packet("id", 1, [a_notice()], ["id"]), timeout=5)
        finally:
            await close_session()

    asyncio.run(asyncio.wait_for(post(), 10))


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "127.1", "localhost", "[::ffff:127.0.0.1]"])
def test_no_socket_is_connected_to_a_forbidden_address(host: str) -> None:
    with Consumer() as consumer:
        with pytest.raises(Permanent, match=r"forbidden network|cannot be used"):
            posted(f"http://{host}:{consumer.port}/")
        assert consumer.told == []


def test_a_name_that_means_something_else_by_then_is_of_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a harmless address when the action is written, ours when it is called."""
    lookup, answers = socket.getaddrinfo, ["192.0.2.7"]

    def rebound(host: str, *arguments: Any, **more: Any) -> Any:
        return lookup(answers[0] if host == "rebind.example" else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    guard.check_host("rebind.example", field="alarm_actions")
    answers[0] = "127.0.0.1"
    with Consumer() as consumer:
        with pytest.raises(Permanent, match="forbidden network"):
            posted(f"http://rebind.example:{consumer.port}/")
        assert consumer.told == []


def test_a_name_nobody_knows_is_tried_again() -> None:
    with pytest.raises(Retryable, match="not known"):
        posted("http://name.invalid/")


def test_other_notifiers_get_the_addresses_that_may_be_called(settings: Any) -> None:
    with pytest.raises(Permanent, match="forbidden network"):
        asyncio.run(guard.addresses_of("127.0.0.1", timeout=5))
    with pytest.raises(Retryable):
        asyncio.run(guard.addresses_of("name.invalid", timeout=5))
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    assert asyncio.run(guard.addresses_of("127.0.0.1", timeout=5)) == ["127.0.0.1"]
