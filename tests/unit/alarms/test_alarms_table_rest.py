"""The table over REST: listed, filtered, worked on by people, read again by who missed something."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from fed_common.alarms.models import ActiveAlarm, AlarmChange
from fed_common.alarms.table import stream
from fed_common.alarms.table.writing import Clear, Raise, write
from fed_common.core.alarm import ManagedObject, ObjectType, Severity
from tests.callers import Caller, caller
from tests.serving import served, watching
from tests.waiting import until

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)


def about(id: str, vim_id: str = "vio_one") -> ManagedObject:
    return ManagedObject(vim_id, ObjectType.INSTANCE, id, f"vm {id}", "t1")


def trouble(id: str, severity: Severity = Severity.MAJOR, vim_id: str = "vio_one") -> None:
    write([Raise(about(id, vim_id), "p", "It broke", severity, T0, f"raise {vim_id} {id} {severity}")])


def over(id: str) -> None:
    write([Clear("p", T0, f"clear {id}", about(id))])


@pytest.fixture
def anna() -> Caller:
    return caller("operator", name="anna")


def test_the_list_says_what_is_wrong_now_and_how_much_of_it(anna: Caller) -> None:
    trouble("i1", Severity.CRITICAL)
    trouble("i2")
    trouble("i3", Severity.MINOR)
    over("i3")

    page = anna.get("/alarms/active?order=rank")

    assert [one["object_id"] for one in page["alarms"]] == ["i1", "i2", "i3"]
    assert page["counts"] == {"CRITICAL": 1, "MAJOR": 1, "MINOR": 0, "WARNING": 0, "INDETERMINATE": 0}
    assert (page["total"], page["sequence"]) == (3, 4)
    assert anna.get(f"/alarms/active/{page['alarms'][0]['id']}") == page["alarms"][0]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("severity=CRITICAL", ["i1"]),
        ("severity=CRITICAL&severity=MAJOR", ["i1", "i2"]),
        ("cleared=true", ["i3"]),
        ("cleared=false&vim_id=vio_one", ["i1", "i2"]),
        ("acked=true", []),
        ("object_type=host", []),
        ("object_id=i2&tenant=t1", ["i2"]),
        ("order=rank&limit=1&page=2", ["i2"]),
    ],
)
def test_the_list_takes_conditions(anna: Caller, asked: str, found: list[str]) -> None:
    trouble("i1", Severity.CRITICAL)
    trouble("i2")
    trouble("i3", Severity.MINOR)
    over("i3")

    shown = anna.get(f"/alarms/active?{asked}")["alarms"]

    assert sorted(one["object_id"] for one in shown) == found


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/alarms/active?severity=BAD", "severity"),
        ("/alarms/active?severity=CLEARED", "severity"),
        ("/alarms/active?acked=perhaps", "acked"),
        ("/alarms/active?rule_id=7", "rule_id"),
        ("/alarms/active?order=beauty", "order"),
        ("/alarms/changes?after=-1", "after"),
        ("/alarms/changes?limit=0", "limit"),
        ("/alarms/changes?kind=repeated", "kind"),
        ("/alarms/changes?since=now", "since"),
        ("/alarms/changes?alarm_id=x", "alarm_id"),
        ("/alarms/changes?alarm_id=", "alarm_id"),
    ],
)
def test_wrong_questions_are_refused_by_name(anna: Caller, path: str, field: str) -> None:
    answer = anna.ask("GET", path)
    assert answer.status_code == 400
    assert answer.json()["field"] == field


def test_people_acknowledge_comment_and_clear_in_their_name(anna: Caller) -> None:
    trouble("i1")
    path = f"/alarms/active/{ActiveAlarm.objects.get().id}"

    assert anna.post(f"{path}/acknowledge")["acked_by"] == "anna"
    assert anna.ask("POST", f"{path}/acknowledge").status_code == 409
    assert anna.post(f"{path}/comment", {"comment": "on it"})["details"]["comments"][0]["text"] == "on it"
    assert anna.ask("POST", f"{path}/comment", {"comment": " "}).status_code == 400
    assert anna.post(f"{path}/unacknowledge")["acked_at"] is None
    assert anna.post(f"{path}/clear")["cleared_at"]
    assert anna.post(f"{path}/acknowledge")["acked_by"] == "anna"
    assert anna.get("/alarms/active")["alarms"] == []
    assert anna.get(path)["acked_by"] == "anna", "it is still shown by its id"
    assert anna.ask("POST", f"{path}/clear").status_code == 404, "and nothing is done to it any more"
    assert anna.ask("POST", f"/alarms/active/{uuid4()}/clear").status_code == 404


def test_who_missed_changes_reads_them_in_their_order(anna: Caller) -> None:
    """N87."""
    for number in range(5):
        trouble(f"i{number}")

    first = anna.get("/alarms/changes?after=1&limit=2")
    rest = anna.get(f"/alarms/changes?after={first['next']}")
    none = anna.get(f"/alarms/changes?after={rest['next']}")

    numbers = [one["sequence"] for page in (first, rest, none) for one in page["changes"]]
    assert numbers == [2, 3, 4, 5]
    assert (none["next"], none["oldest"], none["newest"]) == (5, 1, 5)
    assert first["changes"][0]["notice"]["about"]["id"] == "i1"


def test_who_may_see_some_vims_only_sees_their_alarms(anna: Caller) -> None:
    trouble("i1")
    trouble("i2", vim_id="other_two")
    ours, theirs = ActiveAlarm.objects.get(vim_id="vio_one"), ActiveAlarm.objects.get(vim_id="other_two")
    narrow = caller("operator", "vio_*")

    page = narrow.get("/alarms/active")
    assert [one["id"] for one in page["alarms"]] == [str(ours.id)]
    assert page["counts"]["MAJOR"] == 1
    assert [one["sequence"] for one in narrow.get("/alarms/changes")["changes"]] == [1]
    assert narrow.ask("GET", f"/alarms/active/{theirs.id}").status_code == 404
    assert narrow.ask("POST", f"/alarms/active/{theirs.id}/clear").status_code == 404
    assert narrow.ask("GET", "/alarms/active?vim_id=other_two").status_code == 403


def test_a_page_of_many_alarms_takes_as_many_queries_as_one_of_few(
    anna: Caller, django_assert_max_num_queries: object
) -> None:
    write([Raise(about(f"i{n}"), "p", "It broke", Severity.MAJOR, T0, f"e{n}") for n in range(300)])
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        assert len(anna.get("/alarms/active")["alarms"]) == 300


@pytest.fixture
def url(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(stream, "LOOK_EVERY", 0.01)
    with served() as at:
        yield at


def test_a_viewer_hears_changes_and_comes_back_without_a_gap(url: str, anna: Caller) -> None:
    trouble("before")
    with watching(url, anna.token, of="alarms") as viewer:
        until(lambda: any(bell.number for bell in list(stream._bells.values())))
        trouble("i1")
        trouble("i2")
        assert [one["sequence"] for one in viewer.events(2)] == [2, 3]
    trouble("i3")
    with watching(url, anna.token, of="alarms", **{"Last-Event-ID": "2"}) as viewer:
        assert [one["notice"]["about"]["id"] for one in viewer.events(2)] == ["i2", "i3"]


def test_a_viewer_of_some_vims_hears_of_them_only(url: str) -> None:
    narrow = caller("reader", "vio_*")
    trouble("i1", vim_id="other_two")
    trouble("i2")
    with watching(url, narrow.token, "?after=0", of="alarms") as viewer:
        assert [one["sequence"] for one in viewer.events(1)] == [2]
        trouble("i3", vim_id="other_two")
        trouble("i4")
        assert [one["sequence"] for one in viewer.events(1)] == [4]


def test_changes_are_chosen(anna: Caller) -> None:
    trouble("i1")
    trouble("i2", vim_id="other_two")
    over("i1")
    alarm = ActiveAlarm.objects.get(object_id="i1")

    def numbers(asked: str) -> list[int]:
        return [one["sequence"] for one in anna.get(f"/alarms/changes?{asked}")["changes"]]

    assert numbers("vim_id=other_two") == [2]
    assert numbers("kind=cleared") == [3]
    assert numbers("kind=raised&kind=cleared&after=1") == [2, 3]
    assert numbers(f"alarm_id={alarm.id}") == [1, 3]


def test_a_repeat_is_no_change(anna: Caller) -> None:
    write([Raise(about("i1"), "p", "It broke", Severity.MAJOR, T0, f"e{n}") for n in range(3)])
    assert AlarmChange.objects.count() == 3
    assert len(anna.get("/alarms/changes")["changes"]) == 1
