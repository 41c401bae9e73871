"""Stored events through the REST API, and the words for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.kinds import Kind, Phase
from fed_common.events.models import StoredEvent
from fed_common.events.store import EventStore
from fed_common.interfaces.publisher import Message
from tests.callers import Caller
from tests.examples import MOMENT, event

pytestmark = pytest.mark.django_db

STORE = EventStore(EventStore.Config())


def tell(id: str, **changes: Any) -> None:
    one = event(id, **changes)
    STORE.publish([Message("", one.key, b"", one)], timeout=60)


def ids(answer: dict[str, Any]) -> list[str]:
    return [one["id"] for one in answer["events"]]


def test_an_event_is_shown_whole_with_its_sequence(reader: Caller) -> None:
    tell("e-1", payload={"image_meta": {"ü": None}})

    shown = reader.get("/events/e-1")

    assert shown == {
        "sequence": StoredEvent.objects.get().id,
        **event("e-1", payload={"image_meta": {"ü": None}}).to_dict(),
    }
    assert reader.get("/events") == {"events": [shown], "next": shown["sequence"]}


def test_the_newest_are_listed_the_newest_last(reader: Caller) -> None:
    for number in range(10):
        tell(f"e-{number}")

    assert ids(reader.get("/events?limit=3")) == ["e-7", "e-8", "e-9"]


def test_next_leads_through_everything_and_waits_at_the_end(reader: Caller) -> None:
    for number in range(7):
        tell(f"e-{number}")
    heard, behind = [], 0
    while (page := reader.get(f"/events?limit=3&after={behind}"))["events"]:
        heard.append(ids(page))
        behind = page["next"]

    assert heard == [["e-0", "e-1", "e-2"], ["e-3", "e-4", "e-5"], ["e-6"]]
    assert page["next"] == behind
    tell("e-7")
    assert ids(reader.get(f"/events?after={behind}")) == ["e-7"]


def test_nothing_found_leads_to_what_comes_next(reader: Caller) -> None:
    assert reader.get("/events") == {"events": [], "next": 0}
    tell("e-1")

    behind = reader.get("/events?kind=DELETE")["next"]

    assert behind == StoredEvent.objects.get().id


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=DELETE", ["e-2"]),
        ("kind=PAUSE&kind=DELETE", ["e-2", "e-3"]),
        ("kind=", ["e-1", "e-2", "e-3", "e-4", "e-5"]),
        ("vim_id=other_R", ["e-1"]),
        ("phase=start", ["e-3"]),
        ("instance_id=vm-2", ["e-4"]),
        ("state=active", ["e-5"]),
        ("kind=DELETE&state=active", []),
        ("since=2026-11-21T12:00:00Z", ["e-4", "e-5"]),
        ("since=2026-11-21T13:00:00%2B01:00", ["e-4", "e-5"]),
        ("since=2026-11-21T12:00:00Z&state=stopped", ["e-4"]),
    ],
)
def test_conditions_choose(reader: Caller, query: str, found: list[str]) -> None:
    later = MOMENT + timedelta(hours=3)
    tell("e-1", vim_id="other_R")
    tell("e-2", kind=Kind.DELETE)
    tell("e-3", kind=Kind.PAUSE, phase=Phase.START)
    tell("e-4", instance_id="vm-2", received_at=later)
    tell("e-5", state="active", received_at=later)

    assert ids(reader.get(f"/events?{query}")) == found


def test_a_page_costs_one_query(reader: Caller, django_assert_num_queries: Any) -> None:
    for number in range(5):
        tell(f"e-{number}", occurred_at=clock.now())
    reader.get("/events")

    with django_assert_num_queries(1):
        reader.get("/events")


def test_the_words_are_those_that_are_understood(reader: Caller, operator: Caller) -> None:
    words = reader.get("/words")

    assert list(words) == ["kinds", "phases", "formats", "publishers", "vim_types", "drop_reasons"]
    assert words["phases"] == ["start", "end", "error", "moment"]
    assert "vmware" in words["vim_types"]
    assert "twin" in words["drop_reasons"]
    for format in words["formats"]:
        sinks = [{"publisher": "memory", "topic": "t", "format": format}]
        operator.put(f"/subscriptions/{format}", {"filter": {"kinds": words["kinds"]}, "sinks": sinks})
    assert {"kafka", "dmaap", "bus", "embedded", "store", "log", "memory"} <= set(words["publishers"])
