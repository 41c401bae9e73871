"""The mapping of single notifications: the spec's sample, hosts, opt-out, ids, and input that is wrong."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import OPT_OUT, DropReason
from fed_common.core.model import Event
from fed_common.interfaces.source import Ignored, Unreadable
from tests.captures import NOVA, load_all, load_legacy, load_versioned
from tests.nova_expected import RECEIVED, read

SAMPLE = json.loads((NOVA / "spec_sample.json").read_text())
LEGACY = next(one for one in load_legacy() if one["event_type"] == "compute.instance.power_off.start")
VERSIONED = next(one for one in load_versioned() if one["event_type"] == "instance.power_off.start")
SERVICE = next(one for one in load_versioned() if one["event_type"] == "service.update")
ONE_OF_EACH = list({one["event_type"]: one for one in load_all()}.values())


def sample(**changes):
    notification = {
        "message_id": "1cd43c8f-a1b6-44ee-a1bb-1e0b7e2f3a0d",
        "publisher_id": "compute.compute01",
        "event_type": "compute.instance.power_off.start",
        "priority": "INFO",
        "payload": SAMPLE,
        "timestamp": "2018-03-07 06:10:11.123456",
        "request_id": "req-3e1b8e7c-5f5e-4b5c-a1c6-6a5b4c3d2e1f",
    }
    return read({**notification, **changes})


def legacy(**payload):
    return read({**LEGACY, "payload": {**LEGACY["payload"], **payload}})


def versioned(flavor=None, **fields):
    notification = deepcopy(dict(VERSIONED))
    inner = notification["payload"]["nova_object.data"]
    inner.update(fields)
    inner["flavor"]["nova_object.data"].update(flavor or {})
    return read(notification)


def service(event_type="service.update", **fields):
    inner = {
        **SERVICE["payload"]["nova_object.data"],
        "disabled": False,
        "disabled_reason": None,
        "forced_down": False,
        **fields,
    }
    return read({**SERVICE, "event_type": event_type, "payload": {"nova_object.data": inner}})


def test_the_sample_of_the_spec_comes_out_key_for_key():
    event = sample()
    assert event.payload == SAMPLE
    assert list(event.payload) == list(SAMPLE)
    assert (event.kind, event.phase) == (Kind.POWER_OFF, Phase.START)
    assert (event.state, event.state_description) == ("active", "powering-off")
    assert event.launched_at == "2018-03-07T05:59:46.000000"
    assert event.instance_id == event.key == "4f398943-7d39-4119-8058-74768d6dfa52"
    assert (event.instance_name, event.host) == ("VM1", "compute01")
    assert event.tenant_id == "943ecb804cdf4103976b8a02cea12fdb"
    assert event.occurred_at.isoformat() == "2018-03-07T06:10:11.123456+00:00"
    assert event.traits == {
        "publisher_id": "compute.compute01",
        "request_id": "req-3e1b8e7c-5f5e-4b5c-a1c6-6a5b4c3d2e1f",
        "priority": "INFO",
        "flavor": "m1.small",
        "image": "207b9b7c-9450-4a95-852b-0d6d41f35d24",
        "node": "domain-c202.22bfc05c-da55-4ba6-ba93-08d9a067138e",
        "availability_zone": "nova",
    }


def test_a_state_description_of_null_is_an_empty_one():
    assert legacy(state_description=None).state_description == ""


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("active", "error", Kind.ERROR),
        (None, "error", Kind.ERROR),
        ("error", "error", Kind.UPDATE),
        ("error", "active", Kind.UPDATE),
        ("active", "stopped", Kind.UPDATE),
    ],
)
def test_an_update_is_an_error_when_the_state_becomes_error(old, new, kind):
    states = {"old_state": old, "state": new, "old_task_state": None, "new_task_state": None}
    event = read({**LEGACY, "event_type": "compute.instance.update", "payload": {**LEGACY["payload"], **states}})
    assert (event.kind, event.phase) == (kind, Phase.MOMENT)
    fields = {**VERSIONED["payload"]["nova_object.data"], "state_update": {"nova_object.data": states}}
    twin = read({**VERSIONED, "event_type": "instance.update", "payload": {"nova_object.data": fields}})
    assert (twin.kind, twin.phase) == (kind, Phase.MOMENT)


def test_a_failed_operation_carries_the_reason_it_has():
    failed = {**LEGACY, "event_type": "compute.instance.reboot.error"}
    for words, wanted in (({"message": "no", "exception": "x"}, "no"), ({"exception": "x"}, "x"), ({}, None)):
        event = read({**failed, "payload": {**LEGACY["payload"], **words}})
        assert (event.kind, event.phase) == (Kind.REBOOT, Phase.ERROR)
        assert event.traits.get("exception") == wanted


def test_a_watchdog_is_an_event():
    event = read({**LEGACY, "event_type": "compute.instance.watchdog"})
    assert (event.kind, event.phase) == (Kind.WATCHDOG, Phase.MOMENT)


@pytest.mark.parametrize(
    ("fields", "kind", "state"),
    [
        ({"forced_down": True}, Kind.HOST_DOWN, "down"),
        ({"forced_down": True, "disabled": True}, Kind.HOST_DOWN, "down"),
        ({"disabled": True, "disabled_reason": "maintenance"}, Kind.HOST_DISABLED, "disabled"),
        ({}, Kind.HOST_UP, "up"),
        ({"event_type": "service.create"}, Kind.HOST_UP, "up"),
        ({"event_type": "service.delete"}, Kind.HOST_DISABLED, "disabled"),
    ],
)
def test_a_compute_service_tells_of_its_host(fields, kind, state):
    event = service(**fields)
    assert (event.kind, event.phase, event.state) == (kind, Phase.MOMENT, state)
    assert (event.instance_id, event.host, event.key) == ("", "fedcmp-2", "fedcmp-2")
    assert event.state_description == fields.get("disabled_reason", "")
    assert event.payload["binary"] == "nova-compute"


def test_the_states_of_a_host_are_different_facts():
    facts = {
        service(forced_down=True).fact,
        service(disabled=True).fact,
        service().fact,
        service(host="other").fact,
    }
    assert len(facts) == 4


def test_other_services_are_no_hosts():
    assert service(binary="nova-conductor") == Ignored(DropReason.NOT_COMPUTE, "service.update")


def test_a_service_without_a_host_is_unreadable():
    assert isinstance(service(host=None), Unreadable)


@pytest.mark.parametrize(
    "name", [OPT_OUT, "multicloud_monitoring", "image_" + OPT_OUT, "image_multicloud_monitoring"]
)
@pytest.mark.parametrize("value", ["disabled", "Disabled", " DISABLED "])
def test_image_flavor_and_metadata_can_opt_out(name, value):
    for event in (
        legacy(image_meta={"min_ram": "0", name: value}),
        legacy(metadata={name: value}),
        versioned(metadata={name: value}),
        versioned(flavor={"extra_specs": {"hw:cpu_policy": "shared", name: value}}),
    ):
        assert event.traits[OPT_OUT] == "disabled"


@pytest.mark.parametrize("value", ["enabled", "", None, False, ["disabled"]])
def test_other_values_do_not_opt_out(value):
    assert OPT_OUT not in legacy(image_meta={OPT_OUT: value}, metadata={OPT_OUT: value}).traits
    assert OPT_OUT not in versioned(flavor={"extra_specs": {OPT_OUT: value}}).traits


def test_extra_specs_that_policy_hides_do_not_opt_out():
    assert OPT_OUT not in versioned(flavor={"extra_specs": None}).traits


def test_a_name_nova_did_not_have_yet_is_still_an_event():
    by_stem = read({**LEGACY, "event_type": "compute.instance.rebuild.volumes.start"})
    assert (by_stem.kind, by_stem.phase) == (Kind.REBUILD, Phase.START)
    other = read({**VERSIONED, "event_type": "instance.teleport.end"})
    assert (other.kind, other.phase, other.type) == (Kind.OTHER, Phase.END, "compute.instance.teleport.end")


@pytest.mark.parametrize("payload", [None, "text", 7, [], ["a"]])
def test_a_payload_that_is_no_object_is_unreadable(payload):
    notification = {**LEGACY, "payload": payload}
    assert read(notification) == Unreadable("payload is not an object", notification)
    assert isinstance(read({**VERSIONED, "payload": payload}), Unreadable)


@pytest.mark.parametrize("payload", [{}, {"nova_object.data": None}, {"nova_object.data": {}}])
def test_a_versioned_payload_without_data_is_unreadable(payload):
    assert read({**VERSIONED, "payload": payload}).reason == "payload has no nova_object.data"


@pytest.mark.parametrize("instance_id", [None, "", 7, [], "x" * 101])
def test_an_instance_event_without_a_usable_instance_id_is_unreadable(instance_id):
    assert "instance_id" in legacy(instance_id=instance_id).reason
    assert "instance_id" in versioned(uuid=instance_id).reason


@pytest.mark.parametrize("name", [None, "", 7, ["compute.instance.pause.end"]])
def test_a_notification_without_a_name_is_unreadable(name):
    assert sample(event_type=name).reason == "event_type is not a text"


def test_what_is_no_fact_is_ignored_whatever_its_payload():
    assert sample(event_type="compute.metrics.update", payload=None) == Ignored(
        DropReason.NOT_COMPUTE, "compute.metrics.update"
    )


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", 7])
def test_a_missing_time_is_the_time_of_arrival(timestamp):
    assert sample(timestamp=timestamp).occurred_at == RECEIVED


@pytest.mark.parametrize("message_id", [None, "", 7, "x" * 101])
def test_a_missing_id_becomes_a_stable_hash_of_the_notification(message_id):
    event = sample(message_id=message_id)
    assert event.id == sample(message_id=message_id).id
    assert event.id.startswith("nova-")
    assert len(event.id) == 37
    changed = {**SAMPLE, "metadata": {"role": "web"}}
    assert sample(message_id=message_id, payload=changed).id != event.id


def test_a_missing_id_of_a_payload_nested_beyond_reason_is_stable_too():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    event = sample(message_id=None, payload={**SAMPLE, "metadata": deep})
    assert event.id == sample(message_id=None, payload={**SAMPLE, "metadata": deep}).id


def test_facts_differ_by_type_instance_request_state_task_and_volume():
    base = legacy()
    others = [
        read({**LEGACY, "event_type": "compute.instance.power_off.end"}),
        read({**LEGACY, "request_id": "req-other"}),
        legacy(instance_id="other"),
        legacy(state="stopped"),
        legacy(state_description=""),
        legacy(old_state="active"),
        legacy(old_task_state="powering-off"),
        legacy(volume_id="v1"),
    ]
    assert len({base.fact, *(one.fact for one in others)}) == len(others) + 1
    assert read({**LEGACY, "publisher_id": "compute.elsewhere"}).fact == base.fact


def test_a_half_character_in_a_name_does_not_break_the_reading():
    assert legacy(state="\ud800").fact
    assert sample(message_id=None, publisher_id="\ud800").id


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([one["event_type"] for one in ONE_OF_EACH]) | st.text() | JSON
KEYS = st.sampled_from(
    ["message_id", "publisher_id", "event_type", "priority", "payload", "timestamp", "request_id", "other"]
)


@given(st.dictionaries(KEYS, JSON), NAMES)
def test_any_json_is_read_without_raising(notification, name):
    assert isinstance(read({**notification, "event_type": name}), Event | Ignored | Unreadable)


def paths(value, path=()):
    """Every place inside a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


@settings(max_examples=300)
@given(st.sampled_from(ONE_OF_EACH), st.data())
def test_a_real_notification_with_any_part_replaced_is_read_without_raising(notification, data):
    broken = {"": deepcopy(dict(notification))}
    path = ("", *data.draw(st.sampled_from(list(paths(broken[""]))[1:])))
    place = broken
    for step in path[:-1]:
        place = place[step]
    if data.draw(st.booleans()):
        place[path[-1]] = data.draw(JSON)
    else:
        del place[path[-1]]
    reading = read(broken[""])
    assert isinstance(reading, Event | Ignored | Unreadable)
    if isinstance(reading, Event):
        assert all(isinstance(value, str) for value in reading.traits.values())
        assert json.dumps(reading.to_dict())
