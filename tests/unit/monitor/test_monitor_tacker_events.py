"""Tacker's events: which, in which order, for whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from fed_common.monitor.models import LifecycleEvent
from tests.callers import Caller, caller

EVENTS = "//openstack/v1.0/events"
VIM = UUID("4406cf8f-f2af-46cc-bfb9-e00add5805b7")

pytestmark = pytest.mark.django_db


def event(resource: UUID = VIM, **fields: Any) -> LifecycleEvent:
    told = {"resource_type": "vim", "resource_state": "PENDING", "event_type": "CREATE", "vim_id": "tacker_one"}
    when = datetime(2026, 11, 21, 17, 0, 0, 250000, UTC)
    return LifecycleEvent.objects.create(resource_id=resource, timestamp=when, **{**told, **fields})


def ids(who: Caller, query: str = "") -> list[int]:
    return [one["id"] for one in who.get(f"{EVENTS}{query}")["events"]]


def test_an_event_is_shown_as_tacker_does(reader: Caller) -> None:  # T1
    row = event(event_details="registered")

    shown = {
        "id": row.pk,
        "resource_id": str(VIM),
        "resource_type": "vim",
        "resource_state": "PENDING",
        "timestamp": "2026-11-21 17:00:00.250000",
        "event_type": "CREATE",
        "event_details": "registered",
    }
    for path in (f"{EVENTS}/{row.pk}", f"{EVENTS}/{row.pk}.json"):
        assert reader.get(path) == {"event": shown}
    assert reader.get(f"{EVENTS}.json") == {"events": [shown]}
    assert reader.get(f"{EVENTS}?fields=id&fields=event_type") == {
        "events": [{"id": row.pk, "event_type": "CREATE"}]
    }


def test_events_are_chosen_by_their_fields(reader: Caller) -> None:
    other = uuid4()
    rows = [
        event(),
        event(event_type="MONITOR", resource_state="REACHABLE"),
        event(other, resource_type="vnf", event_type="MONITOR", resource_state="DEAD"),
    ]
    first, second, third = (row.pk for row in rows)

    assert ids(reader) == [first, second, third]
    assert ids(reader, f"?resource_id={VIM}") == [first, second]
    assert ids(reader, f"?resource_id={VIM}&event_type=MONITOR") == [second]
    assert ids(reader, "?resource_state=REACHABLE&resource_state=DEAD") == [second, third]
    assert ids(reader, f"?resource_type=vnf&id={third}") == [third]


def test_events_come_in_pages(reader: Caller) -> None:
    rows = [event().pk for _ in range(5)]

    first = reader.get(f"{EVENTS}?limit=2&event_type=CREATE")
    assert [one["id"] for one in first["events"]] == rows[:2]
    link = first["events_links"][0]["href"].partition("/openstack")[2]
    second = reader.get(f"//openstack{link}")
    assert [one["id"] for one in second["events"]] == rows[2:4]
    assert second["events_links"][0]["href"].count("marker=") == 1
    last = reader.get(f"{EVENTS}?limit=2&marker={rows[3]}")
    assert [one["id"] for one in last["events"]] == rows[4:]
    assert "events_links" not in last


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=x", "?marker=x", "?id=x", "?resource_id=x", "?colour=red", "?fields=x"]
)
def test_wrong_questions_are_refused(reader: Caller, query: str) -> None:
    answer = reader.ask("GET", EVENTS + query)

    assert answer.status_code == 400
    assert answer.json()["TackerError"]["message"].startswith(f"{query[1:].partition('=')[0]}: ")


@pytest.mark.parametrize("number", ["7", "x", "-1", "9" * 30])
def test_an_event_that_is_not_there_is_404(reader: Caller, number: str) -> None:
    answer = reader.ask("GET", f"{EVENTS}/{number}")

    assert (answer.status_code, answer.json()["TackerError"]["type"]) == (404, "EventNotFoundException")


def test_events_cannot_be_written(reader: Caller) -> None:
    assert reader.ask("POST", EVENTS, {}).status_code == 405


def test_a_token_of_some_vims_sees_theirs(db: None) -> None:
    ours, theirs = event(), event(uuid4(), vim_id="tacker_two")
    some = caller("reader", "tacker_one")

    assert ids(some) == [ours.pk]
    assert some.ask("GET", f"{EVENTS}/{theirs.pk}").status_code == 404
