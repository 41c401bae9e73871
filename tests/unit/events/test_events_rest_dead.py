"""Dead events through the REST API: seen with their reason, told again, forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.core.errors import Permanent, Retryable
from fed_common.events.models import DeadEvent
from fed_common.events.views import dead
from fed_common.publishers import memory
from tests.callers import Caller
from tests.examples import event

pytestmark = pytest.mark.django_db


def put(id: str = "e-1", **changes: Any) -> DeadEvent:
    values = {
        "stage": DeadEvent.Stage.PUBLISH,
        "vim_id": "vio_RegionOne",
        "event_id": id,
        "subscription": "vnfm",
        "publisher": "memory",
        "topic": "T",
        "reason": "too large",
        "body": event(id).to_dict(),
    }
    return DeadEvent.objects.create(**{**values, **changes})


def ids(answer: dict[str, Any]) -> list[int]:
    return [one["id"] for one in answer["dead_events"]]


@pytest.fixture
def subscribed(operator: Caller, memory_sink: None) -> None:
    operator.post("/subscriptions", {"name": "vnfm", "sinks": [{"publisher": "memory", "topic": "T"}]})


def test_a_dead_event_is_listed_with_its_reason_and_shown_with_what_it_holds(reader: Caller) -> None:
    row = put()

    [listed] = reader.get("/dead-events")["dead_events"]
    shown = reader.get(f"/dead-events/{row.id}")

    assert listed.pop("created_at").endswith("Z")
    assert listed == {
        "id": row.id,
        "stage": "publish",
        "vim_id": "vio_RegionOne",
        "event_id": "e-1",
        "subscription": "vnfm",
        "publisher": "memory",
        "topic": "T",
        "reason": "too large",
        "tries": 1,
        "replayed_at": None,
    }
    assert shown["body"] == event("e-1").to_dict()


def test_they_are_listed_newest_first_page_by_page(reader: Caller) -> None:
    rows = [put(f"e-{number}").id for number in range(5)][::-1]
    first = reader.get("/dead-events?limit=2")
    second = reader.get(f"/dead-events?limit=2&before={first['next']}")
    third = reader.get(f"/dead-events?limit=2&before={second['next']}")

    assert [ids(first), ids(second), ids(third)] == [rows[:2], rows[2:4], rows[4:]]
    assert reader.get(f"/dead-events?before={third['next']}") == {"dead_events": [], "next": None}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 4),
        ("vim_id=b_R", 1),
        ("subscription=noc", 1),
        ("replayed=true", 1),
        ("replayed=false", 3),
        ("vim_id=x", 0),
    ],
)
def test_conditions_choose(reader: Caller, query: str, found: int) -> None:
    put()
    put(vim_id="b_R")
    put(subscription="noc")
    put(replayed_at="2026-11-21T10:00:00Z")

    assert len(ids(reader.get(f"/dead-events?{query}"))) == found


def test_a_replayed_event_reaches_its_sink_and_is_marked(operator: Caller, subscribed: None) -> None:
    row = put()

    shown = operator.post(f"/dead-events/{row.id}/replay")

    assert [one.event.id for one in memory.messages("T")] == ["e-1"]
    assert shown["replayed_at"] is not None
    assert operator.get(f"/dead-events/{row.id}")["replayed_at"] == shown["replayed_at"]


def test_what_is_refused_once_more_is_422_with_the_reason(operator: Caller) -> None:
    row = put(subscription="gone")

    answer = operator.ask("POST", f"/dead-events/{row.id}/replay")

    assert (answer.status_code, answer.json()["code"]) == (422, "refused")
    assert "gone" in answer.json()["detail"]
    shown = operator.get(f"/dead-events/{row.id}")
    assert (shown["tries"], shown["replayed_at"]) == (2, None)


def test_a_sink_that_is_down_is_503_with_a_time_to_come_back(
    operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_row: DeadEvent) -> None:
        raise Retryable("no broker at kafka:9092", retry_after=7.2)

    monkeypatch.setattr(dead, "replay", down)

    answer = operator.ask("POST", f"/dead-events/{put().id}/replay")

    assert (answer.status_code, answer["Retry-After"]) == (503, "8")
    assert answer.json()["detail"] == "no broker at kafka:9092"


def test_all_that_match_are_replayed_and_counted(operator: Caller, subscribed: None) -> None:
    for number in range(3):
        put(f"e-{number}")
    put("again", replayed_at="2026-11-21T10:00:00Z")
    put("other", vim_id="b_R")
    poison = put("poison", subscription="gone")

    told = operator.post("/dead-events/replay?vim_id=vio_RegionOne")

    reason = "there is no enabled subscription 'gone'"
    assert told == {"replayed": 3, "failed": 1, "left": 0, "reasons": [f"{poison.id}: {reason}"]}
    assert [one.event.id for one in memory.messages("T")] == ["e-0", "e-1", "e-2"]
    assert operator.post("/dead-events/replay?subscription=vnfm")["replayed"] == 1


def test_a_long_replay_ends_in_time_and_tells_what_is_left(
    operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [put(f"e-{number}") for number in range(5)]
    hours = iter(range(0, 100_000, 20))
    monkeypatch.setattr(dead.time, "monotonic", lambda: float(next(hours)))
    tried: list[int] = []

    def refuse(row: DeadEvent) -> None:
        tried.append(row.pk)
        raise Permanent("never")

    monkeypatch.setattr(dead, "replay", refuse)

    told = operator.post("/dead-events/replay")

    assert (told["failed"], told["left"], tried) == (1, 4, [rows[0].pk])


def test_a_removed_dead_event_is_gone(operator: Caller) -> None:
    row = put()

    assert operator.ask("DELETE", f"/dead-events/{row.id}").status_code == 204
    assert operator.ask("GET", f"/dead-events/{row.id}").status_code == 404
