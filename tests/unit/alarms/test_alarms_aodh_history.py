"""What an alarm went through, as Aodh tells it, and after it is deleted too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fed_common.alarms.models import RuleChange
from tests.aodh import ALARMS, QUERY, create, fault
from tests.callers import Caller, caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Caller:
    return caller("operator", project="p1")


def lived(who: Caller) -> str:
    """The path of an alarm that was created, changed, set and deleted."""
    made = create(who)
    one = f"{ALARMS}/{made['alarm_id']}"
    who.put(one, {**made, "severity": "critical"})
    who.put(f"{one}/state", '"alarm"')
    assert who.ask("DELETE", one).status_code == 204
    return one


def types(answer: Any) -> list[str]:
    return [one["type"] for one in answer]


def test_the_history_has_aodhs_keys_and_is_there_after_the_deletion(member: Caller) -> None:
    """N20 N23"""
    history = member.get(f"{lived(member)}/history")

    assert types(history) == ["deletion", "state transition", "rule change", "creation"]
    for one in history:
        assert set(one) == {
            *("event_id", "alarm_id", "type", "detail", "user_id", "project_id", "on_behalf_of", "timestamp"),
        }
        assert (one["project_id"], one["on_behalf_of"], one["user_id"]) == ("p1", "p1", "the operator p1")
    details = [json.loads(one["detail"]) for one in history]
    assert details[:3] == [
        {"state": "alarm"},
        {"state": "alarm", "state_reason": "Manually set via API"},
        {"severity": "critical"},
    ]
    assert details[3]["rule"] == {"event_type": "*", "query": []}
    assert (details[3]["name"], details[3]["state"]) == ("a", "insufficient data")


def test_the_history_is_for_its_project_and_admins(member: Caller, admin: Caller) -> None:
    """N23"""
    one = lived(member)

    assert len(admin.get(f"{one}/history")) == 4
    assert fault(caller("operator", project="p2").ask("GET", f"{one}/history"))[0] == 404


def test_what_an_admin_did_is_told_to_the_project(member: Caller, admin: Caller) -> None:
    made = create(admin, project_id="p1")

    (creation,) = member.get(f"{ALARMS}/{made['alarm_id']}/history")

    assert (creation["project_id"], creation["on_behalf_of"], creation["user_id"]) == ("", "p1", "the admin")


def test_a_put_that_changes_nothing_leaves_no_trace(member: Caller) -> None:
    """N20"""
    made = create(member)

    member.put(f"{ALARMS}/{made['alarm_id']}", made)

    assert types(member.get(f"{ALARMS}/{made['alarm_id']}/history")) == ["creation"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q.field=type&q.value=deletion", ["deletion"]),
        ("?q.field=timestamp&q.op=ge&q.value=2026-01-01T00:00:00&limit=2", ["deletion", "state transition"]),
        ("?q.field=timestamp&q.op=lt&q.value=2026-01-01T00:00:00", []),
        ("?q.field=user&q.value=the%20operator%20p1&q.op=eq&sort=timestamp:asc&limit=1", ["creation"]),
        ("?q.field=severity&q.value=critical", ["deletion", "state transition", "rule change"]),
        ("?sort=severity:asc&sort=type:desc", ["creation", "state transition", "rule change", "deletion"]),
    ],
)
def test_conditions_order_and_limit_choose(member: Caller, query: str, found: list[str]) -> None:
    assert types(member.get(f"{lived(member)}/history{query}")) == found


@pytest.mark.parametrize(
    "query",
    ["?q.field=timestamp&q.op=eq&q.value=2026-01-01", "?q.field=detail&q.value=x", "?sort=detail", "?marker=x"],
)
def test_what_cannot_be_asked_is_refused(member: Caller, query: str) -> None:
    assert fault(member.ask("GET", f"{lived(member)}/history{query}"))[0] == 400


def test_pages_walk_the_history(member: Caller) -> None:
    one = f"{lived(member)}/history"
    first = member.get(f"{one}?limit=3")

    assert types(member.get(f"{one}?limit=3&marker={first[-1]['event_id']}")) == ["creation"]


def test_changes_of_all_alarms_are_searched(member: Caller, admin: Caller) -> None:
    """N24"""
    lived(member)
    create(caller("operator", project="p2"))
    path = f"{QUERY}/history"

    assert types(member.post(path, {"filter": '{"=": {"type": "creation"}}'})) == ["creation"]
    assert types(admin.post(path, {"filter": '{"=": {"type": "creation"}}'})) == ["creation"] * 2
    assert len(member.post(path, {})) == 4
    assert types(member.post(path, {"orderby": '[{"timestamp": "asc"}]', "limit": 1})) == ["creation"]
    assert fault(member.ask("POST", path, {"filter": '{"=": {"detail": "x"}}'}))[0] == 400


def test_what_an_evaluator_wrote_is_told(member: Caller) -> None:
    made = create(member)
    row = RuleChange.objects.get()
    reason = {"state": "alarm", "transition_reason": "Event hits the query"}
    RuleChange.objects.create(
        rule_id=row.rule_id,
        type="state transition",
        detail=reason,
        on_behalf_of="p1",
        timestamp=row.timestamp,
        cause="e",
    )

    history = member.get(f"{ALARMS}/{made['alarm_id']}/history?q.field=type&q.value=state%20transition")

    assert json.loads(history[0]["detail"]) == reason
