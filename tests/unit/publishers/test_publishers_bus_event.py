"""What an event looks like to Aodh, and the options of the bus publisher."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.core.errors import Invalid
from fed_common.core.traits import alarm_event
from fed_common.publishers.bus import BusConfig, BusPublisher
from tests.examples import event

URL = "rabbit://me:hunter2@127.0.0.1:1/"


def traits(**changes: Any) -> dict[str, list[Any]]:
    found = alarm_event(event(**changes))["traits"]
    assert len({name for name, _, _ in found}) == len(found)
    return {name: [kind, value] for name, kind, value in found}


def test_the_event_has_the_keys_aodh_reads_and_times_as_openstack_writes_them() -> None:
    found = alarm_event(event("e-3"))

    assert {name: found[name] for name in found if name != "traits"} == {
        "message_id": "e-3",
        "event_type": "compute.instance.power_off.end",
        "generated": "2026-11-21T10:00:00.123456",
        "raw": {},
        "message_signature": None,
    }


def test_what_happened_becomes_traits() -> None:
    found = traits(old_state="active", state_description="", instance_name="VM1", host="compute01", payload={})

    assert found == {
        "instance_id": [1, "vm-1"],
        "resource_id": [1, "vm-1"],
        "project_id": [1, "tenant-a"],
        "tenant_id": [1, "tenant-a"],
        "display_name": [1, "VM1"],
        "host": [1, "compute01"],
        "state": [1, "stopped"],
        "old_state": [1, "active"],
        "vim_id": [1, "vio_RegionOne"],
        "kind": [1, "POWER_OFF"],
        "phase": [1, "end"],
    }


def test_values_of_the_payload_become_typed_traits() -> None:
    payload = {
        "memory_mb": 2048,
        "load": 0.5,
        "locked": True,
        "launched_at": "2018-03-07T05:59:46.000000",
        "created_at": "2018-03-07 05:58:01+00:00",
        "deleted_at": "",
        "ended_at": "soon",
        "access_ip_v4": None,
        "metadata": {"a": "b"},
    }

    found = traits(payload=payload)

    assert {name: found[name] for name in payload if name in found} == {
        "memory_mb": [2, 2048],
        "load": [3, 0.5],
        "locked": [2, 1],
        "launched_at": [4, "2018-03-07T05:59:46"],
        "created_at": [4, "2018-03-07T05:58:01"],
        "ended_at": [1, "soon"],
    }


def test_our_own_words_win_over_the_payloads_and_empty_ones_do_not() -> None:
    found = traits(state="stopped", host="", payload={"state": "active", "host": "compute01"})

    assert (found["state"], found["host"]) == ([1, "stopped"], [1, "compute01"])


def test_a_host_event_is_about_its_host() -> None:
    found = traits(instance_id="", host="compute01", payload={})

    assert found["resource_id"] == [1, "compute01"]
    assert "instance_id" not in found


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"url": "kafka://127.0.0.1:1/"}, "url"),
        ({"url": "rabbit://me:hunter2@:x/"}, "url"),
        ({"url": URL + "?no_such_option=1"}, "url"),
        ({"topic": ""}, "topic"),
        ({"exchange": ""}, "exchange"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(options: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        BusPublisher(BusConfig(**{"url": URL, **options}))

    assert caught.value.field == f"options.{field}"
    assert "hunter2" not in str(caught.value)


def test_the_url_is_never_shown() -> None:
    assert "hunter2" not in repr(BusConfig(url=URL))
