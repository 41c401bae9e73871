"""What time does to rules: clearing and forgetting."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.alarms.evaluator.rule_book import RuleBook
from fed_common.alarms.evaluator.timers import Timers, clear_due, forget_old
from fed_common.alarms.models import Heard, PartSeen, Rule, RuleChange
from fed_common.alarms.table.writing import Clear, Raise
from fed_common.core import clock
from fed_common.core.alarm import NoticeKind
from tests.evaluated import Told, edit, error_rule, history, listening, set_state, update
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
SOON = {"clear_after": 30}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return listening(monkeypatch)


@pytest.fixture
def book() -> RuleBook:
    return RuleBook()


def in_seconds(number: float) -> datetime:
    return clock.now() + timedelta(seconds=number)


def test_a_rule_goes_back_by_itself_once(book: RuleBook, told: Told) -> None:
    rule = error_rule("one", extras=SOON)
    Evaluator(book).evaluate([update("one")])
    assert clear_due(book, in_seconds(29)) == 0
    assert clear_due(book, in_seconds(31)) == 1
    assert clear_due(book, in_seconds(99)) == 0
    assert history(rule.pk) == ["alarm", "ok"]
    assert [one.kind for one in told.notices] == [NoticeKind.RAISED, NoticeKind.CLEARED]
    raised, cleared = told.changes
    assert isinstance(raised, Raise)
    assert isinstance(cleared, Clear)
    assert (cleared.rule_id, cleared.problem, cleared.about) == (rule.pk, raised.problem, None)


def test_each_event_begins_the_time_anew(book: RuleBook, told: Told) -> None:
    rule = error_rule("one", extras=SOON, repeat_actions=True)
    evaluator = Evaluator(book)
    evaluator.evaluate([update("one")])
    Rule.objects.update(clear_at=in_seconds(1))
    evaluator.evaluate([update("one")])
    assert clear_due(book, in_seconds(20)) == 0
    assert Rule.objects.get(pk=rule.pk).state == "alarm"


def test_a_rule_that_was_reset_or_switched_off_is_left_as_it_is(book: RuleBook, told: Told) -> None:
    reset, off = error_rule("one", extras=SOON), error_rule("one", extras=SOON)
    Evaluator(book).evaluate([update("one")])
    set_state(reset, "insufficient data")
    edit(off, enabled=False)
    book.refresh()
    assert clear_due(book, in_seconds(31)) == 2
    assert Rule.objects.get(pk=reset.pk).state == "insufficient data"
    assert history(off.pk) == ["alarm"]
    assert not Rule.objects.exclude(clear_at=None).exists()


def test_a_rule_that_changed_a_moment_ago_waits_until_it_is_known(book: RuleBook, told: Told) -> None:
    rule = error_rule("one", extras=SOON)
    Evaluator(book).evaluate([update("one")])
    edit(rule, ok_actions=["log://new"])
    assert clear_due(book, in_seconds(31)) == 0
    book.refresh()
    assert clear_due(book, in_seconds(31)) == 1
    assert told.deliveries[-1].target == "log://new"


def test_the_timers_run_where_they_are_elected(book: RuleBook, told: Told) -> None:
    rule = error_rule("one", extras={"clear_after": 0.01})
    Evaluator(book).evaluate([update("one")])
    timers = Timers(book)
    timers.start()
    try:
        until(lambda: Rule.objects.get(pk=rule.pk).state == "ok")
        assert timers.elected
    finally:
        timers.stop()


def test_old_transitions_and_deleted_rules_are_forgotten_and_definitions_stay(book: RuleBook, told: Told) -> None:
    kept, gone = error_rule("one"), error_rule("one")
    for rule in (kept, gone):
        RuleChange.objects.create(rule_id=rule.pk, type="creation", timestamp=clock.now())
    Evaluator(book).evaluate([update("one")])
    PartSeen.objects.create(rule_id=kept.pk, part=0, event_id="e", seen_at=clock.now())
    edit(gone, deleted_at=clock.now())
    forget_old(in_seconds(-60))
    assert (RuleChange.objects.count(), Heard.objects.count(), PartSeen.objects.count()) == (4, 2, 1)
    forget_old(in_seconds(60))
    assert [(row.rule_id, row.type) for row in RuleChange.objects.all()] == [(kept.pk, "creation")]
    assert (Heard.objects.count(), PartSeen.objects.count()) == (0, 0)
    assert list(Rule.objects.values_list("pk", flat=True)) == [kept.pk]
