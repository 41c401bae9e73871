"""What a real snmptrapd hears of us, by the names of our MIB."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from fed_common.core.alarm import NoticeKind, Severity
from fed_common.core.errors import Retryable
from fed_common.notify.snmp import sending
from fed_common.notify.snmp.oids import MIB
from tests.conftest import service
from tests.snmp import LOOPBACK, USER, USER_256, Snmptrapd, Trap, notice, tell

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def trapd() -> Snmptrapd:
    return Snmptrapd()


@pytest.fixture(autouse=True)
def ours(settings: Any, trapd: Snmptrapd) -> Iterator[None]:
    """We may send to the loopback, as an engine that snmptrapd knows."""
    settings.ALLOWED_NETWORKS, settings.SNMP_ENGINE_ID = LOOPBACK, trapd.engine_id
    sending.speaker.cache_clear()
    yield
    sending.speaker.cache_clear()


@pytest.fixture
def alarm_id() -> str:
    return str(uuid4())


def told_and_cleared(url: str, alarm_id: str) -> None:
    tell(url, notice(alarm_id, sequence=41, raised_at="2026-11-21T20:00:00.5Z"))
    tell(url, notice(alarm_id, NoticeKind.CLEARED, sequence=42, cleared_at="2026-11-21T20:01:00Z"))


def check_raise_and_clear(traps: list[Trap]) -> None:
    up, down = traps
    assert [trap.name for trap in traps] == ["mcfedAlarmRaise", "mcfedAlarmClear"]
    assert [trap.bindings["mcfedPerceivedSeverity"] for trap in traps] == ["critical", "cleared"]
    assert int(down.bindings["mcfedAlarmSequence"]) == int(up.bindings["mcfedAlarmSequence"]) + 1
    assert up.bindings["mcfedRaisedTime"] == "2026-11-21,20:0:0.5,+0:0"
    assert down.bindings["mcfedClearedTime"] == "2026-11-21,20:1:0.0,+0:0"


@pytest.mark.parametrize(
    ("options", "how"),
    [
        ("community=public", "TRAP2, SNMP v2c"),
        ("community=public&inform=1", "INFORM, SNMP v2c"),
        (USER, "TRAP2, SNMP v3, user mcfed,"),
        (USER_256, "TRAP2, SNMP v3, user mcfed256,"),
        (USER_256 + "&inform=1", "INFORM, SNMP v3, user mcfed256,"),
    ],
)
def test_raise_and_clear_of_one_alarm_are_named_by_our_mib(
    trapd: Snmptrapd, alarm_id: str, options: str, how: str
) -> None:
    """N63."""
    told_and_cleared(f"{trapd.url}?{options}", alarm_id)
    heard = trapd.hears(alarm_id, 2)
    assert all(trap.how.startswith(how) for trap in heard)
    check_raise_and_clear(heard)


def test_every_kind_of_notice_is_a_notification_of_its_own(trapd: Snmptrapd, alarm_id: str) -> None:
    kinds = [NoticeKind.CHANGED, NoticeKind.ACKNOWLEDGED, NoticeKind.TEST]
    tell(trapd.url, *(notice(alarm_id, kind, severity=Severity.MINOR) for kind in kinds))
    names = [trap.name for trap in trapd.hears(alarm_id, 3)]
    assert names == ["mcfedAlarmChange", "mcfedAlarmAcknowledged", "mcfedAlarmTest"]


def test_ipv6_and_text_of_any_language_arrive(trapd: Snmptrapd, alarm_id: str) -> None:
    tell(trapd.url.replace("127.0.0.1", "[::1]"), notice(alarm_id, name="Störung 障害", reason="ü" * 2000))
    (trap,) = trapd.hears(alarm_id, 1)
    assert trap.bindings["mcfedAlarmName"] == "Störung 障害"
    assert trap.bindings["mcfedAdditionalText"] == "ü" * 512


@pytest.mark.parametrize(
    ("options", "timeout", "why"),
    [
        ("community=wrong", 0.6, "did not confirm|No SNMP response"),
        (USER.replace("authsecret", "notthisone"), 60, "not confirmed: Wrong SNMP PDU digest"),
        (USER.replace("user=mcfed", "user=nobody"), 60, "not confirmed: Unknown USM user"),
    ],
)
def test_whoever_the_receiver_does_not_know_is_told_so_and_nothing_arrives(
    trapd: Snmptrapd, alarm_id: str, options: str, timeout: float, why: str
) -> None:
    with pytest.raises(Retryable, match=why):
        tell(f"{trapd.url}?{options}&inform=1", notice(alarm_id), timeout=timeout)
    tell(f"{trapd.url}?inform=1", notice(f"{alarm_id}-after"))
    trapd.hears(f"{alarm_id}-after", 1)
    assert trapd.heard(alarm_id) == []


def test_a_trap_of_an_engine_that_the_receiver_does_not_know_is_not_heard(
    settings: Any, trapd: Snmptrapd, alarm_id: str
) -> None:
    settings.SNMP_ENGINE_ID = "0x80000000ff0102030405"
    sending.speaker.cache_clear()
    tell(f"{trapd.url}?{USER}", notice(alarm_id))
    tell(f"{trapd.url}?{USER}&inform=1", notice(f"{alarm_id}-after"))
    trapd.hears(f"{alarm_id}-after", 1)
    assert trapd.heard(alarm_id) == []


def test_our_processes_are_one_engine_to_a_receiver(trapd: Snmptrapd, alarm_id: str) -> None:
    """Each has a clock of its own, which SNMPv3 looks at."""
    for sequence in (1, 2, 3):
        sending.speaker.cache_clear()
        tell(f"{trapd.url}?{USER}", notice(alarm_id, sequence=sequence))
    assert [trap.bindings["mcfedAlarmSequence"] for trap in trapd.hears(alarm_id, 3)] == ["1", "2", "3"]


def test_net_snmp_reads_the_mib_without_a_warning() -> None:
    folders = service("snmptrapd", "mibs")
    command = ["snmptranslate", "-Pw", "-M", folders, "-m", "MCFED-ALARM-MIB", "-IR", "-On"]
    names = [
        f"mcfed{name}"
        for name in ("AlarmRaise", "AlarmClear", "AlarmChange", "AlarmAcknowledged", "HeartbeatInterval")
    ]
    done = subprocess.run([*command, *names], capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    root = ".1.3.6.1.4.1.99999"
    assert done.stdout.split() == [f"{root}.0.1", f"{root}.0.2", f"{root}.0.3", f"{root}.0.6", f"{root}.1.23"]
    assert MIB.parent.samefile(folders.rpartition(":")[2])
