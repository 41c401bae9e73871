"""Changes of rules: numbered, recorded, and never in the way of what an evaluator writes."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from fed_common.access.models import Role
from fed_common.access.tokens import Identity
from fed_common.alarms.evaluator.parts import TROUBLED
from fed_common.alarms.models import ActiveAlarm, PartSeen, Revision, Rule, RuleChange
from fed_common.alarms.rules import services
from fed_common.alarms.rules.definition import Definition, read_definition
from fed_common.alarms.table.writing import Raise, write
from fed_common.core import clock
from fed_common.core.alarm import AlarmState, ManagedObject, ObjectType, Severity
from fed_common.core.errors import NotFound
from tests.aodh import alarm

pytestmark = pytest.mark.django_db
BY = Identity("ci", Role.OPERATOR, project="p1")


def definition(**fields: Any) -> Definition:
    return read_definition(alarm(**fields), BY)


def create(**fields: Any) -> Rule:
    return services.create_rule(definition(**fields), BY)


def raised(rule: Rule) -> ActiveAlarm:
    """What an evaluator puts into the table when the rule fires."""
    about = ManagedObject("vio_R", ObjectType.INSTANCE, "i-1")
    write([Raise(about, str(rule.id), rule.name, Severity.MINOR, clock.now(), "e-1", rule_id=rule.id)])
    return ActiveAlarm.objects.get()


def fired(rule: Rule) -> None:
    """What an evaluator writes into the rule's row."""
    Rule.objects.filter(id=rule.id).update(
        state="alarm", state_reason="Event hits", state_timestamp=clock.now(), clear_at=clock.now()
    )


def test_every_change_of_a_definition_has_a_number_and_a_state_has_none() -> None:
    first, second = create(), create()
    assert (first.revision, second.revision) == (1, 2)

    assert services.change_rule(str(first.id), definition(name="b"), BY).revision == 3
    services.set_state(str(first.id), AlarmState.ALARM, BY)
    assert Revision.objects.get().number == 3
    services.delete_rule(str(first.id), BY)

    row = Rule.objects.get(id=first.id)
    assert (row.revision, row.deleted_at is not None) == (4, True)


def test_a_change_keeps_what_an_evaluator_wrote_meanwhile() -> None:
    """N35, F4"""
    rule = create(name="before")
    read = alarm(name="after", state="insufficient data", state_timestamp=rule.state_timestamp.isoformat())
    fired(rule)

    services.change_rule(str(rule.id), read_definition(read, BY), BY)

    row = Rule.objects.get(id=rule.id)
    assert (row.name, row.state, row.state_reason, row.clear_at is None) == ("after", "alarm", "Event hits", False)
    assert [one.detail for one in RuleChange.objects.filter(type="rule change")] == [{"name": "after"}]


def test_a_change_writes_no_column_of_the_evaluators(monkeypatch: pytest.MonkeyPatch) -> None:
    """N35, F4: the evaluator is faster than the lock, as on a database without row locks."""
    rule = create(name="before")
    number = Revision.next

    def meanwhile() -> int:
        fired(rule)
        return number()

    monkeypatch.setattr(Revision, "next", meanwhile)
    services.change_rule(str(rule.id), definition(name="after"), BY)

    row = Rule.objects.get(id=rule.id)
    assert (row.name, row.state, row.state_reason) == ("after", "alarm", "Event hits")


def test_a_wish_for_a_state_is_done() -> None:
    """N20"""
    rule = create()
    read = alarm(state="ok", state_timestamp=rule.state_timestamp.replace(tzinfo=None).isoformat())

    services.change_rule(str(rule.id), read_definition(read, BY), BY)

    row = Rule.objects.get(id=rule.id)
    assert (row.state, row.state_reason) == ("ok", services.BY_HAND)
    assert row.state_timestamp > rule.state_timestamp
    assert RuleChange.objects.get(type="rule change").detail == {"state": "ok", "state_reason": services.BY_HAND}


def test_a_change_that_says_nothing_of_the_state_leaves_it() -> None:
    rule = create(state="ok")

    assert services.change_rule(str(rule.id), definition(), BY).state == "ok"


