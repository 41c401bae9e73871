from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

from fed_common.core import clock
from fed_common.core.kinds import Kind
from fed_common.core.model import Event
from multicloud_vio.demo import RECORDED
from multicloud_vio.recording import LONGEST_GAP, Recording, read_recording
from tests.nova_expected import read

START = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
RECORDING = read_recording(RECORDED)


def events(told):
    return [event for event in map(read, (one.notification for one in told)) if isinstance(event, Event)]


def test_a_round_tells_a_life_and_a_failure_in_both_formats():
    told = list(RECORDING.round(START))
    kinds = Counter((event.kind, event.wire) for event in events(told))
    shown = (
        Kind.CREATE,
        Kind.PAUSE,
        Kind.SUSPEND,
        Kind.POWER_OFF,
        Kind.POWER_ON,
        Kind.REBUILD,
        Kind.DELETE,
        Kind.ERROR,
    )
    assert all(kinds[kind, wire] for kind in shown for wire in ("legacy", "versioned"))
    assert {one.wire for one in told} == {"legacy", "versioned"}


def test_the_rhythm_is_one_to_two_notifications_a_second_without_long_gaps():
    due = [one.due for one in RECORDING.round(START)]
    assert due == sorted(due)
    assert due[0] == 0
    assert max(later - earlier for earlier, later in pairwise(due)) <= LONGEST_GAP
    assert 1 <= len(due) / due[-1] <= 2


def test_each_round_has_its_own_messages_instances_and_requests():
    first, second = events(RECORDING.round(START)), events(RECORDING.round(START))
    for name in ("id", "instance_id", "fact"):
        assert not {getattr(one, name) for one in first} & {getattr(one, name) for one in second}
    assert not {one.traits["request_id"] for one in first} & {one.traits["request_id"] for one in second}
    assert [one.type for one in first] == [one.type for one in second]
    assert {one.traits["image"] for one in first} == {one.traits["image"] for one in second}


def test_both_copies_of_a_fact_stay_twins():
    told = Counter(event.fact for event in events(RECORDING.round(START)))
    with gzip.open(RECORDED, "rt") as recording:
        readings = [read(json.loads(line)["notification"]) for line in recording]
    recorded = Counter(one.fact for one in readings if isinstance(one, Event))
    assert sorted(told.values()) == sorted(recorded.values())
    assert told.most_common(1)[0][1] >= 2


def test_a_notification_happens_when_it_is_due_and_tells_of_nothing_later():
    for one, event in zip(
        RECORDING.round(START), map(read, (x.notification for x in RECORDING.round(START))), strict=True
    ):
        if isinstance(event, Event):
            assert abs((event.occurred_at - START).total_seconds() - one.due) < 0.05
            launched = clock.parse(event.launched_at)
            assert launched is None or launched <= event.occurred_at


def test_the_birth_of_an_instance_does_not_move_during_a_round():
    born: dict[str, set[str]] = {}
    for event in events(RECORDING.round(START)):
        born.setdefault(event.instance_id, set()).add(event.payload["created_at"])
    assert len(born) == 3
    assert all(len(times) == 1 for times in born.values())


def lines():
    first = {
        "message_id": "00000000-0000-4000-8000-000000000001",
        "publisher_id": "compute.a",
        "event_type": "compute.instance.pause.end",
        "priority": "INFO",
        "timestamp": "2026-01-01 00:00:00.000000",
        "request_id": "req-00000000-0000-4000-8000-000000000002",
        "payload": {
            "instance_id": "00000000-0000-4000-8000-000000000003",
            "created_at": "2025-12-31 23:59:50+00:00",
            "launched_at": "2026-01-01T00:00:01.000000",
            "deleted_at": "2027-01-01T00:00:00Z",
        },
    }
    second = {**first, "timestamp": "2026-01-01 00:00:02.000000"}
    return [json.dumps({"at": at, "wire": "legacy", "notification": one}) for at, one in ((0, first), (2, second))]


def test_times_keep_their_form_and_their_place_between_the_notifications():
    first, second = Recording(lines()).round(START)
    assert first.notification["timestamp"] == "2031-01-02 03:04:05.000000"
    assert second.notification["timestamp"] == "2031-01-02 03:04:06.500000"
    payload = second.notification["payload"]
    assert payload["created_at"] == "2031-01-02 03:03:55+00:00"
    assert payload["launched_at"] == "2031-01-02T03:04:05.750000"
    assert payload["deleted_at"] == "2031-01-02T03:04:06Z"
