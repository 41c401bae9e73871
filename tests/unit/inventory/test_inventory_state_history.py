"""The meter ``instance.state``: a chain of changes without gaps, whoever told them and in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fed_common.core import clock
from fed_common.core.differences import Known
from fed_common.core.errors import Retryable
from fed_common.core.instances import STATE_NUMBERS, Instance
from fed_common.core.kinds import Kind, Origin
from fed_common.core.matching import OPT_OUT
from fed_common.core.state_words import STATE_WORDS
from fed_common.events.polling import recorder as recording
from fed_common.events.polling.recorder import Recorder
from fed_common.inventory import known
from fed_common.inventory.models import Instance as InstanceRow
from fed_common.inventory.models import InstanceStateChange, Vim
from fed_common.inventory.state_history import forget_old_states
from tests.callers import Caller, caller
from tests.examples import event

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATES = ("active", "stopped", "error")


@pytest.fixture
def vim() -> Vim:
    return Vim.objects.create(cloud_owner="core", region="r", type="openstack")


@pytest.fixture
def reader() -> Caller:
    return caller("reader")


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def said(state: str, minute: float, id: str = "vm", **fields: Any) -> Any:
    told = {"vim_id": "core_r", "instance_id": id, "state": state, "payload": {}}
    return event(f"e{minute}", occurred_at=at(minute), received_at=at(minute), **told, **fields)


def hears(*events: Any) -> None:
    recorder = Recorder()
    recorder.note(events)
    recorder.flush()


def looks(vim: Vim, state: str, minute: float, id: str = "vm") -> None:
    one = Instance(id, "n", state, tenant_id="tenant-a")
    known.write_knowledge(vim.pk, {id: Known(one, at(minute), at(minute))})


def chain(id: str = "vm") -> list[str]:
    rows = InstanceStateChange.objects.filter(instance_id=id)
    return [f"{row.old_state}>{row.state} {row.origin} {(row.at - NOON).seconds // 60}" for row in rows]


def test_every_change_between_two_flushes_is_kept_with_the_event_that_told_it(vim) -> None:
    hears(said("active", 1), said("active", 2), said("error", 3), said("active", 4), said("stopped", 5, "other"))
    assert chain() == [">active push 1", "active>error push 3", "error>active push 4"]
    assert chain("other") == [">stopped push 5"]
    row = InstanceStateChange.objects.get(state="error")
    assert (row.event_id, row.event_type, row.tenant_id) == ("e3", "compute.instance.power_off.end", "tenant-a")


def test_looks_and_notifications_make_one_chain(vim) -> None:
    looks(vim, "active", 1)
    looks(vim, "active", 2)
    hears(said("stopped", 3))
    looks(vim, "stopped", 4)
    looks(vim, "error", 5)
    assert chain() == [">active poll 1", "active>stopped push 3", "stopped>error poll 5"]


def test_what_was_heard_before_a_later_look_is_kept_and_the_look_has_the_last_word(vim) -> None:
    looks(vim, "active", 1)
    looks(vim, "active", 4)
    hears(said("error", 3))
    assert chain() == [">active poll 1", "active>error push 3", "error>active poll 4"]
    assert InstanceRow.objects.get().state == "active"


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.sampled_from(["look", "hear", "flush"]), st.sampled_from(STATES)), max_size=25))
def test_the_chain_has_no_gap_and_ends_with_what_is_known(vim, steps) -> None:
    known.forget(vim.pk)
    recorder = Recorder()
    for minute, (who, state) in enumerate(steps):
        if who == "look":
            looks(vim, state, minute)
        elif who == "hear":
            recorder.note([said(state, minute)])
        else:
            recorder.flush()
    recorder.flush()
    rows = list(InstanceStateChange.objects.all())
    assert [row.old_state for row in rows] == ["", *(row.state for row in rows)][: len(rows)]
    assert all(row.old_state != row.state for row in rows)
    row = InstanceRow.objects.first()
    assert (rows[-1].state if rows else None) == (row.state if row else None)


class TestAway:
    """The database is away for a while."""

    @pytest.fixture
    def away(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        writing = known.write_heard
        monkeypatch.setattr(known, "write_heard", self.fails)
        return lambda: monkeypatch.setattr(known, "write_heard", writing)

    @staticmethod
    def fails(*_args: object) -> None:
        raise Retryable("no database")

    def test_what_was_heard_meanwhile_is_kept_in_its_order(self, vim, away) -> None:
        recorder = Recorder()
        for minute, state in enumerate(("active", "error", "active", "stopped")):
            recorder.note([said(state, minute)])
            recorder.flush()
        away()
        recorder.flush()
        assert chain() == [">active push 0", "active>error push 1", "error>active push 2", "active>stopped push 3"]

    def test_what_is_heard_while_writing_fails_comes_after_what_could_not_be_written(
        self, vim, monkeypatch, away
    ) -> None:
        recorder = Recorder()

        def fails(*_args: object) -> None:
            recorder.note([said("stopped", 2)])
            raise Retryable("no database")

        monkeypatch.setattr(known, "write_heard", fails)
        recorder.note([said("active", 0), said("error", 1)])
        recorder.flush()
        away()
        recorder.flush()
        assert chain() == [">active push 0", "active>error push 1", "error>stopped push 2"]

    def test_beyond_what_is_kept_the_last_of_each_instance_stays(self, vim, away, monkeypatch) -> None:
        monkeypatch.setattr(recording, "MOST_STEPS", 3)
        recorder = Recorder()
        for minute in range(10):
            recorder.note([said(STATES[minute % 2], minute), said("active", minute, "other")])
            recorder.flush()
        away()
        recorder.flush()
        assert len(chain()) <= 3
        assert InstanceRow.objects.get(instance_id="vm").state == InstanceStateChange.objects.filter(
            instance_id="vm"
        ).last().state == "stopped"  # fmt: skip
        assert chain("other") == [">active push 0"]


def test_an_event_without_a_state_says_nothing_of_it(vim) -> None:
    hears(said("active", 1), said("", 2, kind=Kind.WATCHDOG))
    assert chain() == [">active push 1"]
    assert InstanceRow.objects.get().state == "active"


def test_old_changes_go_but_for_the_one_that_still_holds(vim, settings) -> None:
    settings.EVENT_RETENTION_HOURS = 24
    now = clock.now()
    for id, states in (("lives", ("active", "stopped")), ("gone", ("active", "deleted"))):
        for state in states:
            InstanceStateChange.objects.create(
                vim=vim, instance_id=id, state=state, at=now - timedelta(hours=30), origin=Origin.POLL
            )
    InstanceStateChange.objects.create(vim=vim, instance_id="lives", state="error", at=now, origin=Origin.POLL)
    assert forget_old_states() == 3
    assert list(InstanceStateChange.objects.values_list("instance_id", "state")) == [
        ("lives", "stopped"), ("lives", "error")
    ]  # fmt: skip


class TestMeter:
    """The meter by REST."""

    @pytest.fixture(autouse=True)
    def _history(self, vim: Vim) -> None:
        hears(said("active", 1), said("error", 3), said("stopped", 2, "other"))

    def samples(self, reader: Caller, query: str) -> list[tuple[str, str, int, str]]:
        found = reader.get(f"/meters/instance.state?{query}")["samples"]
        return [(one["instance_id"], one["state"], one["value"], one["since"][14:16]) for one in found]

    def test_now(self, reader) -> None:
        assert self.samples(reader, "") == [("other", "stopped", 5, "02"), ("vm", "error", 12, "03")]
        assert self.samples(reader, "state=error&vim_id=core_r") == [("vm", "error", 12, "03")]

    def test_then_and_what_changed_since(self, reader) -> None:
        assert self.samples(reader, "at=2026-11-21T12:02:30Z") == [
            ("other", "stopped", 5, "02"),
            ("vm", "active", 1, "01"),
        ]
        assert self.samples(reader, "since=2026-11-21T12:02:30Z") == [("vm", "error", 12, "03")]
        assert self.samples(reader, "at=2026-11-21T11:00:00Z") == []

    def test_the_history_of_one(self, reader) -> None:
        answer = reader.get("/meters/instance.state/history?instance_id=vm")
        assert [(one["old_state"], one["state"], one["event_id"]) for one in answer["changes"]] == [
            ("", "active", "e1"), ("active", "error", "e3")
        ]  # fmt: skip
        asked = "instance_id=vm&order=-sequence&limit=1"
        newest = reader.get(f"/meters/instance.state/history?{asked}")["changes"]
        before = reader.get(f"/meters/instance.state/history?{asked}&until=2026-11-21T12:02:30Z")["changes"]
        assert [one["state"] for one in newest + before] == ["error", "active"]

    def test_who_sees_some_vims_reads_of_those_only(self, reader) -> None:
        other = caller("reader", "other_*")
        assert self.samples(other, "") == []
        assert other.ask("GET", "/meters/instance.state?vim_id=core_r").status_code == 403
        assert other.get("/meters/instance.state/history")["changes"] == []

    @pytest.mark.parametrize("query", ["at=noon", "since=", "colour=red", "limit=0", "order=colour", "vim_id=x"])
    def test_what_is_wrong_is_named(self, reader, query) -> None:
        for path in ("/meters/instance.state", "/meters/instance.state/history"):
            answer = reader.ask("GET", f"{path}?{query}")
            assert (answer.status_code, answer.json()["field"]) == (400, query.split("=")[0])


def test_every_state_has_a_number_of_its_own() -> None:
    told = {state for words in STATE_WORDS.values() for state in words.states}
    assert told <= STATE_NUMBERS.keys()
    assert len(set(STATE_NUMBERS.values())) == len(STATE_NUMBERS)


def test_what_notifications_say_of_the_opt_out_is_known_until_it_is_taken_back(vim) -> None:
    hears(said("active", 1, traits={OPT_OUT: "disabled"}))
    assert known.opted_out(InstanceRow.objects.get())
    hears(said("stopped", 2))
    assert known.opted_out(InstanceRow.objects.get())
    hears(said("active", 3, traits={OPT_OUT: "enabled"}))
    assert not known.opted_out(InstanceRow.objects.get())
