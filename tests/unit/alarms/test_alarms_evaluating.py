"""The evaluator on SQLite: what an event does to a rule, and that it does it once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.alarms.evaluator.rule_book import RuleBook
from fed_common.alarms.models import Heard, Rule, RuleChange
from fed_common.alarms.table.writing import Clear, Raise
from fed_common.core import clock
from fed_common.core.alarm import NoticeKind, Severity
from fed_common.core.matching import OPT_OUT
from tests.evaluated import CLEAR, Told, edit, error_rule, history, listening, set_state, stored_rule, term, update

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return listening(monkeypatch)


@pytest.fixture
def evaluator() -> Evaluator:
    return Evaluator(RuleBook())


def now_of(rule: Rule) -> Rule:
    return Rule.objects.get(pk=rule.pk)


def test_a_matching_event_fires_with_what_aodh_tells(evaluator: Evaluator, told: Told) -> None:
    """N29 N30"""
    rule = error_rule("one", severity="moderate")
    begun = clock.now()
    event = update("one", host="cmp-1", tenant_id="")
    evaluator.evaluate([event])
    (notice,) = told.notices
    assert (notice.kind, notice.previous, notice.current) == (NoticeKind.RAISED, "insufficient data", "alarm")
    assert (notice.severity, notice.rule_severity) == (Severity.MAJOR, "moderate")
    assert (notice.about.type, notice.about.id, notice.about.host) == ("instance", "one", "cmp-1")
    assert notice.event["message_id"] == event.id
    assert ["state", 1, "error"] in notice.event["traits"]
    row = now_of(rule)
    assert row.state == "alarm"
    assert row.state_timestamp >= begun
    query = (
        '[{"field": "traits.instance_id", "op": "eq", "type": "", "value": "one"}, '
        '{"field": "traits.state", "op": "eq", "type": "", "value": "error"}]'
    )
    reason = f"Event <id={event.id},event_type=compute.instance.update> hits the query <query={query}>."
    assert row.state_reason == notice.reason == reason
    assert RuleChange.objects.get().detail == {"state": "alarm", "transition_reason": reason}
    (raised,) = told.changes
    assert isinstance(raised, Raise)
    assert (raised.problem, raised.rule_id, raised.about.id) == (str(rule.pk), rule.pk, "one")


def test_a_rule_in_alarm_is_silent_unless_it_repeats(evaluator: Evaluator, told: Told) -> None:
    """N31"""
    once, again = error_rule("one"), error_rule("one", repeat_actions=True)
    evaluator.evaluate([update("one")])
    evaluator.evaluate([update("one")])
    assert history(once.pk) == ["alarm"]
    assert history(again.pk) == ["alarm", "alarm"]
    assert told.notices[-1].previous == told.notices[-1].current == "alarm"
    assert told.notices[-1].kind is NoticeKind.CHANGED
    assert len(told.deliveries) == 3


def test_a_rule_reset_by_hand_fires_at_the_next_event(evaluator: Evaluator, told: Told) -> None:
    """N32"""
    rule = error_rule("one")
    evaluator.evaluate([update("one")])
    set_state(rule, "ok")
    evaluator.evaluate([update("one")])
    assert told.notices[-1].previous == "ok"
    assert len(told.deliveries) == 2


def test_a_rule_is_heard_changed_and_gone_at_the_next_event(evaluator: Evaluator, told: Told) -> None:
    """N33 N34 N35"""
    evaluator.evaluate([update("one")])
    rule = error_rule("one", repeat_actions=True)
    evaluator.evaluate([update("one")])
    assert len(told.deliveries) == 1
    edit(rule, name="renamed", severity="critical", alarm_actions=["log://new"])
    evaluator.evaluate([update("one")])
    assert (told.deliveries[-1].target, told.notices[-1].name) == ("log://new", "renamed")
    assert now_of(rule).name == "renamed"
    edit(rule, enabled=False)
    evaluator.evaluate([update("one")])
    edit(rule, enabled=True)
    evaluator.evaluate([update("one")])
    assert len(told.deliveries) == 3
    edit(rule, deleted_at=clock.now())
    evaluator.evaluate([update("one")])
    assert len(told.deliveries) == 3


@pytest.mark.parametrize(
    ("glob", "fires"),
    [("*", True), ("compute.*", True), ("compute.instance.[tu]*", True), ("Compute.*", False), ("compute", False)],
)
def test_event_types_are_globs(evaluator: Evaluator, told: Told, glob: str, fires: bool) -> None:
    """N36"""
    stored_rule(event_type=glob)
    evaluator.evaluate([update("one")])
    assert bool(told.deliveries) is fires


@pytest.mark.parametrize(
    ("query", "fires"),
    [
        (term("traits.memory_mb", "512", "ge", "integer"), True),
        (term("traits.memory_mb", "1.0", "ge", "float"), True),
        (term("traits.memory_mb", "1024", "gt", "integer"), False),
        (term("traits.load", "0.5", "lt", "float"), True),
        (term("traits.nosuch", "x", "ne"), True),
        (term("traits.nosuch", "1", "gt", "integer"), False),
        (term("traits.up", "true", "eq", "boolean"), True),
        (term("event_type", "compute.instance.update"), True),
    ],
)
def test_comparisons_are_typed(evaluator: Evaluator, told: Told, query: dict[str, str], fires: bool) -> None:
    """N37 N38 N39"""
    stored_rule([query, term("traits.state", "error")])
    stored_rule([query, term("traits.state", "active")])
    evaluator.evaluate([update("one", traits={"memory_mb": 1024, "load": 0.25, "up": True})])
    assert len(told.deliveries) == fires


def test_a_rule_hears_its_project_and_one_without_a_project_hears_all(evaluator: Evaluator, told: Told) -> None:
    """N40 N41"""
    own, other, every = (error_rule("one", project_id=project) for project in ("t", "u", ""))
    evaluator.evaluate([update("one", tenant_id="t")])
    assert {one.alarm_id for one in told.deliveries} == {str(own.pk), str(every.pk)}
    set_state(every, "ok")
    evaluator.evaluate([update("one")])
    assert told.deliveries[-1].alarm_id == str(every.pk)
    assert len(told.deliveries) == 3
    assert history(other.pk) == []


def test_a_closed_window_keeps_a_rule_from_firing(evaluator: Evaluator, told: Told) -> None:
    """N43"""
    before = (clock.now() - timedelta(minutes=30)).strftime("%M %H * * *")
    shut = {"name": "w", "start": before, "duration": 60, "timezone": "UTC"}
    rule = error_rule("one", time_constraints=[shut])
    evaluator.evaluate([update("one")])
    assert (told.deliveries, now_of(rule).state) == ([], "insufficient data")
    edit(rule, time_constraints=[{**shut, "duration": 3600}])
    evaluator.evaluate([update("one")])
    assert len(told.deliveries) == 1


def test_an_event_told_again_does_nothing_and_is_counted(evaluator: Evaluator, told: Told) -> None:
    """N44"""
    error_rule("one", repeat_actions=True)
    event = update("one")
    for _ in range(2):
        evaluator.evaluate([event])
    evaluator.evaluate([event, event])
    assert len(told.deliveries) == 1
    assert Heard.objects.get().times == 4


def test_an_event_that_did_nothing_does_nothing_later(evaluator: Evaluator, told: Told) -> None:
    """A redelivered error between two clears must not fire again."""
    rule = error_rule("one", extras=CLEAR)
    first, again, fine = update("one"), update("one"), update("one", "active")
    evaluator.evaluate([first, again, fine])
    evaluator.evaluate([again, fine])
    assert history(rule.pk) == ["alarm", "ok"]
    assert len(told.deliveries) == 2


def test_a_clear_condition_ends_the_alarm_once(evaluator: Evaluator, told: Told) -> None:
    """N45"""
    rule = error_rule("one", extras=CLEAR)
    evaluator.evaluate([update("one", "active")])
    assert now_of(rule).state == "insufficient data"
    evaluator.evaluate([update("one"), update("one", "active"), update("one", "active")])
    assert history(rule.pk) == ["alarm", "ok"]
    assert [one.kind for one in told.notices] == [NoticeKind.RAISED, NoticeKind.CLEARED]
    assert told.notices[-1].severity is Severity.CLEARED
    raised, cleared = told.changes
    assert isinstance(raised, Raise)
    assert isinstance(cleared, Clear)
    assert (cleared.problem, cleared.about) == (raised.problem, raised.about)


def test_an_alarm_of_two_objects_ends_with_the_second(evaluator: Evaluator, told: Told) -> None:
    rule = error_rule(extras=CLEAR)
    evaluator.evaluate([update("one"), update("two"), update("three", "active"), update("one", "active")])
    assert now_of(rule).state == "alarm"
    assert [type(one) for one in told.changes] == [Raise, Raise, Clear]
    evaluator.evaluate([update("two", "active")])
    assert now_of(rule).state == "ok"
    assert len(told.deliveries) == 2


def test_an_instance_that_opted_out_is_not_evaluated(evaluator: Evaluator, told: Told) -> None:
    error_rule("one")
    evaluator.evaluate([update("one", traits={OPT_OUT: "disabled"})])
    assert (told.deliveries, Heard.objects.count()) == ([], 0)


def test_what_the_table_may_have_missed_is_told_to_it_again(evaluator: Evaluator, told: Told) -> None:
    error_rule("one")
    event = update("one")
    evaluator.evaluate([event])
    evaluator.evaluate([event])
    assert len(told.changes) == 2
    assert told.changes[0].cause == told.changes[1].cause
    assert len(told.deliveries) == 1


def test_a_rule_nobody_can_use_silences_no_other(evaluator: Evaluator, told: Told, caplog: Any) -> None:
    """N6 F7"""
    bad = stored_rule([{"field": "x y", "op": "like", "value": "1", "type": "blob"}])
    worse = stored_rule(rule=[1, 2])
    good = error_rule("one")
    evaluator.evaluate([update("one")])
    assert [one.alarm_id for one in told.deliveries] == [str(good.pk)]
    assert now_of(bad).quarantine
    assert now_of(worse).quarantine
    edit(bad, rule={"event_type": "*", "query": []})
    evaluator.evaluate([update("one")])
    assert now_of(bad).quarantine == ""
    assert now_of(bad).state == "alarm"


def test_a_composite_fires_once_when_all_was_seen(evaluator: Evaluator, told: Told) -> None:
    """N47"""
    parts = [
        {"type": "event", "event_type": "a.*", "query": []},
        {"type": "event", "event_type": "b.*", "query": []},
    ]
    extras = {"within": 60, "same": "traits.instance_id"}
    rule = stored_rule(type="composite", rule={"and": parts}, extras=extras)
    evaluator.evaluate([update("one", type="a.x"), update("two", type="b.x")])
    assert told.deliveries == []
    late = clock.now() + timedelta(seconds=90)
    evaluator.evaluate([update("one", type="b.x", occurred_at=late)])
    assert told.deliveries == []
    evaluator.evaluate([update("one", type="a.x", occurred_at=late), update("one", type="b.x", occurred_at=late)])
    assert len(told.deliveries) == 1
    assert history(rule.pk) == ["alarm"]


def test_many_rules_of_one_event_are_all_fired(evaluator: Evaluator, told: Told) -> None:
    for _ in range(40):
        error_rule("one")
    evaluator.evaluate([update("one")])
    assert len({one.alarm_id for one in told.deliveries}) == 40
    assert len(told.changes) == 40


def test_the_seeds_own_sample_fires(evaluator: Evaluator, told: Told) -> None:
    """N52"""
    stored_rule([term("traits.state_description", "powering-off")])
    evaluator.evaluate([update("one", "active", payload={"state_description": "powering-off"})])
    assert len(told.deliveries) == 1
