from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.instances import HostState, Instance
from fed_common.core.matching import OPT_OUT
from multicloud_generic.openstack.mapping import to_hosts, to_instance, to_instances
from tests.doubles.openstack import RECORDED

SPEC_KEYS = {
    "state_description", "availability_zone", "terminated_at", "ephemeral_gb", "instance_type_id",
    "deleted_at", "reservation_id", "memory_mb", "display_name", "hostname", "state", "progress",
    "launched_at", "metadata", "node", "ramdisk_id", "access_ip_v6", "disk_gb", "access_ip_v4", "kernel_id",
    "host", "user_id", "image_ref_url", "cell_name", "root_gb", "tenant_id", "created_at", "instance_id",
    "instance_type", "vcpus", "image_meta", "architecture", "os_type", "instance_flavor_id",
}  # fmt: skip
ANSWERS = {(one["who"], one["path"]): one["body"] for one in json.loads(RECORDED.read_text())["answers"]}
PAGE = ANSWERS["admin@admin", "/compute/v2.1/servers/detail?all_tenants=1&soft_deleted=1"]
SERVICES = ANSWERS["admin@admin", "/compute/v2.1/os-services?binary=nova-compute"]
KEYS = sorted({key for server in PAGE["servers"] for key in server})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TEXTS = ("name", "state", "state_description", "power_state", "host", "tenant_id", "availability_zone",
         "launched_at", "flavor", "image")  # fmt: skip


def server(name: str = "vm-a", **changes: Any) -> dict[str, Any]:
    found = next(one for one in PAGE["servers"] if one["name"] == name)
    return {**found, **changes}


def test_every_recorded_server_becomes_an_instance_in_the_words_of_nova():
    found = {one.name: (one.state, one.power_state) for one in to_instances(PAGE)}
    assert found == {
        "vm-a": ("active", "running"),
        "vm-b": ("stopped", "shutdown"),
        "vm-c": ("paused", "running"),
        "vm-d": ("error", "running"),
        "vm-e": ("soft-delete", "running"),
    }


def test_an_instance_has_all_that_nova_tells():
    raw = server(
        **{
            "updated": "2018-03-07T05:59:47Z",
            "OS-SRV-USG:launched_at": "2018-03-07T05:59:46.000000",
            "OS-EXT-STS:task_state": "powering-off",
        }
    )
    found = to_instance(raw)
    assert found.id == raw["id"]
    assert found.changed_at == datetime(2018, 3, 7, 5, 59, 47, tzinfo=UTC)
    assert found.launched_at == "2018-03-07T05:59:46.000000"
    assert found.state_description == "powering-off"
    assert found.host == raw["OS-EXT-SRV-ATTR:host"]
    assert found.flavor == "f.tiny"
    assert found.image == raw["image"]["id"]
    assert found.addresses == (raw["addresses"]["fednet"][0]["addr"],)
    assert found.traits == {}


def test_the_payload_has_every_key_of_the_specs_sample():
    for raw in (*PAGE["servers"], {"id": "x"}):
        assert set(to_instance(raw).payload) == SPEC_KEYS


def test_the_payload_is_written_as_nova_writes_its_legacy_notification():
    raw = server(created="2018-03-07T05:58:01Z", accessIPv4="", progress=0)
    payload = to_instance(raw).payload
    assert payload["created_at"] == "2018-03-07 05:58:01+00:00"
    assert (payload["memory_mb"], payload["vcpus"], payload["root_gb"], payload["disk_gb"]) == (64, 1, 1, 1)
    assert (payload["access_ip_v4"], payload["progress"], payload["deleted_at"]) == (None, "", "")
    assert payload["node"] == raw["OS-EXT-SRV-ATTR:hypervisor_hostname"]
    assert payload["metadata"] == {"role": "web"}
    assert payload["image_meta"] == {"base_image_ref": raw["image"]["id"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"multicloud:monitoring": "disabled"}},
        {"metadata": {"multicloud_monitoring": " Disabled "}},
        {"flavor": {"extra_specs": {"multicloud:monitoring": "disabled"}}},
        {"image": {"id": "i", "properties": {"multicloud_monitoring": "disabled"}}},
    ],
)
def test_an_opt_out_is_seen_wherever_it_is_written(changes: dict[str, Any]):
    assert to_instance(server(**changes)).traits[OPT_OUT] == "disabled"


