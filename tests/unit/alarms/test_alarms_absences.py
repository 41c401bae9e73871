"""N46: rules that wait for events, and what happens when none comes. Time is given, nobody waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from fed_common.access.models import Role
from fed_common.access.tokens import Identity
from fed_common.alarms.evaluator import absences, evaluating, timers
from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.alarms.evaluator.parts import EXPECTED
from fed_common.alarms.evaluator.rule_book import RuleBook
from fed_common.alarms.evaluator.timers import Timers, clear_due, forget_old
from fed_common.alarms.models import ActiveAlarm, PartSeen, Rule
from fed_common.alarms.rules import services
from fed_common.alarms.rules.definition import read_definition
from fed_common.core import clock
from fed_common.core.alarm import AlarmState, NoticeKind
from fed_common.core.errors import Invalid
from tests.evaluated import Told, edit, history, listening, update
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
BY = Identity("admin", Role.ADMIN)
CLOSED = [{"name": "never", "start": "0 0 29 2 *", "duration": 1}]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return listening(monkeypatch)


@pytest.fixture
def unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is written, and nothing is sent."""
    for room in (evaluating, timers):
        monkeypatch.setattr(room, "hand_over", lambda deliveries: None)


@pytest.fixture
def book() -> RuleBook:
    return RuleBook()


def body(**columns: Any) -> dict[str, Any]:
    """Of an alarm when no VM that is active has said so for a minute."""
    query = [{"field": "traits.state", "op": "eq", "value": "active"}]
    return {
        "name": "silent",
        "type": "event",
        "event_rule": {"event_type": "compute.instance.update", "query": query},
        "alarm_actions": ["log://"],
        "ok_actions": ["log://"],
        "multicloud": {"absent_after": 60},
        **columns,
    }


def waiting_rule(**columns: Any) -> Rule:
    return services.create_rule(read_definition(body(**columns), BY), BY)


def beat(book: RuleBook, *instances: str, **fields: Any) -> None:
    """These VMs are heard of now."""
    Evaluator(book).evaluate([update(one, "active", **fields) for one in instances])


def in_seconds(number: float) -> datetime:
    return clock.now() + timedelta(seconds=number)


def heard_ago(instance: str, seconds: float) -> None:
    """The last event of that VM came so long ago."""
    PartSeen.objects.filter(part=EXPECTED, subject__endswith=instance).update(seen_at=in_seconds(-seconds))


def looks(book: RuleBook, seconds: float) -> int:
    """How many rules are looked at when so many seconds have passed."""
    book.refresh()
    return clear_due(book, in_seconds(seconds))


def state(rule: Rule) -> str:
    return Rule.objects.get(pk=rule.pk).state


def test_events_that_come_raise_nothing(book: RuleBook, told: Told) -> None:
    rule = waiting_rule()
    beat(book, "one")
    beat(book, "one")

    assert (state(rule), history(rule.pk), told.deliveries, told.changes) == ("insufficient data", [], [], [])


def test_one_that_falls_silent_raises_the_alarm_once_and_the_next_event_ends_it(
    book: RuleBook, told: Told
) -> None:
    rule = waiting_rule()
    beat(book, "one")
    assert (looks(book, 59), state(rule)) == (0, "insufficient data")
    for _ in range(3):
        looks(book, 62)
    assert (state(rule), history(rule.pk)) == ("alarm", ["alarm"])
    (raised,) = told.changes
    assert (raised.about.vim_id, raised.about.type, raised.about.id) == ("vio_RegionOne", "instance", "one")

    beat(book, "one")

    assert (state(rule), sorted(history(rule.pk))) == ("ok", ["alarm", "ok"])
    assert [one.kind for one in told.notices] == [NoticeKind.RAISED, NoticeKind.CLEARED]
    assert told.notices[0].reason == "No event has hit it for 60 s."
    assert '"value": "active"' in told.notices[1].reason
    looks(book, 30)
    assert state(rule) == "ok"
    looks(book, 130)
    assert sorted(history(rule.pk)) == ["alarm", "alarm", "ok"]


def test_each_event_begins_the_time_anew(book: RuleBook, told: Told) -> None:
    rule = waiting_rule()
    beat(book, "one")
    heard_ago("one", 50)
    beat(book, "one")

    Rule.objects.update(clear_at=in_seconds(-1))
    assert (looks(book, 20), state(rule)) == (1, "insufficient data")
    due = Rule.objects.get().clear_at
    assert due is not None
    assert in_seconds(50) < due < in_seconds(61)


def test_other_events_do_not_count(book: RuleBook, told: Told) -> None:
    rule = waiting_rule()
    beat(book, "one")
    heard_ago("one", 100)
    Evaluator(book).evaluate([update("one", "error")])
    looks(book, 61)

    assert history(rule.pk) == ["alarm"]


def test_a_rule_that_never_hears_of_anybody_raises_itself(book: RuleBook, told: Told) -> None:
    rule = waiting_rule()
    assert looks(book, 59) == 0
    looks(book, 61)
    looks(book, 200)
    assert (history(rule.pk), told.changes[0].about.name) == (["alarm"], "silent")

    beat(book, "one")

    assert sorted(history(rule.pk)) == ["alarm", "ok"]
    assert (told.changes[1].about, told.changes[1].rule_id) == (None, rule.pk)


def test_each_object_is_waited_for_by_itself(book: RuleBook, told: Told) -> None:
    rule = waiting_rule()
    beat(book, "one", "two", "three")
    heard_ago("one", 100)
    Rule.objects.update(clear_at=clock.now())
    looks(book, 0)
    assert [one.about.id for one in told.changes] == ["one"]
    heard_ago("two", 100)
    looks(book, 61)

    assert history(rule.pk) == ["alarm"]
    assert sorted(one.about.id for one in told.changes) == ["one", "three", "two"]


