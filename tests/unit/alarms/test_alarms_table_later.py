"""What is written into the table later: stored first, written once, by whoever lives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.alarms.ear import AlarmPublisher
from fed_common.alarms.models import ActiveAlarm, AlarmChange, Rule, Unwritten
from fed_common.alarms.table import later
from fed_common.alarms.table.changes import Change, Clear, Raise
from fed_common.alarms.table.later import Later, stored, write_left, write_stored
from fed_common.core import clock
from fed_common.core.alarm import EventCategory, ManagedObject, ObjectType, Severity
from fed_common.core.errors import Retryable
from fed_common.interfaces.publisher import Message
from fed_common.topics.statements import insert
from tests.evaluated import error_rule, update
from tests.examples import MOMENT
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
VM = ManagedObject("vio_RegionOne", ObjectType.INSTANCE, "vm-1", "web", "t", "h")


def raised(problem: str = "p", **more: Any) -> Raise:
    return Raise(VM, problem, "trouble", Severity.MAJOR, MOMENT, f"{problem}:alarm", **more)


def keep(*changes: Change, age: float = 0.0) -> Unwritten:
    row = stored(changes).row
    row.created_at = clock.now() - timedelta(seconds=age)
    insert([row])
    return row


@pytest.fixture
def ear() -> Iterator[AlarmPublisher]:
    made = AlarmPublisher()
    yield made
    made.close()


def hear(ear: AlarmPublisher, *ids: str) -> None:
    ear.publish([Message("", one, b"", update(one)) for one in ids], timeout=60)


def open_problems() -> set[str]:
    return set(ActiveAlarm.objects.filter(cleared_at=None).values_list("problem", flat=True))


def test_what_an_event_does_is_in_the_table_soon(ear: AlarmPublisher) -> None:
    rule = error_rule("one")
    hear(ear, "one", "two")
    until(lambda: ActiveAlarm.objects.count() == 3)
    assert open_problems() == {"instance_error", str(rule.pk)}
    until(lambda: not Unwritten.objects.exists())


def test_what_a_dead_process_stored_another_writes(ear: AlarmPublisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Later, "take", lambda *_: None)
    rule = error_rule("one")
    hear(ear, "one")
    assert not ActiveAlarm.objects.exists()
    assert write_left() == 0  # its writer may live
    Unwritten.objects.update(created_at=clock.now() - later.LEFT_AFTER)
    assert write_left() == 1
    assert open_problems() == {"instance_error", str(rule.pk)}
    assert not Unwritten.objects.exists()


def test_writing_twice_changes_nothing() -> None:
    one = stored([raised()])
    write_stored([one])
    write_stored([one])
    assert [(row.count, row.flaps) for row in ActiveAlarm.objects.all()] == [(1, 0)]
    assert AlarmChange.objects.count() == 1


def test_changes_that_cannot_be_written_are_kept_and_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    write = later.write

    def picky(changes: Sequence[Change]) -> Any:
        assert "bad" not in {one.problem for one in changes}
        return write(changes)

    monkeypatch.setattr(later, "write", picky)
    for problem in ("good", "bad", "fine"):
        keep(raised(problem), age=60)
    assert write_left() == 3
    assert open_problems() == {"good", "fine"}
    assert [row.reason for row in Unwritten.objects.all()] == ["AssertionError"]
    assert write_left() == 0


def test_while_the_database_is_away_the_writer_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    write, failures = later.write, [Retryable("away"), Retryable("away")]

    def away_at_first(changes: Sequence[Change]) -> Any:
        if failures:
            raise failures.pop()
        return write(changes)

    monkeypatch.setattr(later, "write", away_at_first)
    monkeypatch.setattr(later, "AGAIN_AFTER", 0.01)
    table = Later()
    table.take(later.Stored(keep(raised()), [raised()]))
    until(lambda: open_problems() == {"p"})
    table.stop()


@pytest.mark.parametrize("how", [{"state": "ok"}, {"enabled": False}, {"deleted_at": MOMENT}])
def test_what_a_rule_raised_that_was_reset_meanwhile_is_not_written(how: dict[str, Any]) -> None:
    rule = error_rule("one")
    Rule.objects.filter(pk=rule.pk).update(**{"state": "alarm", **how})
    write_stored([stored([raised(str(rule.pk), rule_id=rule.pk)])])
    assert not ActiveAlarm.objects.exists()


def test_what_was_raised_and_cleared_in_between_is_told() -> None:
    rule = error_rule("one")
    problem = str(rule.pk)
    ends = Clear(problem, MOMENT + timedelta(seconds=1), "e:ok", VM, rule.pk)
    write_stored([stored([raised(problem, rule_id=rule.pk), ends])])
    assert [row.kind for row in AlarmChange.objects.all()] == ["raised", "cleared"]


@given(details=st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=3), known=st.booleans())
def test_changes_are_read_as_they_were_stored(details: dict[str, Any], known: bool) -> None:
    id, now = uuid4() if known else None, clock.now()
    one = Raise(VM, "p", "n", Severity.MINOR, now, "c", EventCategory.QOS, "why", details, id, id, {"traits": []})
    other = Clear("p", now, "c", None, id)
    row = keep(one, other)
    row.refresh_from_db()
    assert [later._change(plain) for plain in row.changes] == [one, other]
