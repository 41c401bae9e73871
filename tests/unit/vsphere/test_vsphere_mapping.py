from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.instances import Host, HostState
from fed_common.core.matching import OPT_OUT
from multicloud_generic.vsphere import mapping

SAMPLE = Path(__file__).parents[2] / "data" / "nova" / "spec_sample.json"
NAME = "VirtualMachine:vm-1"
VM: dict[str, Any] = {
    "name": "web",
    "runtime.powerState": "poweredOn",
    "runtime.connectionState": "connected",
    "runtime.host": "HostSystem:host-1",
    "summary.runtime.bootTime": datetime(2026, 3, 7, 5, 59, 46, tzinfo=UTC),
    "config.instanceUuid": "5029-a",
    "config.template": False,
    "config.createDate": datetime(2026, 3, 7, 7, 58, 1, tzinfo=timezone(timedelta(hours=2))),
    "config.guestFullName": "Debian GNU/Linux 12 (64-bit)",
    "config.hardware.numCPU": 2,
    "config.hardware.memoryMB": 4096,
    "guest.ipAddress": "10.0.0.9",
    "guest.hostName": "web.example.org",
    "config.annotation": "",
}
HOST = {
    "name": "esx-1",
    "parent": "ClusterComputeResource:domain-c1",
    "runtime.connectionState": "connected",
    "runtime.powerState": "poweredOn",
    "runtime.inMaintenanceMode": False,
}
AROUND = {"HostSystem:host-1": HOST, "ClusterComputeResource:domain-c1": {"name": "gold"}}
ANY = st.none() | st.text() | st.integers() | st.booleans() | st.datetimes(timezones=st.just(UTC))


def instance(**changes: Any) -> Any:
    """The VM with these properties changed, ``None`` for unset; dots are written as two underscores."""
    told = {**VM, **{path.replace("__", "."): value for path, value in changes.items()}}
    objects = {**AROUND, NAME: {path: value for path, value in told.items() if value is not None}}
    return mapping.instance(objects, NAME, {})


@pytest.mark.parametrize(
    ("connection", "power", "state"),
    [
        ("connected", "poweredOn", "active"),
        ("connected", "poweredOff", "stopped"),
        ("connected", "suspended", "suspended"),
        ("connected", "", "unknown"),
        ("connected", "hibernated", "unknown"),
        ("disconnected", "poweredOn", "unknown"),
        ("orphaned", "poweredOff", "unknown"),
        ("inaccessible", "poweredOn", "unknown"),
        ("invalid", "suspended", "unknown"),
        ("", "poweredOn", "unknown"),
    ],
)
def test_the_state_is_novas_word_and_unknown_out_of_sight(connection: str, power: str, state: str) -> None:
    assert mapping.state(connection, power) == state


def test_everything_vsphere_knows_is_told() -> None:
    told = instance()
    assert (told.id, told.name, told.state, told.power_state) == ("5029-a", "web", "active", "running")
    assert (told.host, told.availability_zone) == ("esx-1", "gold")
    assert told.launched_at == "2026-03-07T05:59:46.000000"
    assert told.flavor == "2 vCPU, 4096 MB"
    assert told.addresses == ("10.0.0.9",)
    assert told.traits == {"moref": "vm-1"}
    filled = {key: value for key, value in told.payload.items() if value not in ("", None, {})}
    assert filled == {
        "availability_zone": "gold",
        "memory_mb": 4096,
        "display_name": "web",
        "hostname": "web.example.org",
        "state": "active",
        "launched_at": "2026-03-07T05:59:46.000000",
        "node": "esx-1",
        "access_ip_v4": "10.0.0.9",
        "host": "esx-1",
        "created_at": "2026-03-07 05:58:01+00:00",
        "instance_id": "5029-a",
        "instance_type": "2 vCPU, 4096 MB",
        "vcpus": 2,
        "os_type": "Debian GNU/Linux 12 (64-bit)",
    }


def test_the_payload_has_the_keys_of_the_specs_sample_and_no_others() -> None:
    assert instance().payload.keys() == json.loads(SAMPLE.read_text()).keys()
    assert json.dumps(instance().payload)