def test_the_alarm_is_over_when_the_last_one_is_back(book: RuleBook, told: Told) -> None:
    rule = waiting_rule()
    beat(book, "one", "two")
    looks(book, 61)
    assert sorted(one.about.id for one in told.changes) == ["one", "two"]
    assert len(told.notices) == 1
    told.changes.clear()

    beat(book, "one")
    assert (state(rule), [one.about.id for one in told.changes]) == ("alarm", ["one"])
    beat(book, "two")
    assert (state(rule), told.changes[-1].about) == ("ok", None)


def test_with_repeat_each_object_is_told_of(book: RuleBook, told: Told) -> None:
    rule = waiting_rule(repeat_actions=True)
    beat(book, "one", "two")
    looks(book, 61)
    looks(book, 200)

    assert history(rule.pk) == ["alarm", "alarm"]
    assert sorted(one.about.id for one in told.notices) == ["one", "two"]


def test_in_the_table_each_object_has_its_line(book: RuleBook, unsent: None) -> None:
    waiting_rule()
    beat(book, "one", "two")
    looks(book, 61)
    open_ones = ActiveAlarm.objects.filter(cleared_at=None)
    assert set(open_ones.values_list("object_id", flat=True)) == {"one", "two"}
    beat(book, "one")
    assert set(open_ones.values_list("object_id", flat=True)) == {"two"}
    beat(book, "two")
    assert not open_ones.exists()


def test_in_the_table_a_rule_that_heard_of_nobody_has_one_until_it_does(book: RuleBook, unsent: None) -> None:
    waiting_rule()
    looks(book, 61)
    assert ActiveAlarm.objects.get(cleared_at=None).object_name == "silent"
    beat(book, "one")
    assert not ActiveAlarm.objects.filter(cleared_at=None).exists()


def test_outside_of_its_windows_nothing_is_missed(book: RuleBook, told: Told) -> None:
    rule = waiting_rule(time_constraints=CLOSED)
    beat(book, "one")
    looks(book, 61)
    due = Rule.objects.get().clear_at

    assert history(rule.pk) == []
    assert due is not None
    assert due > in_seconds(60)


def test_a_rule_that_was_changed_waits_anew(book: RuleBook, told: Told) -> None:
    rule = waiting_rule()
    beat(book, "one")
    heard_ago("one", 100)
    services.change_rule(str(rule.pk), read_definition(body(multicloud={"absent_after": 90}), BY), BY)
    assert (looks(book, 89), PartSeen.objects.count()) == (0, 0)
    services.change_rule(str(rule.pk), read_definition(body(multicloud={}), BY), BY)

    assert Rule.objects.get().clear_at is None


def test_a_rule_that_was_reset_waits_on(book: RuleBook, told: Told) -> None:
    rule = waiting_rule()
    beat(book, "one")
    looks(book, 61)
    services.set_state(str(rule.pk), AlarmState.OK, BY)
    looks(book, 130)

    assert history(rule.pk).count("alarm") == 2


def test_a_rule_that_is_switched_off_or_deleted_misses_nothing(book: RuleBook, told: Told) -> None:
    off, gone = waiting_rule(), waiting_rule()
    edit(off, enabled=False)
    services.delete_rule(str(gone.pk), BY)

    assert looks(book, 61) == 2
    assert (history(off.pk), told.deliveries, Rule.objects.exclude(clear_at=None).count()) == ([], [], 0)


def test_several_processes_miss_an_event_once(told: Told) -> None:
    rule = waiting_rule()
    beat(RuleBook(), "one")
    for book in (RuleBook(), RuleBook()):
        looks(book, 61)

    assert (history(rule.pk), len(told.notices)) == (["alarm"], 1)


def test_what_is_expected_is_not_forgotten_with_what_is_old(book: RuleBook, told: Told) -> None:
    waiting_rule()
    beat(book, "one")
    forget_old(in_seconds(60))

    assert PartSeen.objects.filter(part=EXPECTED).count() == 1


def test_a_process_that_begins_gives_what_waits_the_time_to_be_heard(
    book: RuleBook, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, other = waiting_rule(), waiting_rule(multicloud={"clear_after": 9})
    Rule.objects.update(clear_at=in_seconds(-100))
    absences.put_off(clock.now())
    due = {row.pk: row.clear_at for row in Rule.objects.all()}

    assert in_seconds(0) < due[rule.pk] <= in_seconds(5)
    assert due[other.pk] < in_seconds(0)
    beat(book, "one")
    monkeypatch.setattr(absences, "GRACE", timedelta(0))
    heard_ago("one", 100)
    looking = Timers(book)
    looking.start()
    try:
        until(lambda: state(rule) == "alarm", within=60)
    finally:
        looking.stop()


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"multicloud": {"absent_after": -1}}, "multicloud.absent_after"),
        ({"multicloud": {"absent_after": 0.5}}, "multicloud.absent_after"),
        ({"multicloud": {"absent_after": 60, "clear_after": 5}}, "multicloud.clear_after"),
        ({"multicloud": {"absent_after": 60, "under_host": True}}, "multicloud.under_host"),
        ({"multicloud": {"absent_after": 60, "clear": {"event_type": "x"}}}, "multicloud.clear"),
        (
            {
                "type": "composite",
                "event_rule": None,
                "composite_rule": {
                    "or": [{"type": "event", "event_type": "a"}, {"type": "event", "event_type": "b"}]
                },
            },
            "multicloud.absent_after",
        ),
    ],
)
def test_what_it_cannot_be_joined_with_is_refused(columns: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        waiting_rule(**columns)

    assert refused.value.field == field
