"""The mapping against the recorded notifications, checked by their fields and by what caused them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest

from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Event
from fed_common.interfaces.source import Ignored, Unreadable
from tests.captures import NOVA, Notification, load_all, load_legacy, load_versioned
from tests.nova_expected import RECEIVED, VIM, expected, read, row

EVERY = load_all()
LEGACY_ONLY = {"compute.instance.force_delete.start": 2, "compute.instance.force_delete.end": 2}
VERSIONED_ONLY = {
    "compute.instance.lock": 1,
    "compute.instance.unlock": 1,
    "compute.instance.interface_attach.start": 1,
    "compute.instance.interface_attach.end": 1,
    "compute.instance.interface_detach.start": 1,
    "compute.instance.interface_detach.end": 1,
    "service.update": 12,
}
CAUSED = {
    "create": {Kind.CREATE},
    "pause": {Kind.PAUSE},
    "unpause": {Kind.UNPAUSE},
    "suspend": {Kind.SUSPEND},
    "resume": {Kind.RESUME},
    "os-stop": {Kind.POWER_OFF},
    "os-start": {Kind.POWER_ON},
    "reboot": {Kind.REBOOT},
    "rebuild": {Kind.REBUILD},
    "rescue": {Kind.RESCUE},
    "unrescue": {Kind.UNRESCUE},
    "lock": {Kind.LOCK},
    "unlock": {Kind.UNLOCK},
    "restore": {Kind.RESTORE},
    "shelve": {Kind.SHELVE},
    "unshelve": {Kind.UNSHELVE},
    "createImage": {Kind.SNAPSHOT},
    "resize": {Kind.RESIZE},
    "migrate": {Kind.RESIZE},
    "confirmResize": {Kind.RESIZE},
    "revertResize": {Kind.RESIZE},
    "os-migrateLive": {Kind.LIVE_MIGRATE},
    "interface attach": {Kind.INTERFACE_ATTACH},
    "interface detach": {Kind.INTERFACE_DETACH},
    "trigger crash dump": {Kind.CRASH_DUMP},
    "delete (soft: reclaim interval > 0)": {Kind.SOFT_DELETE},
    "delete (soft) by its user": {Kind.SOFT_DELETE},
    "forceDelete": {Kind.DELETE},
    "delete": {Kind.DELETE, Kind.UPDATE},
    "evacuate": {Kind.EVACUATE, Kind.REBUILD},
    "os-resetState error": {Kind.ERROR},
    "os-resetState error while host is down": {Kind.ERROR},
    "os-resetState active": {Kind.UPDATE},
    "reached ERROR": {Kind.ERROR},
    "service fedcmp-2 {'status': 'disabled', 'disabled_reason': 'maintenance'}": {Kind.HOST_DISABLED},
    "service fedcmp-2 {'status': 'enabled'}": {Kind.HOST_UP},
    "service fedcmp-2 {'forced_down': True}": {Kind.HOST_DOWN},
    "service fedcmp-2 forced_down false": {Kind.HOST_UP},
}


def events() -> Iterator[tuple[Notification, Event]]:
    for notification in EVERY:
        reading = read(notification)
        if isinstance(reading, Event):
            yield notification, reading


def fields(notification: Notification) -> dict:
    """The notification's own words under the versioned names, read without the mapping."""
    payload = notification["payload"]
    if "nova_object.data" in payload:
        inner = payload["nova_object.data"]
        update = inner.get("state_update", {}).get("nova_object.data", {})
        return {**inner, **update}
    names = {"instance_id": "uuid", "state_description": "task_state"}
    return {names.get(key, key): value for key, value in payload.items()}


def test_every_recorded_notification_reads_as_expected():
    wanted = expected()
    assert len(wanted) == len(EVERY) == 1535
    different = [(wanted[one["message_id"]], row(one)) for one in EVERY if row(one) != wanted[one["message_id"]]]
    assert different == []


def test_no_recorded_notification_is_unreadable():
    assert [one for one in map(read, EVERY) if isinstance(one, Unreadable)] == []


def test_kinds_and_phases_are_those_written_down_for_each_name():
    names = dict(line.split("\t", 1) for line in (NOVA / "event_types.tsv").read_text().splitlines())
    for notification in EVERY:
        reading, wanted = read(notification), names[notification["event_type"]]
        if isinstance(reading, Ignored):
            assert wanted == f"ignored\t{reading.reason}"
        elif reading.kind is Kind.ERROR:
            told = fields(notification)
            assert told["state"] == "error" != told["old_state"]
            assert wanted == "UPDATE\tmoment"
        elif reading.instance_id:
            assert wanted == f"{reading.kind}\t{reading.phase}"
        else:
            assert wanted == "HOST\tmoment"