@pytest.mark.parametrize("how", ["ok by hand", "ok by a put", "disabled", "deleted"])
def test_what_the_rule_had_in_the_table_is_cleared(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = create()
    fired(rule)
    raised(rule)
    told: list[Any] = []
    monkeypatch.setattr(services, "write", lambda changes, by: [*write(changes, by=by), changes[0].rule_id])
    monkeypatch.setattr(services, "hand_over", told.extend)

    match how:
        case "ok by hand":
            services.set_state(str(rule.id), AlarmState.OK, BY)
        case "ok by a put":
            services.change_rule(str(rule.id), definition(state="ok"), BY)
        case "disabled":
            services.change_rule(str(rule.id), definition(enabled=False), BY)
        case "deleted":
            services.delete_rule(str(rule.id), BY)

    assert ActiveAlarm.objects.get().cleared_at is not None
    assert told == [rule.id]


def test_an_alarm_stays_in_the_table_while_nothing_ends_it() -> None:
    rule = create()
    fired(rule)
    raised(rule)

    services.change_rule(str(rule.id), definition(name="b", severity="critical"), BY)
    services.set_state(str(rule.id), AlarmState.ALARM, BY)

    assert ActiveAlarm.objects.get().cleared_at is None


def test_a_state_set_by_hand_takes_the_clock_off() -> None:
    rule = create()
    Rule.objects.filter(id=rule.id).update(state="alarm", clear_at=clock.now() + timedelta(hours=1))

    services.set_state(str(rule.id), AlarmState.OK, BY)

    assert Rule.objects.get(id=rule.id).clear_at is None


def test_a_rule_that_is_changed_gets_another_chance() -> None:
    rule = create()
    Rule.objects.filter(id=rule.id).update(quarantine="unreadable")

    services.change_rule(str(rule.id), definition(), BY)

    assert Rule.objects.get(id=rule.id).quarantine == ""


def test_what_was_seen_of_a_composite_rule_holds_as_long_as_its_conditions() -> None:
    parts = [{"type": "event", "event_type": f"compute.{n}"} for n in "ab"]
    body = {"name": "c", "type": "composite", "composite_rule": {"and": parts}}
    rule = services.create_rule(read_definition(body, BY), BY)
    for part in (0, TROUBLED):
        PartSeen.objects.create(rule_id=rule.id, part=part, event_id="e", seen_at=clock.now())

    services.change_rule(str(rule.id), read_definition({**body, "name": "d"}, BY), BY)
    assert PartSeen.objects.count() == 2
    changed = {**body, "composite_rule": {"or": parts}}
    services.change_rule(str(rule.id), read_definition(changed, BY), BY)
    assert PartSeen.objects.get().part == TROUBLED
    services.delete_rule(str(rule.id), BY)

    assert not PartSeen.objects.exists()


@pytest.mark.parametrize("rule_id", ["nothing", str(uuid4())])
def test_what_is_not_there_cannot_be_changed(rule_id: str) -> None:
    for change in (
        lambda: services.change_rule(rule_id, definition(), BY),
        lambda: services.set_state(rule_id, AlarmState.OK, BY),
        lambda: services.delete_rule(rule_id, BY),
    ):
        with pytest.raises(NotFound):
            change()
    assert not Revision.objects.filter(number__gt=0).exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = create()

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(services, "record", broken)
    for change in (
        lambda: services.create_rule(definition(), BY),
        lambda: services.change_rule(str(rule.id), definition(name="b"), BY),
        lambda: services.delete_rule(str(rule.id), BY),
    ):
        with pytest.raises(RuntimeError):
            change()

    row = Rule.objects.get()
    assert (row.name, row.deleted_at, Revision.objects.get().number) == ("a", None, 1)


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_are_numbered_one_by_one() -> None:
    rules = [create() for _ in range(4)]

    def changing(rule: Rule) -> None:
        services.change_rule(str(rule.id), definition(name="b"), BY)
        connections.close_all()

    threads = [threading.Thread(target=changing, args=(rule,)) for rule in rules]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(Rule.objects.values_list("revision", flat=True)) == [5, 6, 7, 8]
    assert Revision.objects.get().number == 8
