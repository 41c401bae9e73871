"""Aodh's list of alarms: who sees which, what chooses, sorts and pages them."""

from __future__ import annotations

import pytest

from tests.aodh import ALARMS, create, fault, names
from tests.callers import Caller, caller

pytestmark = pytest.mark.django_db


def chosen(field: str, value: str, **more: str) -> str:
    rest = "".join(f"&q.{name}={one}" for name, one in more.items())
    return f"?q.field={field}&q.value={value}{rest}"


def three(who: Caller) -> list[str]:
    """Ids of a low, a critical and a moderate one, in the order they were made."""
    made = [create(who, name=word, severity=word) for word in ("low", "critical", "moderate")]
    return [one["alarm_id"] for one in made]


def test_a_member_sees_its_project_and_an_admin_what_it_asks_for(admin: Caller) -> None:
    """N16"""
    members = {project: caller("operator", project=project) for project in ("p1", "p2")}
    for project, member in members.items():
        create(member, name=f"of {project}")
    create(admin, name="of nobody")
    p1 = members["p1"]

    assert names(p1) == names(p1, chosen("project_id", "p1")) == ["of p1"]
    assert names(p1, chosen("all_projects", "false")) == ["of p1"]
    assert fault(p1.ask("GET", ALARMS + chosen("all_projects", "true")))[0] == 403
    assert fault(p1.ask("GET", ALARMS + chosen("project_id", "p2"))) == (
        401,
        "Not Authorized to access project p2",
    )
    assert names(admin) == ["of nobody"]
    assert names(admin, chosen("project_id", "p2")) == ["of p2"]
    assert sorted(names(admin, chosen("all_projects", "true"))) == ["of nobody", "of p1", "of p2"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (chosen("severity", "critical"), ["critical"]),
        (chosen("name", "low", op="eq", type="string"), ["low"]),
        (chosen("enabled", "True", type="boolean"), ["moderate", "critical", "low"]),
        (chosen("repeat_actions", "1"), []),
        (chosen("type", "composite"), []),
        (chosen("state", "insufficient%20data") + "&q.field=severity&q.value=low", ["low"]),
        (chosen("user_id", "the%20operator"), ["moderate", "critical", "low"]),
        (chosen("timestamp", "2026-01-01T00:00:00"), []),
    ],
)
def test_conditions_choose(operator: Caller, query: str, found: list[str]) -> None:
    """N17"""
    three(operator)

    assert names(operator, query) == found


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (chosen("name", "low", op="ne"), "q.op: 'ne' is not allowed; allowed: eq"),
        (chosen("description", "x"), "q.field: 'description' is not allowed; allowed: user_id, project_id"),
        (chosen("enabled", "maybe"), "q.value: 'maybe' is not allowed; allowed: true, false"),
        (chosen("timestamp", "yesterday"), "q.value: 'yesterday' is not allowed"),
        (chosen("name", "x", type="blob"), "q.type: 'blob' is not allowed; allowed: string, integer"),
        ("?q.field=name", "q.value: '' is not allowed; allowed: one for each q.field"),
        ("?q.field=name&q.value=a&q.value=b", "q.value: 'a' is not allowed; allowed: one for each q.field"),
        ("?name=low", "name: 'low' is not allowed; allowed: no such parameter"),
        ("?sort=description", "sort: 'description' is not allowed; allowed: key or key:direction"),
        ("?sort=name:up", "sort: 'up' is not allowed; allowed: asc, desc"),
        ("?limit=-1", "limit: '-1' is not allowed; allowed: a number from 0 on, 0: all"),
        ("?limit=" + "9" * 5000, "limit: '9999"),
        ("?" + "&".join(["sort=name"] * 12), "sort: "),
        (
            "?" + "&".join(["q.field=name&q.value=a"] * 101),
            "q.field: '101 conditions' is not allowed; allowed: at most",
        ),
        ("?limit=many", "limit: 'many' is not allowed"),
        ("?marker=nothing", "marker: 'nothing' is not allowed"),
        (
            "?marker=6a1e2d6e-3f7f-4f0e-9a08-8b3b1c5a6f3e",
            "marker: '6a1e2d6e-3f7f-4f0e-9a08-8b3b1c5a6f3e' is not allo",
        ),
    ],
)
def test_what_cannot_be_asked_is_named(operator: Caller, query: str, said: str) -> None:
    """N17 N19"""
    status, text = fault(operator.ask("GET", ALARMS + query))

    assert (status, text[: len(said)]) == (400, said)


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("", ["moderate", "critical", "low"]),
        ("?sort=timestamp:asc", ["low", "critical", "moderate"]),
        ("?sort=severity:desc", ["critical", "moderate", "low"]),
        ("?sort=severity", ["low", "moderate", "critical"]),
        ("?sort=name:desc", ["moderate", "low", "critical"]),
        ("?sort=enabled:desc&sort=severity:asc", ["low", "moderate", "critical"]),
    ],
)
def test_lists_are_sorted(operator: Caller, sort: str, found: list[str]) -> None:
    """N18"""
    three(operator)

    assert names(operator, sort) == found


@pytest.mark.parametrize("sort", ["", "severity:desc", "name:asc", "enabled:asc", "state:desc", "alarm_id:desc"])
def test_pages_walk_all_without_a_gap_or_a_repeat(operator: Caller, sort: str) -> None:
    """N19"""
    for number in range(7):
        create(operator, name=f"n{number % 3}", severity=("low", "critical")[number % 2])
    query = f"?limit=2&sort={sort}" if sort else "?limit=2"
    whole = [one["alarm_id"] for one in operator.get(ALARMS + query.replace("limit=2", "limit=0"))]

    seen: list[str] = []
    while page := operator.get(ALARMS + query + (f"&marker={seen[-1]}" if seen else "")):
        assert len(page) <= 2
        seen += [one["alarm_id"] for one in page]

    assert seen == whole
    assert len(set(whole)) == 7


def test_the_marker_of_another_project_is_unknown(admin: Caller) -> None:
    """N19"""
    foreign = create(caller("operator", project="p1"))["alarm_id"]

    assert fault(caller("operator", project="p2").ask("GET", f"{ALARMS}?marker={foreign}"))[0] == 400