def test_an_event_repeats_what_the_notification_says():
    for notification, event in events():
        told = fields(notification)
        assert event.id == notification["message_id"]
        assert event.vim_id == VIM
        assert event.received_at == RECEIVED
        assert event.occurred_at == datetime.fromisoformat(notification["timestamp"] + "+00:00")
        assert event.host == (told["host"] or "")
        assert event.traits["publisher_id"] == notification["publisher_id"]
        assert event.traits["request_id"] == notification["request_id"]
        if event.instance_id:
            assert event.instance_id == told["uuid"]
            assert event.state == told["state"]
            assert event.old_state == (told.get("old_state") or "")
            assert event.state_description == (told["task_state"] or "")
            assert event.old_state_description == (told.get("old_task_state") or "")
            assert event.launched_at[:19] == (told["launched_at"] or "")[:19]
            assert event.instance_name == told["display_name"]
            assert event.tenant_id == told["tenant_id"]


def test_every_action_taken_caused_the_events_it_should():
    with gzip.open(NOVA / "marks.jsonl.gz", "rt") as lines:
        marks = [one for one in map(json.loads, lines) if one["step"] in CAUSED]
    seen = [(event.occurred_at.timestamp(), event) for _, event in events()]
    for number, mark in enumerate(marks):
        wanted = {Kind.ERROR} if mark.get("name") == "fail-novalidhost" else CAUSED[mark["step"]]
        begin = mark["t"] - (6 if mark["step"].startswith("reached") else 0.1)
        later = (one["t"] for one in marks[number + 1 :] if one["server"] == mark["server"])
        end = min(next(later, begin + 20), begin + 20)
        told = {e.kind for t, e in seen if begin <= t <= end and mark["server"] in (e.instance_id, None)}
        assert wanted <= told, mark
    assert {mark["step"] for mark in marks} == set(CAUSED)
    assert len(marks) >= 90


def test_both_copies_of_a_fact_are_recognised_and_nothing_else_is():
    told: dict[str, Counter] = {}
    types = {}
    for _, event in events():
        told.setdefault(event.fact, Counter())[event.wire] += 1
        assert types.setdefault(event.fact, event.type) == event.type
    alone = {fact: wires for fact, wires in told.items() if wires["legacy"] != wires["versioned"]}
    of = Counter(types[fact] for fact in alone)
    assert of == LEGACY_ONLY | VERSIONED_ONLY
    assert sum(max(wires.values()) for wires in told.values()) == 673
    assert all(len(fact) == 16 and int(fact, 16) >= 0 for fact in told)


def test_both_copies_carry_the_same_words():
    legacy = [event for _, event in events() if event.wire == "legacy"]
    versioned: dict[str, list[Event]] = {}
    for _, event in events():
        if event.wire == "versioned":
            versioned.setdefault(event.fact, []).append(event)
    words = ("type", "kind", "phase", "instance_id", "instance_name", "state", "old_state", "state_description")
    pairs = [(one, versioned[one.fact].pop(0)) for one in legacy if versioned.get(one.fact)]
    assert len(pairs) == 651
    for one, other in pairs:
        assert [getattr(one, word) for word in words] == [getattr(other, word) for word in words]
        assert one.traits["flavor"] == other.traits["flavor"]
        assert one.traits["image"] == other.traits["image"]


def test_names_are_the_legacy_ones_in_both_formats():
    versioned = {event.type for one, event in events() if event.wire == "versioned" and event.instance_id}
    legacy = {one["event_type"] for one in load_legacy()}
    assert versioned - legacy == set(VERSIONED_ONLY) - {"service.update"}
    assert all(name.startswith("compute.instance.") for name in versioned)


def test_a_legacy_payload_passes_unchanged():
    for notification in load_legacy():
        reading = read(notification)
        if isinstance(reading, Event):
            assert reading.payload == notification["payload"]


def test_errors_carry_the_text_of_the_exception():
    errors = [event for _, event in events() if event.phase is Phase.ERROR]
    assert len(errors) == 6
    assert {event.traits["exception"].split()[0] for event in errors} == {"Build"}


def test_only_the_versioned_format_tells_the_power_state():
    told = {event.wire: event.traits.get("power_state") for _, event in events() if event.instance_id}
    assert told["legacy"] is None
    assert told["versioned"] in ("running", "pending", "shutdown")


def test_a_reading_survives_the_trip_through_json():
    for notification in EVERY[:200]:
        reading = read(json.loads(json.dumps(notification)))
        if isinstance(reading, Event):
            assert Event.from_dict(json.loads(json.dumps(reading.to_dict()))) == reading


@pytest.mark.parametrize("load", [load_legacy, load_versioned])
def test_the_same_notification_gives_the_same_event_again(load):
    assert list(map(read, load())) == list(map(read, load()))


def test_nobody_opted_out_in_the_recording():
    assert not any(OPT_OUT in event.traits for _, event in events())
