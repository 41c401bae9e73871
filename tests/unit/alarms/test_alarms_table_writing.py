"""The table of active alarms does what a simple model of it does, in whatever order it is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from fed_common.alarms.models import ActiveAlarm, AlarmChange, TableSequence
from fed_common.alarms.table import services
from fed_common.alarms.table.sheet import LISTED, REPEATED
from fed_common.alarms.table.writing import Clear, Raise, write
from fed_common.core.alarm import EventCategory, ManagedObject, Notice, NoticeKind, ObjectType, Severity
from fed_common.core.errors import Conflict, NotFound

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)


def instance(id: str = "i1", vim_id: str = "a_b") -> ManagedObject:
    return ManagedObject(vim_id, ObjectType.INSTANCE, id, f"vm {id}", "t1", "h1")


def raised(cause: str, id: str = "i1", severity: Severity = Severity.MAJOR, at: int = 0, **more: object) -> Raise:
    time = T0 + timedelta(seconds=at)
    return replace(Raise(instance(id), "p", "It broke", severity, time, cause), **more)  # type: ignore[arg-type]


def cleared(cause: str, id: str = "i1", at: int = 60) -> Clear:
    return Clear("p", T0 + timedelta(seconds=at), cause, instance(id))


def listed() -> list[ActiveAlarm]:
    return list(ActiveAlarm.objects.filter(LISTED))


def told() -> list[str]:
    return list(AlarmChange.objects.filter(sequence__isnull=False).values_list("kind", flat=True))


@pytest.mark.django_db
def test_one_trouble_is_one_row_from_its_raise_until_it_is_cleared_and_acknowledged() -> None:
    """N83."""
    write([raised("e1")])
    write([raised("e2")])
    (row,) = listed()
    assert (row.count, row.severity, told()) == (2, "MAJOR", ["raised"])
    before = row.changed_at

    write([raised("e3", severity=Severity.CRITICAL)])
    (row,) = listed()
    assert (row.count, row.severity, told()) == (3, "CRITICAL", ["raised", "changed"])
    assert row.changed_at > before

    write([cleared("e4")])
    (row,) = listed()
    assert row.cleared_at is not None
    assert told() == ["raised", "changed", "cleared"]

    services.acknowledge(row.id, by="anna")
    assert listed() == []
    assert told() == ["raised", "changed", "cleared", "acknowledged"]
    assert [one.sequence for one in AlarmChange.objects.exclude(kind=REPEATED)] == [1, 2, 3, 4]


@pytest.mark.django_db
def test_who_is_told_of_a_clear_reads_when_it_was_and_that_it_was_bad() -> None:
    write([raised("e1", event={"message_id": "m", "traits": [["state", 1, "error"]]}), cleared("e2")])

    first, last = (Notice.from_dict(one.notice) for one in AlarmChange.objects.all())

    assert (first.kind, first.severity, first.previous, first.current) == ("raised", "MAJOR", "ok", "alarm")
    assert first.event == {"message_id": "m"}
    assert (last.kind, last.severity, last.previous, last.current) == ("cleared", "CLEARED", "alarm", "ok")
    assert (last.alarm_id, last.raised_at) == (first.alarm_id, first.raised_at)
    assert last.cleared_at
    assert (first.sequence, last.sequence) == (1, 2)


@pytest.mark.django_db
def test_a_cause_does_something_once_even_when_it_was_a_mere_repeat() -> None:
    batch = [raised("e1"), raised("e2"), cleared("e3")]
    write(batch)
    write(batch)
    write(batch[1:2])

    (row,) = listed()
    assert row.cleared_at is not None
    assert (row.count, told()) == (2, ["raised", "cleared"])


@pytest.mark.django_db
def test_a_cause_is_known_when_its_alarm_has_left_the_list() -> None:
    write([raised("e1"), cleared("e2")])
    services.acknowledge(listed()[0].id, by="anna")

    write([raised("e1")])

    assert listed() == []


@pytest.mark.django_db
def test_an_old_clear_does_not_end_a_newer_trouble() -> None:
    write([raised("e1", at=100), cleared("e0", at=99)])
    assert listed()[0].cleared_at is None

    write([cleared("e2", at=100)])
    assert listed()[0].cleared_at is not None


@pytest.mark.django_db
def test_what_comes_back_before_anybody_acknowledged_is_the_same_alarm_and_is_counted() -> None:
    write([raised("e1"), cleared("e2"), raised("e3", at=70)])

    (row,) = listed()
    assert (row.flaps, row.count, row.cleared_at) == (1, 2, None)
    assert told() == ["raised", "cleared", "raised"]


@pytest.mark.django_db
def test_what_comes_back_later_is_another_alarm() -> None:
    write([raised("e1"), cleared("e2")])
    (first,) = listed()
    services.acknowledge(first.id, by="anna")
    write([raised("e3", at=70)])

    (second,) = listed()
    assert second.id != first.id
    assert ActiveAlarm.objects.count() == 2


@pytest.mark.django_db
def test_what_was_acknowledged_leaves_the_list_at_once_also_within_one_batch() -> None:
    write([raised("e1")])
    (first,) = listed()
    services.acknowledge(first.id, by="anna")
    write([cleared("e2"), raised("e3", at=70)])

    (second,) = listed()
    assert (second.id != first.id, second.count, second.flaps) == (True, 1, 0)


@pytest.mark.django_db
def test_another_severity_is_to_be_acknowledged_again() -> None:
    write([raised("e1")])
    services.acknowledge(listed()[0].id, by="anna")
    write([raised("e2")])
    assert listed()[0].acked_by == "anna"

    write([raised("e3", severity=Severity.CRITICAL)])
    assert (listed()[0].acked_at, listed()[0].acked_by) == (None, "")


@pytest.mark.django_db
def test_a_clear_without_an_object_ends_all_of_its_rule() -> None:
    rule_id = uuid4()
    write([raised("e1", "i1", rule_id=rule_id), raised("e2", "i2", rule_id=rule_id), raised("e3", "i3")])

    write([Clear("p", T0 + timedelta(seconds=1), "e4", rule_id=rule_id)])

    assert {row.object_id for row in listed() if row.cleared_at} == {"i1", "i2"}


def host_fault(cause: str, fault_id: UUID) -> Raise:
    host = ManagedObject("a_b", ObjectType.HOST, "h1", "h1", host="h1")
    category = EventCategory.EQUIPMENT
    return Raise(host, "host_down", "Host down", Severity.CRITICAL, T0, cause, category, fault_id=fault_id)


@pytest.mark.django_db
@pytest.mark.parametrize("order", ["host first", "host last", "host in the middle", "apart"])
def test_what_a_host_fault_brings_about_has_the_hosts_alarm_as_its_root(order: str) -> None:
    """N85, whoever is first."""
    fault_id = uuid4()
    vms = [raised(f"e{n}", f"i{n}", fault_id=fault_id) for n in range(3)]
    host = host_fault("h", fault_id)
    batches = {
        "host first": [[host, *vms]],
        "host last": [[*vms, host]],
        "host in the middle": [[vms[0], host, *vms[1:]]],
        "apart": [vms[:1], [host], vms[1:]],
    }[order]
    for batch in batches:
        write(batch)

    root = ActiveAlarm.objects.get(object_type="host")
    assert root.root_cause is None
    assert {row.root_cause_id for row in listed() if row != root} == {root.id}
    assert root.children.count() == 3


@pytest.mark.django_db
def test_troubles_that_were_known_before_their_fault_are_linked_when_it_is_told() -> None:
    """N81: somebody else forced the host down, and the inspector tells of it later."""
    fault_id = uuid4()
    write([replace(host_fault("n1", fault_id), fault_id=None), raised("n2")])
    write([host_fault("h", fault_id), raised("e1", fault_id=fault_id)])

    root = ActiveAlarm.objects.get(object_type="host")
    assert (root.fault_id, root.children.get().object_id) == (fault_id, "i1")
    assert told() == ["raised", "raised", "changed", "changed"]


@pytest.mark.django_db
def test_a_notice_says_what_it_comes_of() -> None:
    """N85."""
    fault_id = uuid4()
    write([host_fault("h", fault_id), raised("e1", fault_id=fault_id), raised("e2", "i2")])

    host, vm, other = (Notice.from_dict(one.notice) for one in AlarmChange.objects.all())

    assert (host.root_cause, tuple(host.correlated)) == (True, ())
    assert (vm.root_cause, vm.correlated, vm.fault_id) == (False, (host.alarm_id,), str(fault_id))
    assert (other.root_cause, tuple(other.correlated)) == (False, ())


@pytest.mark.django_db
def test_long_texts_are_cut_and_still_name_the_same_alarm() -> None:
    """N51: the event keeps the whole text."""
    long = replace(raised("e1", "i" * 400), problem="p" * 200, name="n" * 400)
    write([long])
    write([replace(long, cause="e2")])

    (row,) = listed()
    assert (row.count, len(row.object_id), len(row.problem), len(row.name)) == (2, 255, 100, 255)


@pytest.mark.django_db
def test_people_are_told_when_they_are_late() -> None:
    """N84: the second acknowledgement."""
    write([raised("e1")])
    (row,) = listed()
    services.acknowledge(row.id, by="anna")
    with pytest.raises(Conflict, match="acknowledged already, by anna"):
        services.acknowledge(row.id, by="ben")
    services.unacknowledge(row.id, by="ben")
    with pytest.raises(Conflict, match="not acknowledged"):
        services.unacknowledge(row.id, by="ben")
    services.comment(row.id, "a spare part is ordered", by="ben")
    services.clear(row.id, by="ben")
    with pytest.raises(Conflict, match="cleared already"):
        services.clear(row.id, by="ben")
    services.acknowledge(row.id, by="ben")
    with pytest.raises(NotFound):
        services.unacknowledge(row.id, by="ben")

    whole = AlarmChange.objects.values_list("kind", "by", "sequence")
    assert list(whole) == [
        ("raised", "", 1),
        ("acknowledged", "anna", 2),
        ("changed", "ben", 3),
        ("changed", "ben", 4),
        ("cleared", "ben", 5),
        ("acknowledged", "ben", 6),
    ]
    assert ActiveAlarm.objects.get().details["comments"][0]["text"] == "a spare part is ordered"


SEVERITIES = [Severity.CRITICAL, Severity.MAJOR, Severity.MINOR]


class Table(RuleBasedStateMachine):
    """The model: of each object its severity, how often it was raised, and whether it is open and acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        ActiveAlarm.objects.all().delete()
        AlarmChange.objects.all().delete()
        TableSequence.objects.all().delete()
        self.alarms: dict[str, dict[str, object]] = {}
        self.told: list[str] = []
        self.sent: list[list[Raise | Clear]] = []
        self.clock = 0

    @rule(changes=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([*SEVERITIES, None])), max_size=4))
    def write(self, changes: list[tuple[str, Severity | None]]) -> None:
        batch: list[Raise | Clear] = []
        for id, severity in changes:
            self.clock += 1
            cause = f"e{self.clock}"
            if severity:
                batch.append(raised(cause, id, severity, self.clock))
                self._raise(id, severity)
            else:
                batch.append(cleared(cause, id, self.clock))
                self._clear(id)
        write(batch)
        self.sent.append(batch)

    @rule(data=st.data())
    def write_again(self, data: st.DataObject) -> None:
        if self.sent:
            write(data.draw(st.sampled_from(self.sent)))

    @rule(id=st.sampled_from("ab"))
    def acknowledge(self, id: str) -> None:
        alarm = self.alarms.get(id)
        row = ActiveAlarm.objects.filter(LISTED, object_id=id).first()
        assert (row is None) == (alarm is None)
        if row and alarm and not alarm["acked"]:
            services.acknowledge(row.id, by="anna")
            self.told.append("acknowledged")
            alarm["acked"] = True
            self._leave(id)

    @invariant()
    def the_table_is_as_the_model(self) -> None:
        rows = {
            row.object_id: {
                "severity": row.severity,
                "count": row.count,
                "flaps": row.flaps,
                "open": row.cleared_at is None,
                "acked": row.acked_at is not None,
            }
            for row in listed()
        }
        assert rows == self.alarms
        assert told() == self.told
        numbers = AlarmChange.objects.filter(sequence__isnull=False).values_list("sequence", flat=True)
        assert list(numbers) == list(range(1, len(self.told) + 1))

    def _raise(self, id: str, severity: Severity) -> None:
        new = {"severity": severity.value, "count": 0, "flaps": 0, "open": False, "acked": False}
        alarm = self.alarms.get(id)
        before = dict(alarm or new)
        alarm = self.alarms.setdefault(id, new)
        if alarm["severity"] != severity.value:
            alarm["acked"] = False
        flaps = before["flaps"] + (before["count"] > 0 and not before["open"])  # type: ignore[operator]
        alarm |= {"severity": severity.value, "count": before["count"] + 1, "open": True, "flaps": flaps}  # type: ignore[operator]
        if not before["open"]:
            self.told.append(NoticeKind.RAISED.value)
        elif before["severity"] != severity.value:
            self.told.append(NoticeKind.CHANGED.value)

    def _clear(self, id: str) -> None:
        if (alarm := self.alarms.get(id)) and alarm["open"]:
            alarm["open"] = False
            self.told.append(NoticeKind.CLEARED.value)
            self._leave(id)

    def _leave(self, id: str) -> None:
        if self.alarms[id]["acked"] and not self.alarms[id]["open"]:
            del self.alarms[id]


class TestTable(TestCase):
    """Runs the machine, each example in a transaction of its own."""

    def test_it_is_as_the_model(self) -> None:
        settings = hypothesis_settings(max_examples=40, stateful_step_count=12, deadline=None)
        run_state_machine_as_test(Table, settings=settings)
