"""Hosts that detectors watch: as rows, over REST, and what becomes of what a detector says."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.faults import watching
from fed_common.faults.detecting import NEVER_UP, Detecting, report
from fed_common.faults.models import HostFault, WatchedHost
from fed_common.interfaces.detector import Detector, HostReport, Report
from fed_common.inventory.models import Vim
from tests.callers import Caller, caller
from tests.faulted import VIM
from tests.waiting import until

PATH = f"/vims/{VIM}/hosts/h1/detectors"
State = HostFault.State


@pytest.fixture
def row(vim: Vim) -> WatchedHost:
    return watching.watch_host(VIM, "h1", "ping", {"address": "192.0.2.1"})


def say(*, down: bool, host: str = "h1", source: str = "ping") -> None:
    report(HostReport(VIM, host, down, clock.now(), source, cause="no answer"))


def state() -> str:
    return WatchedHost.objects.values_list("state", flat=True).get()


def faults() -> list[str]:
    return list(HostFault.objects.values_list("state", flat=True))


def test_a_host_is_watched_shown_and_forgotten(vim: Vim, operator: Caller) -> None:
    made = operator.put(f"{PATH}/ping", {"options": {"address": "192.0.2.1", "fall": 2}})
    assert made["options"] == {"address": "192.0.2.1", "fall": 2}
    assert (made["detector"], made["host"], made["enabled"], made["state"]) == ("ping", "h1", True, "")
    assert operator.get(f"{PATH}/ping") == made
    assert operator.get(PATH) == {"detectors": [made]}
    assert operator.ask("DELETE", f"{PATH}/ping").status_code == 204
    assert operator.ask("DELETE", f"{PATH}/ping").status_code == 404
    assert operator.ask("GET", f"{PATH}/ping").status_code == 404
    assert operator.get(PATH) == {"detectors": []}


def test_without_an_address_it_is_the_hosts_name(vim: Vim, operator: Caller) -> None:
    made = operator.put(f"{PATH}/tcp", {"options": {"port": 2222}})
    assert made["options"] == {"address": "h1", "port": 2222}


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (f"{PATH}/nosuch", {}, 400, "ping"),
        (f"{PATH}/snmp_trap", {}, 400, "single hosts"),
        (f"{PATH}/ping", {"options": {"fall": 0}}, 400, "options.fall"),
        (f"{PATH}/ping", {"options": {"nosuch": 1}}, 400, "options.nosuch"),
        (f"{PATH}/ping", {"option": {}}, 400, "option"),
        (f"{PATH}/ping", {"enabled": "no"}, 400, "enabled"),
        (f"/vims/{VIM}/hosts/h9/detectors/ping", {}, 404, "h9"),
        ("/vims/no_such/hosts/h1/detectors/ping", {}, 404, "no_such"),
    ],
)
def test_what_cannot_be_watched_is_named(
    vim: Vim, operator: Caller, path: str, body: Any, status: int, said: str
) -> None:
    answer = operator.ask("PUT", path, body)
    assert answer.status_code == status, answer.content
    assert said in answer.content.decode()
    assert not WatchedHost.objects.exists()


def test_readers_may_look_and_others_vims_are_not_seen(row: WatchedHost, reader: Caller) -> None:
    assert reader.get(f"{PATH}/ping")["options"] == {"address": "192.0.2.1"}
    assert reader.ask("PUT", f"{PATH}/ping", {}).status_code == 403
    assert caller("operator", "other_*").ask("GET", f"{PATH}/ping").status_code == 403


def test_options_are_sealed_at_rest(row: WatchedHost) -> None:
    assert "192.0.2.1" not in WatchedHost.objects.values_list("sealed_options", flat=True).get()


def test_a_host_that_was_never_up_is_not_down(row: WatchedHost) -> None:
    say(down=True)
    assert (state(), faults()) == ("", [])
    assert WatchedHost.objects.get().reason == NEVER_UP


def test_down_is_a_fault_and_up_takes_back_what_the_same_detector_said(row: WatchedHost) -> None:
    say(down=False)
    assert (state(), faults()) == ("up", [])
    say(down=True)
    say(down=True)
    assert (state(), faults()) == ("down", [State.REPORTED])
    say(down=False)
    assert (state(), faults()) == ("up", [State.CLEARING])


def test_up_does_not_take_back_what_others_reported(row: WatchedHost) -> None:
    say(down=False)
    say(down=True, source="somebody")
    say(down=False)
    assert faults() == [State.REPORTED]


def test_another_address_has_to_be_up_first_unless_the_host_is_down(row: WatchedHost) -> None:
    say(down=False)
    watching.watch_host(VIM, "h1", "ping", {"address": "192.0.2.2"})
    assert state() == ""
    say(down=False)
    say(down=True)
    watching.watch_host(VIM, "h1", "ping", {"address": "192.0.2.3"})
    assert state() == "down"
    say(down=False)
    assert faults() == [State.CLEARING]


def test_the_same_options_again_change_nothing(row: WatchedHost) -> None:
    say(down=False)
    watching.watch_host(VIM, "h1", "ping", {"address": "192.0.2.1"}, enabled=False)
    assert (state(), WatchedHost.objects.get().enabled) == ("up", False)


def test_every_detector_of_the_settings_keeps_the_contract() -> None:
    known = watching.detectors()
    for name in known.names():
        kind = known.get(name)
        assert issubclass(kind, Detector)
        assert kind.name == name


class Broken(Detector):
    """Does not even start."""

    def start(self, report: Report) -> None:
        raise OSError("no")

    def stop(self) -> None:
        raise AssertionError("it was never started")


@pytest.fixture
def detecting(settings: Any, transactional_db: None) -> Iterator[Detecting]:
    settings.DETECTORS = {
        "broken": "tests.unit.faults.test_faults_watching.Broken",
        "tcp": "fed_common.monitor.hosts.TcpDetector",
    }
    made = Detecting()
    made.start()
    yield made
    made.stop()


def test_a_host_whose_port_is_closed_has_a_fault_and_loses_it(detecting: Detecting, vim: Vim) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        end = server.getsockname()
        options = {"address": end[0], "port": end[1], "interval": 0.05, "timeout": 0.2}
        watching.watch_host(VIM, "h1", "tcp", options)
        until(lambda: state() == "up")
    assert detecting.ready
    assert detecting.health() == {"tcp": 1}
    until(lambda: faults() == [State.REPORTED])
    fault = HostFault.objects.get()
    assert (fault.source, fault.cause) == ("tcp", "Connection refused")
    with socket.create_server(end):
        until(lambda: faults() == [State.CLEARING])
    watching.unwatch_host(VIM, "h1", "tcp")
    until(lambda: detecting.health() == {"tcp": 0})


def test_a_row_of_no_use_keeps_no_other_from_being_watched(detecting: Detecting, vim: Vim) -> None:
    WatchedHost.objects.create(vim=vim, host="h2", detector="tcp", sealed_options="sealed with another key")
    watching.watch_host(VIM, "h1", "tcp", {"address": "192.0.2.1"})
    until(lambda: detecting.health() == {"tcp": 1})
