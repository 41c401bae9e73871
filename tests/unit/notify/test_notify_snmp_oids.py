"""The numbers of the MIB are those of its text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.alarm import NoticeKind
from fed_common.core.errors import Invalid
from fed_common.notify.snmp.credentials import engine_id, own_engine_id
from fed_common.notify.snmp.oids import (
    MIB,
    NOTIFICATIONS,
    Notification,
    Object,
    enterprise,
    instance,
    mib,
    notification,
    oid,
)

arcs = st.integers(0, 2**32 - 1)
ROOT = (1, 3, 6, 1, 4, 1, 99999)


def said(parent: str) -> dict[str, int]:
    """Name without ``mcfed`` and ``Alarm``, in capitals -> its number below the parent, as the text has it."""
    found = re.findall(
        rf"^mcfed(\w+) (?:OBJECT|NOTIFICATION)-TYPE(?:(?!::=).)*::= {{ {parent} (\d+) }}",
        MIB.read_text(),
        re.M | re.S,
    )
    return {_word(name): int(number) for name, number in found}


def _word(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def test_notifications_have_the_numbers_of_the_text() -> None:
    ours = {one.name: one.value for one in Notification}
    assert {name.removeprefix("ALARM_"): number for name, number in said("mcfedNotifications").items()} == ours


def test_objects_have_the_numbers_of_the_text() -> None:
    theirs = said("mcfedObjects")
    assert theirs.pop("HEARTBEAT_INTERVAL") == 23
    ours = {one.name: one.value for one in Object} | {"ALARM_SEQUENCE": Object.SEQUENCE.value}
    ours.pop("SEQUENCE")
    assert theirs == ours


def test_every_notification_of_an_alarm_carries_the_objects_in_their_order() -> None:
    lists = re.findall(r"^mcfed(\w+) NOTIFICATION-TYPE\s+OBJECTS \{(.*?)\}", MIB.read_text(), re.M | re.S)
    wanted = list(said("mcfedObjects"))[:-1]
    full = [
        [_word(one.strip().removeprefix("mcfed")) for one in objects.split(",")]
        for name, objects in lists
        if name.startswith("Alarm")
    ]
    assert full == [wanted] * len(NOTIFICATIONS)


def test_every_kind_of_notice_has_a_notification_of_its_own() -> None:
    assert set(NOTIFICATIONS) == set(NoticeKind)
    assert len(set(NOTIFICATIONS.values())) == len(NoticeKind)


@given(st.lists(arcs, min_size=2))
def test_an_oid_reads_back_with_and_without_a_dot_before_it(numbers: list[int]) -> None:
    dotted = ".".join(map(str, numbers))
    assert oid(dotted, field="x") == oid(f".{dotted}", field="x") == tuple(numbers)


@pytest.mark.parametrize("bad", ["", "1", "1.", "1..3", "a.b", "1.3.-6", "1.4294967296", "1.²", "1. 3"])
def test_what_is_no_oid_is_named(bad: str) -> None:
    with pytest.raises(Invalid, match="here"):
        oid(bad, field="here")


@pytest.mark.parametrize("bad", ["1.3.6.1.4.1", "1.3.6.1.2.1.5", "1.3"])
def test_an_enterprise_is_below_enterprises(bad: str) -> None:
    with pytest.raises(Invalid, match="MCFED_ENTERPRISE_OID"):
        enterprise(bad)


def test_names_on_the_wire() -> None:
    assert notification(ROOT, Notification.RAISE) == (*ROOT, 0, 1)
    assert instance(ROOT, Object.ALARM_ID) == (*ROOT, 1, 1, 0)


@given(st.lists(arcs, min_size=1, max_size=4))
def test_the_module_is_put_to_the_enterprise_and_nothing_else_changes(numbers: list[int]) -> None:
    made = mib((*ROOT[:6], *numbers))
    ours = f"{{ enterprises {' '.join(map(str, numbers))} }}"
    assert made.replace(ours, "{ enterprises 99999 }") == MIB.read_text()


def test_the_command_prints_the_module_and_the_engine_id(settings: Any, capsys: Any) -> None:
    settings.ENTERPRISE_OID, settings.SNMP_ENGINE_ID = "1.3.6.1.4.1.5.6", "80000000ff0102030405"
    call_command("snmp", "mib")
    assert "::= { enterprises 5 6 }" in capsys.readouterr().out
    call_command("snmp", "engine-id")
    assert capsys.readouterr().out == "0x80000000ff0102030405\n"


def test_the_engine_id_follows_from_the_enterprise_and_the_sealing_key(settings: Any) -> None:
    settings.SNMP_ENGINE_ID, settings.ENTERPRISE_OID = "", "1.3.6.1.4.1.99999"
    first = own_engine_id()
    assert first[:5] == bytes.fromhex("8001869f05")
    assert own_engine_id() == first
    settings.SEALING_KEY = "another"
    assert own_engine_id() != first
    assert settings.SEALING_KEY.encode() not in own_engine_id()


@pytest.mark.parametrize("bad", ["80", "xyz", "0x" + "00" * 12, "ff" * 12, "80" * 33])
def test_a_bad_engine_id_is_named(bad: str) -> None:
    with pytest.raises(Invalid, match="MCFED_SNMP_ENGINE_ID"):
        engine_id(bad, field="MCFED_SNMP_ENGINE_ID")
