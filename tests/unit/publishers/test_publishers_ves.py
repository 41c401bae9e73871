"""VES events against the schema, and which events are faults."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from fed_common.core.kinds import Kind, Phase
from fed_common.publishers.formats.ves import ves
from tests.examples import event

OURS = Path(__file__).parents[2] / "data" / "ves" / "vm-events.schema.json"
SCHEMA = Draft4Validator(json.loads(Path(os.environ.get("MCFED_TEST_VES_SCHEMA", OURS)).read_text()))
FAULT = "Fault_MultiCloud_VMFailure"
NOTIFICATION = "Notification_MultiCloud_VMStateChange"
WORDS = st.sampled_from(["", "active", "error", "stopped", "deleted"]) | st.text(max_size=8)


def read_back(**changes: Any) -> dict[str, Any]:
    found = json.loads(ves(event(**changes)))
    SCHEMA.validate(found)
    plain: dict[str, Any] = found["event"]
    return plain


@given(st.sampled_from(Kind), st.sampled_from(Phase), WORDS, WORDS, st.text(max_size=5), st.text(max_size=5))
def test_every_event_fits_the_schema(
    kind: Kind, phase: Phase, state: str, old_state: str, name: str, host: str
) -> None:
    found = read_back(kind=kind, phase=phase, state=state, old_state=old_state, instance_name=name, host=host)

    assert f"{found['commonEventHeader']['domain']}Fields" in found


def test_a_vm_in_error_is_a_critical_fault() -> None:
    found = read_back(
        id="e-5",
        type="compute.instance.update",
        kind=Kind.ERROR,
        phase=Phase.MOMENT,
        state="error",
        old_state="active",
        instance_name="VM1",
        host="compute01",
    )

    assert found == {
        "commonEventHeader": {
            "version": "4.1",
            "vesEventListenerVersion": "7.2.1",
            "domain": "fault",
            "eventId": "e-5",
            "eventName": "Fault_MultiCloud_VMFailure",
            "priority": "High",
            "sequence": 0,
            "sourceId": "vm-1",
            "sourceName": "VM1",
            "reportingEntityId": "vio_RegionOne",
            "reportingEntityName": "vio_RegionOne",
            "startEpochMicrosec": 1795255200123456,
            "lastEpochMicrosec": 1795255200123456,
        },
        "faultFields": {
            "faultFieldsVersion": "4.0",
            "alarmCondition": "Guest_Os_Failure",
            "eventSeverity": "CRITICAL",
            "eventSourceType": "virtualMachine",
            "specificProblem": "Fault_MultiCloud_VMFailure",
            "vfStatus": "Active",
            "alarmAdditionalInformation": {
                "objectType": "VIM",
                "eventTime": "2026-11-21T10:00:00.123456Z",
                "eventType": "compute.instance.update",
                "kind": "ERROR",
                "phase": "moment",
                "state": "error",
                "vimId": "vio_RegionOne",
                "host": "compute01",
                "tenantId": "tenant-a",
            },
        },
    }


@pytest.mark.parametrize("state", ["active", "stopped", "deleted"])
def test_leaving_the_error_state_clears_the_fault(state: str) -> None:
    found = read_back(kind=Kind.UPDATE, state=state, old_state="error", instance_name="VM1")

    assert found["commonEventHeader"]["eventName"] == "Fault_MultiCloud_VMFailureCleared"
    assert found["commonEventHeader"]["priority"] == "Normal"
    assert found["faultFields"]["eventSeverity"] == "NORMAL"


def test_raise_and_clear_are_paired_by_what_holmes_compares() -> None:
    raised, cleared = (
        read_back(instance_name="VM1", kind=kind, state=state, old_state=old_state)["commonEventHeader"]
        for kind, state, old_state in ((Kind.ERROR, "error", "active"), (Kind.UPDATE, "active", "error"))
    )

    assert cleared["eventName"].removesuffix("Cleared") == raised["eventName"]
    assert (cleared["sourceId"], cleared["sourceName"]) == (raised["sourceId"], raised["sourceName"])


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"kind": Kind.REBUILD, "phase": Phase.ERROR, "state": "error"}, FAULT),
        ({"kind": Kind.LIVE_MIGRATE, "phase": Phase.ERROR, "state": "active"}, NOTIFICATION),
        ({"kind": Kind.UPDATE, "state": "error", "old_state": "error"}, NOTIFICATION),
        ({"kind": Kind.POWER_OFF, "state": "stopped"}, NOTIFICATION),
    ],
)
def test_a_failed_operation_is_a_fault_only_when_the_vm_is_in_error(changes: dict[str, Any], name: str) -> None:
    assert read_back(**changes)["commonEventHeader"]["eventName"] == name


def test_everything_else_is_a_notification_of_what_changed() -> None:
    found = read_back(state="stopped", old_state="active")["notificationFields"]

    assert found.pop("additionalFields")["phase"] == "end"
    assert found == {
        "notificationFieldsVersion": "2.0",
        "changeIdentifier": "vm-1",
        "changeType": "POWER_OFF",
        "newState": "stopped",
        "oldState": "active",
    }


def test_a_host_event_is_about_the_host() -> None:
    found = read_back(instance_id="", instance_name="", host="compute01", kind=Kind.HOST_DOWN, state="down")

    assert found["commonEventHeader"]["sourceName"] == "compute01"
    assert found["notificationFields"]["changeIdentifier"] == "compute01"