def test_a_template_is_no_instance() -> None:
    assert instance(config__template=True) is None


def test_a_vm_without_a_uuid_is_no_instance_yet() -> None:
    assert instance(config__instanceUuid=None) is None


def test_a_vm_whose_files_are_out_of_reach_keeps_its_id() -> None:
    known = {"VirtualMachine:vm-9": "gone"}
    lost = {"name": "web", "runtime.powerState": "poweredOn", "runtime.connectionState": "inaccessible"}

    [before] = mapping.instances({**AROUND, NAME: VM}, known)
    [after] = mapping.instances({**AROUND, NAME: lost}, known)

    assert (after.id, after.state) == (before.id, "unknown")
    assert known == {NAME: "5029-a"}


def test_a_look_with_a_vm_that_nobody_can_name_is_not_complete() -> None:
    nameless = {path: value for path, value in VM.items() if path != "config.instanceUuid"}
    template = {"config.template": True}
    assert mapping.all_named({**AROUND, NAME: template}, {})
    assert not mapping.all_named({**AROUND, NAME: nameless}, {})
    assert mapping.all_named({**AROUND, NAME: nameless}, {NAME: "5029-a"})


def test_the_uuid_of_the_summary_will_do() -> None:
    assert instance(config__instanceUuid=None, summary__config__instanceUuid="5029-b").id == "5029-b"


def test_a_vm_on_a_host_that_is_not_seen_has_no_host() -> None:
    told = instance(runtime__host="HostSystem:host-2")
    assert (told.host, told.availability_zone) == ("", "")


@pytest.mark.parametrize("year", [1, 1601, 1970])
def test_a_boot_time_of_long_ago_is_none(year: int) -> None:
    assert instance(summary__runtime__bootTime=datetime(year, 1, 1, tzinfo=UTC)).launched_at == ""


@pytest.mark.parametrize(
    ("notes", "out"),
    [
        (f"{OPT_OUT}=disabled", True),
        (f"our web server\r\n  {OPT_OUT} = disabled \nask Bob", True),
        (f"{OPT_OUT}=enabled", False),
        (f"do not write {OPT_OUT}=disabled here", False),
        ("", False),
    ],
)
def test_a_line_of_the_notes_opts_a_vm_out(notes: str, out: bool) -> None:
    assert (instance(config__annotation=notes).traits.get(OPT_OUT) == "disabled") is out


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({}, HostState.UP, ""),
        ({"runtime.connectionState": "notResponding"}, HostState.DOWN, "not responding"),
        (
            {"runtime.connectionState": "disconnected", "runtime.powerState": "unknown"},
            HostState.DISABLED,
            "disconnected",
        ),
        ({"runtime.powerState": "poweredOff"}, HostState.DOWN, "powered off"),
        ({"runtime.powerState": "standBy"}, HostState.DISABLED, "standby"),
        ({"runtime.inMaintenanceMode": True}, HostState.DISABLED, "maintenance mode"),
        (
            {"runtime.inMaintenanceMode": True, "runtime.connectionState": "notResponding"},
            HostState.DOWN,
            "not responding",
        ),
    ],
)
def test_a_host_is_up_disabled_by_somebody_or_down(changes: dict[str, Any], state: HostState, reason: str) -> None:
    objects = {**AROUND, "HostSystem:host-1": {**HOST, **changes}}
    assert mapping.hosts(objects) == (Host("esx-1", state, reason, "gold"),)


@given(st.dictionaries(st.sampled_from(mapping.LOOK[mapping.VM]), ANY))
def test_whatever_properties_come_the_answer_is_an_instance_or_none(properties: dict[str, Any]) -> None:
    objects = {**AROUND, NAME: {path: value for path, value in properties.items() if value is not None}}
    told = mapping.instance(objects, NAME, {})
    assert told is None or (told.id and told.state in {"active", "stopped", "suspended", "unknown"})


@given(st.sampled_from(["numCPU", "memoryMB"]), st.integers(min_value=3, max_value=10**6))
def test_another_size_is_another_flavor(part: str, size: int) -> None:
    told = instance(**{f"config__hardware__{part}": size})
    assert (told.flavor != instance().flavor) is (size != VM[f"config.hardware.{part}"])
