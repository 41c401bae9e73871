"""The ping and tcp detectors: hosts that really cease to answer, and what is said of them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.errors import Invalid, Retryable
from fed_common.interfaces.detector import HostReport
from fed_common.interfaces.registry import load, parse_config
from fed_common.monitor.hosts import HostMonitor, PingConfig, PingDetector, TcpConfig, TcpDetector
from tests.addresses import Addresses
from tests.waiting import until

QUICK = {"interval": 0.05, "timeout": 0.1, "fall": 2, "rise": 2}


class Reports:
    """What is reported, in order; while the database is away, nothing is taken."""

    def __init__(self) -> None:
        self.all: list[HostReport] = []
        self.away, self.refused = threading.Event(), threading.Event()

    def __call__(self, said: HostReport) -> None:
        if self.away.is_set():
            self.refused.set()
            raise Retryable("no database")
        self.all.append(said)

    def of(self, host: str) -> list[bool]:
        """Whether it was down, each time."""
        return [said.down for said in self.all if said.host == host]


@pytest.fixture(scope="module")
def addresses() -> Iterator[Addresses]:
    with Addresses(4) as made:
        yield made


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def ping(settings: Any, reports: Reports) -> Iterator[PingDetector]:
    settings.BRAKE_COUNT = 100
    with started(PingDetector(), reports) as ping:
        yield ping


@pytest.fixture
def tcp(reports: Reports) -> Iterator[TcpDetector]:
    with started(TcpDetector(), reports) as tcp:
        yield tcp


@contextmanager
def started(detector: Any, reports: Reports) -> Iterator[Any]:
    detector.start(reports)
    yield detector
    detector.stop()
    detector.stop()


def pinged(addresses: Addresses, count: int = 1) -> dict[tuple[str, str], PingConfig]:
    return {("cloud_one", f"h{number}"): PingConfig(addresses.v4[number], **QUICK) for number in range(count)}


def test_a_host_that_ceases_to_answer_is_down_and_one_that_answers_again_is_up(
    ping: HostMonitor, reports: Reports, addresses: Addresses
) -> None:
    ping.watch(pinged(addresses))
    until(lambda: reports.of("h0") == [False])
    before = clock.now()
    addresses.cut(addresses.v4[0])
    try:
        until(lambda: reports.of("h0") == [False, True])
    finally:
        addresses.restore(addresses.v4[0])
    until(lambda: reports.of("h0") == [False, True, False])
    said = reports.all[1]
    assert (said.vim_id, said.source, said.cause) == ("cloud_one", "ping", "no answer within 0.1 s")
    assert before < said.seen_at < clock.now()


def test_only_the_hosts_given_last_are_watched(ping: HostMonitor, reports: Reports, addresses: Addresses) -> None:
    ping.watch(pinged(addresses, 2))
    until(lambda: reports.of("h0") == reports.of("h1") == [False])
    ping.watch({key: one for key, one in pinged(addresses, 2).items() if key[1] == "h1"})
    addresses.cut(*addresses.v4[:2])
    try:
        until(lambda: reports.of("h1") == [False, True])
    finally:
        addresses.restore(*addresses.v4[:2])
    assert reports.of("h0") == [False]


def test_nothing_is_lost_while_the_database_is_away(
    ping: HostMonitor, reports: Reports, addresses: Addresses
) -> None:
    reports.away.set()
    ping.watch(pinged(addresses))
    until(reports.refused.is_set)
    assert not reports.all
    reports.away.clear()
    until(lambda: reports.of("h0") == [False])


def test_when_many_fail_at_once_the_brake_holds_and_who_comes_back_was_never_down(
    settings: Any, reports: Reports, addresses: Addresses
) -> None:
    settings.BRAKE_PERCENT, settings.BRAKE_COUNT, settings.BRAKE_WINDOW = 10, 1, 3600
    with started(PingDetector(), reports) as ping:
        ping.watch(pinged(addresses, 4))
        until(lambda: len(reports.all) == 4)
        addresses.cut(*addresses.v4)
        try:
            until(lambda: [said.down for said in reports.all].count(True) == 1)
        finally:
            until(lambda: held(ping) == 3)
            addresses.restore(*addresses.v4)
        until(lambda: all(reports.of(f"h{number}")[-1] is False for number in range(4)) and not held(ping))
        until(lambda: len(reports.all) == 9)
    assert sorted(len(reports.of(f"h{number}")) for number in range(4)) == [2, 2, 2, 3]


def test_who_is_still_down_when_the_brake_lets_go_is_reported(
    settings: Any, reports: Reports, addresses: Addresses
) -> None:
    settings.BRAKE_PERCENT, settings.BRAKE_COUNT, settings.BRAKE_WINDOW = 10, 1, 1.0
    with started(PingDetector(), reports) as ping:
        ping.watch(pinged(addresses, 4))
        until(lambda: len(reports.all) == 4)
        addresses.cut(*addresses.v4)
        try:
            until(lambda: all(reports.of(f"h{number}") == [False, True] for number in range(4)))
        finally:
            addresses.restore(*addresses.v4)


def test_a_port_that_is_closed_is_down(tcp: HostMonitor, reports: Reports) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        tcp.watch({("cloud_one", "h0"): TcpConfig("127.0.0.1", **QUICK, port=port)})
        until(lambda: reports.of("h0") == [False])
    until(lambda: reports.of("h0") == [False, True])
    assert reports.all[-1].cause == "Connection refused"


def test_the_detectors_are_those_of_the_settings(settings: Any) -> None:
    assert load(settings.DETECTORS["ping"]) is PingDetector
    assert load(settings.DETECTORS["tcp"]) is TcpDetector


@pytest.mark.parametrize(
    ("kind", "options", "field"),
    [
        (PingConfig, {}, "address"),
        (PingConfig, {"address": ""}, "address"),
        (PingConfig, {"address": "a b"}, "address"),
        (PingConfig, {"address": "a", "interval": 0}, "interval"),
        (PingConfig, {"address": "a", "timeout": 61}, "timeout"),
        (PingConfig, {"address": "a", "fall": 0}, "fall"),
        (PingConfig, {"address": "a", "rise": 1.5}, "rise"),
        (PingConfig, {"address": "a", "port": 22}, "port"),
        (TcpConfig, {"address": "a", "port": 0}, "port"),
        (TcpConfig, {"address": "a", "interval": -1}, "interval"),
    ],
)
def test_a_bad_option_is_named(kind: Any, options: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_config(kind, options)
    assert caught.value.field == f"options.{field}"


def held(ping: HostMonitor) -> int:
    """How many reports the brake holds back."""
    return ping.health["held"]
