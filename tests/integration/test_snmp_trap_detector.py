"""The trap receiver hears the real ``snmptrap`` and ``snmpinform``, and our own notifier."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fed_common.core.alarm import ManagedObject, NoticeKind, ObjectType
from fed_common.core.errors import Invalid
from fed_common.faults.detectors.snmp_trap import SnmpTrapDetector
from fed_common.interfaces.detector import HostReport
from tests.conftest import service
from tests.snmp import LOOPBACK, notice, tell
from tests.waiting import until

pytestmark = pytest.mark.servers

ENGINE = "0x8000000001020305"
V3 = ["-v3", "-l", "authPriv", "-u", "cloudops", "-a", "SHA", "-A", "authsecret", "-x", "AES", "-X", "privsecret"]
USER = {"name": "cloudops", "auth": "SHA", "auth_key": "authsecret", "priv_key": "privsecret", "engine_id": ENGINE}
LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
HOST = {"sender": {"127.0.0.1": "compute-1", "::1": "compute-6"}}
TRAPS = [
    {"trap": LINK_DOWN, "down": True, "when": {IF_INDEX: "2"}, "vim_id": "cloud_one", "host": HOST},
    {"trap": LINK_UP, "down": False, "when": {IF_INDEX: "2"}, "vim_id": "cloud_one", "host": HOST},
]


class Receiver:
    """A listening detector and what it reported."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
            self.port = probe.getsockname()[1]
        self.target = f"{'udp6:[::1]' if ':' in host else '127.0.0.1'}:{self.port}"
        self.listen = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.reports: list[HostReport] = []

    def hears(self, count: int) -> list[tuple[str, str, bool]]:
        """What so many reports say."""
        until(lambda: len(self.reports) >= count)
        return [(said.vim_id, said.host, said.down) for said in self.reports]


@pytest.fixture(scope="module")
def commands() -> None:
    """``snmptrap`` and ``snmpinform`` are there."""
    service("snmptrapd", "start")


