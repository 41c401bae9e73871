"""The load of the tests is itself tested: copies must be distinct facts of the same shape."""

from __future__ import annotations

from collections import Counter

from fed_common.core.model import Event
from tests.captures import all_messages, notification_of
from tests.nova_expected import read
from tests.replay import multiply

MESSAGES = all_messages()[:400]


def test_copies_differ_in_message_instance_and_request_and_in_nothing_else():
    copies = [read(notification_of(one)) for one in multiply(MESSAGES, 3)]
    originals = [read(notification_of(one)) for one in MESSAGES] * 3
    events = [one for one in copies if isinstance(one, Event)]
    assert len({one.id for one in events}) == len(events) > 600
    for copy, original in zip(copies, originals, strict=True):
        assert type(copy) is type(original)
        if isinstance(copy, Event):
            for name in ("instance_id", "id"):
                assert getattr(copy, name)[8:] == getattr(original, name)[8:]
            for name in ("type", "kind", "phase", "state", "host", "occurred_at", "wire"):
                assert getattr(copy, name) == getattr(original, name)
            assert copy.traits["request_id"][12:] == original.traits["request_id"][12:]
            assert copy.traits.get("image") == original.traits.get("image")


def test_copies_of_twins_are_twins_within_their_copy():
    def facts(messages):
        readings = (read(notification_of(one)) for one in messages)
        return Counter(one.fact for one in readings if isinstance(one, Event))

    once, thrice = facts(MESSAGES), facts(multiply(MESSAGES, 3))
    assert len(thrice) == 3 * len(once)
    assert sorted(thrice.values()) == sorted(3 * list(once.values()))


def test_the_routing_key_stays():
    assert [one.routing_key for one in multiply(MESSAGES, 1)] == [one.routing_key for one in MESSAGES]