@pytest.mark.parametrize(
    ("image", "specs", "wanted"),
    [
        ({"hw_watchdog_action": "reset"}, {"hw:watchdog_action": "pause"}, {"watchdog_action": "reset"}),
        (None, {"hw:watchdog_action": "pause"}, {"watchdog_action": "pause"}),
        ({}, {}, {"watchdog_action": "disabled"}),
        (None, {}, {}),
    ],
)
def test_the_watchdog_it_asks_for_is_seen_where_the_cloud_tells(image: Any, specs: Any, wanted: Any):
    """N82: an old Nova does not tell an image's properties, so nothing is known of what they leave out."""
    properties = {} if image is None else {"properties": image}
    found = to_instance(server(image={"id": "image", **properties}, flavor={"extra_specs": specs}))
    assert found.traits == wanted


@pytest.mark.parametrize("word", ["enabled", "", 1, None])
def test_any_other_word_is_no_opt_out(word: object):
    assert to_instance(server(metadata={"multicloud:monitoring": word})).traits == {}


def test_a_volume_backed_server_has_no_image():
    found = to_instance(server(image=""))
    assert (found.image, found.payload["image_ref_url"], found.payload["image_meta"]) == ("", "", {})


def test_a_server_of_a_cell_that_is_down_is_unknown_not_gone():
    minimal = {"id": "x", "status": "UNKNOWN", "tenant_id": "t", "created": "2018-12-03T21:06:18Z", "links": []}
    found = to_instance(minimal)
    assert (found.state, found.tenant_id, found.changed_at) == ("unknown", "t", None)


def test_a_cloud_that_hides_vm_states_is_read_by_status():
    raw = {key: value for key, value in server().items() if not key.startswith("OS-EXT-STS")}
    found = to_instance({**raw, "status": "SHUTOFF"})
    assert (found.state, found.payload["state"]) == ("stopped", "stopped")


def test_an_old_nova_names_the_flavor_by_id_only():
    found = to_instance(server(flavor={"id": "7", "links": []}))
    assert (found.flavor, found.payload["instance_flavor_id"], found.payload["memory_mb"]) == ("", "7", None)


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ({}, "servers"),
        ([], "servers"),
        (None, "servers"),
        ({"servers": {}}, "servers"),
        ({"servers": [None]}, "object"),
        ({"servers": [{"id": ""}]}, "id"),
        ({"servers": [{"name": "x"}]}, "id"),
    ],
)
def test_what_is_no_list_of_servers_is_said_to_be_unreadable(answer: object, missing: str):
    with pytest.raises(ValueError, match=missing):
        to_instances(answer)


@given(JSON)
def test_whatever_stands_for_a_server_is_read_or_refused(value: object):
    try:
        assert isinstance(to_instance(value), Instance)
    except ValueError:
        assert not (isinstance(value, dict) and isinstance(value.get("id"), str) and value["id"])


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_an_odd_field_never_costs_the_instance(changes: dict[str, Any]):
    found = to_instance({**server(), **changes, "id": "x"})
    assert all(isinstance(getattr(found, name), str) for name in TEXTS)
    assert all(isinstance(one, str) for one in found.addresses)
    assert set(found.payload) == SPEC_KEYS


def test_hosts_are_up_until_nova_says_otherwise():
    found = to_hosts(SERVICES)
    assert found is not None
    assert {(one.name, one.state, one.availability_zone) for one in found} == {
        ("fedcmp-1", HostState.UP, "zone-good"),
        ("fedcmp-2", HostState.UP, "zone-good"),
        ("fedcmp-fail", HostState.UP, "zone-fail"),
    }


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"state": "down"}, HostState.DOWN),
        ({"forced_down": True}, HostState.DOWN),
        ({"status": "disabled", "disabled_reason": "new disks"}, HostState.DISABLED),
        ({"status": "disabled", "state": "down"}, HostState.DOWN),
    ],
)
def test_a_host_is_down_by_fault_and_disabled_by_will(changes: dict[str, Any], state: HostState):
    service = {**SERVICES["services"][0], **changes}
    found = to_hosts({"services": [service]})
    assert found is not None
    assert (found[0].state, found[0].reason) == (state, changes.get("disabled_reason", ""))


def test_with_a_cell_down_nothing_is_said_of_hosts():
    down = {"binary": "nova-compute", "host": "far", "status": "UNKNOWN"}
    assert to_hosts({"services": [*SERVICES["services"], down]}) is None


def test_services_that_are_no_computes_are_no_hosts():
    assert to_hosts({"services": [{"binary": "nova-scheduler", "host": "x", "status": "UNKNOWN"}]}) == ()


@given(JSON)
def test_whatever_stands_for_services_is_read_or_refused(value: object):
    for answer in (value, {"services": value}, {"services": [value]}):
        try:
            to_hosts(answer)
        except ValueError:
            continue