@pytest.fixture
def config(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "traps.json"
    path.write_text(json.dumps({"users": [USER], "traps": TRAPS}))
    settings.SNMP_TRAP_CONFIG, settings.SNMP_TRAP_COMMUNITY = str(path), "heard"


@pytest.fixture(params=["127.0.0.1", "::1"])
def receiver(request: Any, settings: Any, config: None, commands: None) -> Iterator[Receiver]:
    yield from listening(Receiver(request.param), settings)


@pytest.fixture
def v4(settings: Any, config: None, commands: None) -> Iterator[Receiver]:
    yield from listening(Receiver(), settings)


def listening(made: Receiver, settings: Any) -> Iterator[Receiver]:
    settings.SNMP_TRAP_LISTEN = made.listen
    detector = SnmpTrapDetector()
    detector.start(made.reports.append)
    until(lambda: detector.listening)
    yield made
    detector.stop()
    detector.stop()
    assert not detector.listening


def send(receiver: Receiver, trap: str, *how: str, index: str = "2", inform: bool = False) -> int:
    """By the command; its exit status, which tells whether an inform was confirmed."""
    command = ["snmpinform" if inform else "snmptrap", *how, "-r", "0", "-t", "60", receiver.target, "", trap]
    done = subprocess.run([*command, f"{IF_INDEX}.{index}", "i", index], capture_output=True, timeout=120)
    return done.returncode


def test_traps_and_informs_of_version_2c_say_down_and_up(receiver: Receiver) -> None:
    host = "compute-6" if "udp6" in receiver.target else "compute-1"
    assert send(receiver, LINK_DOWN, "-v2c", "-c", "heard") == 0
    assert receiver.hears(1) == [("cloud_one", host, True)]
    assert send(receiver, LINK_UP, "-v2c", "-c", "heard", inform=True) == 0
    assert receiver.hears(2)[1:] == [("cloud_one", host, False)]
    assert {said.source for said in receiver.reports} == {"snmp_trap"}


def test_traps_and_informs_of_version_3_say_down_and_up(v4: Receiver) -> None:
    assert send(v4, LINK_DOWN, *V3, "-e", ENGINE) == 0
    assert v4.hears(1) == [("cloud_one", "compute-1", True)]
    assert send(v4, LINK_UP, *V3, inform=True) == 0
    assert v4.hears(2)[1:] == [("cloud_one", "compute-1", False)]


def test_a_trap_of_version_1_is_heard_too(v4: Receiver) -> None:
    command = ["snmptrap", "-v1", "-c", "heard", v4.target, "1.3.6.1.4.1.8072", "127.0.0.1", "2", "0", ""]
    subprocess.run([*command, f"{IF_INDEX}.2", "i", "2"], check=True, timeout=120)
    assert v4.hears(1) == [("cloud_one", "compute-1", True)]


@pytest.mark.parametrize(
    "how",
    [
        ("-v2c", "-c", "another"),
        ("-v3", "-l", "noAuthNoPriv", "-u", "cloudops", "-e", ENGINE),
        ("-v3", "-l", "authNoPriv", "-u", "cloudops", "-a", "SHA", "-A", "authsecret", "-e", ENGINE),
        ("-v3", "-l", "noAuthNoPriv", "-u", "nobody", "-e", ENGINE),
        (*[word.replace("authsecret", "notthisone") for word in V3], "-e", ENGINE),
        (*V3, "-e", "0x8000000001020306"),
    ],
)
def test_whoever_is_not_known_or_says_it_less_securely_is_not_heard(v4: Receiver, how: tuple[str, ...]) -> None:
    assert send(v4, LINK_DOWN, *how) == 0
    assert send(v4, LINK_UP, "-v2c", "-c", "heard") == 0
    assert v4.hears(1) == [("cloud_one", "compute-1", False)]


def test_what_is_no_trap_of_a_host_and_what_is_none_at_all_does_no_harm(v4: Receiver) -> None:
    assert send(v4, LINK_DOWN, "-v2c", "-c", "heard", index="3") == 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for garbage in (b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"hello" * 200, bytes(range(256))):
            stranger.sendto(garbage, ("127.0.0.1", v4.port))
    assert send(v4, LINK_UP, "-v2c", "-c", "heard") == 0
    assert v4.hears(1) == [("cloud_one", "compute-1", False)]


def test_the_alarms_of_another_gateway_are_heard_of_hosts_only(settings: Any, v4: Receiver) -> None:
    settings.ALLOWED_NETWORKS = LOOPBACK
    url = f"snmp://127.0.0.1:{v4.port}?community=heard"
    host = ManagedObject("cloud_two", ObjectType.HOST, "compute-7")
    tell(url, notice("a"), notice("b", about=host), notice("b", NoticeKind.CLEARED, about=host))
    until(lambda: v4.reports and not v4.reports[-1].down)
    assert v4.hears(1)[-1] == ("cloud_two", "compute-7", False)
    assert {said.host for said in v4.reports} == {"compute-7"}


def test_one_process_has_the_port_and_another_takes_over(settings: Any, v4: Receiver) -> None:
    second, heard = SnmpTrapDetector(), []
    second.start(heard.append)
    assert send(v4, LINK_DOWN, "-v2c", "-c", "heard") == 0
    v4.hears(1)
    assert not second.listening
    second.stop()
    assert heard == []


def test_without_the_setting_nothing_listens(settings: Any) -> None:
    settings.SNMP_TRAP_LISTEN = ""
    detector = SnmpTrapDetector()
    detector.start(lambda said: None)
    assert not detector.listening
    detector.stop()


@pytest.mark.parametrize("listen", ["162", "host:", ":162", "0.0.0.0:0", "0.0.0.0:99999", "0.0.0.0:x"])
def test_a_bad_address_to_listen_at_is_named(settings: Any, listen: str) -> None:
    settings.SNMP_TRAP_LISTEN = listen
    with pytest.raises(Invalid, match="MCFED_SNMP_TRAP_LISTEN"):
        SnmpTrapDetector().start(lambda said: None)


@pytest.mark.parametrize("change", [{"auth": "ROT13"}, {"priv": "none"}, {"auth_key": "hidden"}, {"auth_key": ""}])
def test_a_user_that_cannot_be_used_is_named_without_his_keys(
    settings: Any, tmp_path: Path, change: dict[str, str]
) -> None:
    path = tmp_path / "traps.json"
    path.write_text(json.dumps({"users": [{**USER, **change}]}))
    settings.SNMP_TRAP_LISTEN, settings.SNMP_TRAP_CONFIG = "127.0.0.1:28164", str(path)
    with pytest.raises(Invalid, match="of cloudops") as caught:
        SnmpTrapDetector().start(lambda said: None)
    assert "hidden" not in str(caught.value)
    assert "privsecret" not in str(caught.value)
