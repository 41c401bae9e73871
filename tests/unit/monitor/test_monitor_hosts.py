"""The ping and tcp detectors: hosts that really cease to answer, and what is said of them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.errors import Invalid, Retryable
from fed_common.core.health import Check, ProbeKind
from fed_common.interfaces.detector import HostReport
from fed_common.interfaces.registry import load, parse_config
from fed_common.monitor import hosts, opinions
from fed_common.monitor.hosts import HostMonitor, PingConfig, PingDetector, TcpConfig, TcpDetector
from tests.addresses import Addresses
from tests.processes import free_port
from tests.waiting import until

QUICK = {"interval": 0.05, "timeout": 0.1, "fall": 2, "rise": 2}


class Reports:
    """What is reported, in order; while the database is away, nothing is taken."""

    def __init__(self) -> None:
        self.all: list[HostReport] = []
        self.at: list[datetime] = []
        self.away, self.refused = threading.Event(), threading.Event()

    def __call__(self, said: HostReport) -> None:
        if self.away.is_set():
            self.refused.set()
            raise Retryable("no database")
        self.at.append(clock.now())
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


def test_a_host_that_stays_down_is_reported_again(
    monkeypatch: pytest.MonkeyPatch, tcp: HostMonitor, reports: Reports
) -> None:
    monkeypatch.setattr(hosts, "REPORT_EVERY", 0.1)
    tcp.watch({("cloud_one", "h0"): TcpConfig("127.0.0.1", **QUICK, port=free_port())})
    until(lambda: reports.of("h0")[:3] == [True] * 3)
    assert len({said.seen_at for said in reports.all}) == 1


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


@pytest.fixture
def braked(settings: Any, reports: Reports, addresses: Addresses) -> Iterator[HostMonitor]:
    """Four hosts are up; when more than one fails at once it may be us."""
    settings.BRAKE_PERCENT, settings.BRAKE_COUNT, settings.BRAKE_WINDOW = 10, 1, 1.0
    with started(PingDetector(), reports) as ping:
        ping.watch(pinged(addresses, 4))
        until(lambda: len(reports.all) == 4)
        yield ping


def test_when_many_fail_at_once_the_brake_holds_and_who_comes_back_was_never_down(
    monkeypatch: pytest.MonkeyPatch, braked: HostMonitor, reports: Reports, addresses: Addresses
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(hosts, "others_agree", lambda checks: asked.append(len(checks)))
    monkeypatch.setattr(hosts, "ASK_EVERY", 0.5)
    addresses.cut(*addresses.v4[:3])
    try:
        until(lambda: len(asked) >= 4)  # longer than the window
        assert braked.health == {"hosts": 4, "held": 2}
        addresses.cut(addresses.v4[3])
        until(lambda: braked.health["held"] == 3)
    finally:
        addresses.restore(*addresses.v4)
    until(lambda: len(reports.all) == 9)
    assert braked.health["held"] == 0
    assert [said.down for said in reports.all].count(True) == 1


def test_who_is_held_back_is_reported_when_others_see_it_too(
    monkeypatch: pytest.MonkeyPatch, braked: HostMonitor, reports: Reports, addresses: Addresses
) -> None:
    monkeypatch.setattr(hosts, "others_agree", lambda checks: True)
    addresses.cut(*addresses.v4)
    try:
        until(lambda: all(reports.of(f"h{number}") == [False, True] for number in range(4)))
    finally:
        addresses.restore(*addresses.v4)


@pytest.mark.parametrize(
    ("executors", "say", "agree"),
    [
        (["there:1:a"], "down", True),
        (["there:1:a", "elsewhere:2:b"], "up", False),
        (["there:1:a"], "error", False),
        (["there:1:a"], "nonsense", False),
        ([f"{socket.gethostname()}:1:a"], "down", False),
        ([], "down", False),
    ],
)
def test_executors_on_other_servers_are_asked(
    monkeypatch: pytest.MonkeyPatch, executors: list[str], say: str, agree: bool
) -> None:
    class Client:
        def second_opinion(self, executor: str, check: dict[str, Any]) -> str:
            assert executor in executors
            assert check["address"] == "192.0.2.1"
            return say

    monkeypatch.setattr(opinions, "living", lambda role: executors)
    monkeypatch.setattr(opinions, "executors", Client)
    assert opinions.others_agree([Check(ProbeKind.PING, "192.0.2.1")] * 9) is agree


def test_a_port_that_is_closed_is_down(tcp: HostMonitor, reports: Reports) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        tcp.watch({("cloud_one", "h0"): TcpConfig("127.0.0.1", **QUICK, port=port)})
        until(lambda: reports.of("h0") == [False])
    until(lambda: reports.of("h0") == [False, True])
    assert reports.all[-1].cause == "Connection refused"


def test_it_is_seen_when_the_first_of_the_failures_is_seen(tcp: HostMonitor, reports: Reports) -> None:
    patient = TcpConfig("127.0.0.1", **{**QUICK, "interval": 0.1, "fall": 8}, port=free_port())
    tcp.watch({("cloud_one", "h0"): patient})
    until(lambda: reports.all)
    assert reports.at[0] - reports.all[0].seen_at > timedelta(seconds=0.5)


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
