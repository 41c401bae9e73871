"""A VIM that pushes and is polled: nothing is told twice, nothing is missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fed_common.access import sealing
from fed_common.core import clock
from fed_common.core.instances import HostState
from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import DropReason
from fed_common.core.model import Event
from fed_common.events.listening import Listening
from fed_common.events.models import Lease, PolledFact, PollState, Role
from fed_common.events.pipeline import Pipeline
from fed_common.events.polling.poll import Mode
from fed_common.events.polling.polling import Polling
from fed_common.events.polling.recorder import Recorder
from fed_common.events.polling.told import ToldByPoll
from fed_common.inventory.models import Host, Instance
from tests.clouds import PushingCloud, host, instance, look, register
from tests.examples import event
from tests.unit.events.polling.conftest import told
from tests.unit.events.polling.test_polling_poll import shows
from tests.unit.events.polling.test_polling_polling import known, now
from tests.waiting import until

TRANSPORT = {"type": "pushing", "topics": ["n"]}


def pushing(**fields: Any) -> Any:
    """The row of a VIM that pushes and can be polled."""
    return register(**{**TRANSPORT, "sealed_transport_url": sealing.seal("fake://"), **fields})


def pushed(
    kind: Kind, state: str, *, id: str = "", instance_id: str = "vm", at: Any = None, **fields: Any
) -> Event:
    """What the cloud's notification tells."""
    moment = at or clock.now()
    name = f"compute.instance.{kind.lower()}.end"
    return event(
        id or f"{kind}-{moment.isoformat()}",
        **{"type": name, "kind": kind, "state": state, "instance_id": instance_id, "vim_id": "c_r1"},
        **{"occurred_at": moment, "received_at": moment, "host": "h1", "instance_name": "n", "payload": {}},
        **fields,
    )


@pytest.mark.django_db
def test_what_notifications_tell_is_known(db: None) -> None:
    pushing()
    recorder = Recorder()
    recorder.note(
        [pushed(Kind.PAUSE, "paused"), pushed(Kind.UNPAUSE, "active"), pushed(Kind.POWER_OFF, "stopped")]
    )
    recorder.flush()
    row = Instance.objects.get()
    assert (row.state, row.name, row.host) == ("stopped", "n", "h1")
    recorder.flush()
    assert Instance.objects.count() == 1


@pytest.mark.django_db
def test_what_a_look_saw_later_is_not_overwritten_by_what_was_received_before(db: None) -> None:
    row = pushing()
    later = clock.now() + timedelta(minutes=1)
    Instance.objects.create(vim=row, instance_id="vm", state="paused", seen_at=later)
    recorder = Recorder()
    recorder.note([pushed(Kind.UNPAUSE, "active")])
    recorder.flush()
    assert known() == {"vm": "paused"}


@pytest.mark.django_db
def test_notifications_about_hosts_are_known_and_one_taken_away_is_forgotten(db: None) -> None:
    row = pushing()
    Host.objects.create(vim=row, name="h2", state="up")
    down = event(
        "1", kind=Kind.HOST_DOWN, state="down", host="h1", instance_id="", vim_id="c_r1", type="service.update"
    )
    gone = event("2", kind=Kind.HOST_DISABLED, state="disabled", host="h2", instance_id="", vim_id="c_r1")
    recorder = Recorder()
    recorder.note([down, Event.from_dict({**gone.to_dict(), "type": "service.delete"})])
    recorder.flush()
    assert list(Host.objects.values_list("name", "state")) == [("h1", "down")]


@pytest.mark.django_db
def test_notifications_of_an_unknown_vim_are_not_kept(db: None) -> None:
    recorder = Recorder()
    recorder.note([pushed(Kind.PAUSE, "paused")])
    recorder.flush()
    assert not Instance.objects.exists()


class TestReconciling:
    """Polling as a second opinion."""

    pytestmark = pytest.mark.django_db

    def test_a_difference_is_told_only_when_it_was_there_some_time_ago(
        self, polls: Any, cloud: Any, sink: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seconds = [100.0]
        monkeypatch.setattr("fed_common.events.polling.poll.time.monotonic", lambda: seconds[0])
        row = pushing()
        paused = look(instance("a", "paused"), hosts=(host("h1", HostState.DOWN),), at=5)
        shows(cloud, look(instance("a"), hosts=(host("h1"),)), paused, paused, paused, paused)
        poll = polls(row)
        poll.look()
        poll.look()
        assert poll.settling
        seconds[0] += 29
        poll.look()
        assert told(sink) == []
        seconds[0] += 1
        poll.look()
        assert told(sink) == ["PAUSE a", "HOST_DOWN h1"]
        assert not poll.settling
        poll.look()
        assert len(told(sink)) == 2
        assert PolledFact.objects.get().kind == "PAUSE"

    def test_what_a_notification_told_meanwhile_is_not_told_again(
        self, polls: Any, cloud: Any, sink: Any, settings: Any
    ) -> None:
        settings.RECONCILE_SETTLE = 0
        row = pushing()
        poll = polls(row)
        shows(cloud, now(instance("vm")))
        poll.look()
        recorder = Recorder()
        recorder.note([pushed(Kind.PAUSE, "paused")])
        recorder.flush()
        shows(cloud, now(instance("vm", "paused", name="n")))
        poll.look()
        assert told(sink) == []

    def test_what_a_notification_tells_during_a_look_is_newer_than_the_look(
        self, polls: Any, cloud: Any, sink: Any, settings: Any
    ) -> None:
        settings.RECONCILE_SETTLE = 0
        row = pushing()
        poll = polls(row)
        shows(cloud, now(instance("vm")))
        poll.look()
        old = now(instance("vm"))
        recorder = Recorder()
        recorder.note([pushed(Kind.PAUSE, "paused")])
        recorder.flush()
        shows(cloud, old)
        poll.look()
        assert told(sink) == []
        assert known() == {"vm": "paused"}


class TestToldByPoll:
    """Which notifications are old news."""

    AT = clock.now() - timedelta(minutes=1)

    def fact(self, kind: Kind = Kind.PAUSE, *, number: int = 1, type: str = "") -> PolledFact:
        return PolledFact(
            pk=number,
            vim_id="c_r1",
            instance_id="vm",
            kind=kind,
            type=type or f"compute.instance.{kind.lower()}.end",
            since=self.AT,
            until=self.AT + timedelta(seconds=10),
        )

    def after(self, seconds: float) -> Any:
        return self.AT + timedelta(seconds=seconds)

    def test_one_fact_answers_for_one_notification_however_often_that_comes(self) -> None:
        told = ToldByPoll()
        told.learn([self.fact(), self.fact()])
        first, second = (pushed(Kind.PAUSE, "paused", at=self.after(n)) for n in (1, 2))
        assert told.repeats(first) == told.repeats(first) == DropReason.TOLD_BY_POLL
        assert told.repeats(second) is None

    def test_the_steps_before_the_end_are_old_news_too(self) -> None:
        told = ToldByPoll()
        told.learn([self.fact(Kind.RESIZE, type="compute.instance.finish_resize.end")])
        start = pushed(Kind.RESIZE, "active", at=self.after(1))
        end = Event.from_dict({**start.to_dict(), "id": "e", "type": "compute.instance.finish_resize.end"})
        confirmed = Event.from_dict({**start.to_dict(), "id": "c", "type": "compute.instance.resize.confirm.end"})
        assert [told.repeats(one) for one in (start, end, confirmed)] == [DropReason.TOLD_BY_POLL] * 2 + [None]

    @pytest.mark.parametrize(
        ("changes", "seconds"),
        [({}, -6), ({}, 16), ({"instance_id": "other"}, 1), ({"kind": Kind.UNPAUSE}, 1)],
    )
    def test_other_times_instances_and_kinds_come_through(self, changes: Any, seconds: float) -> None:
        told = ToldByPoll()
        told.learn([self.fact()])
        one = pushed(Kind.PAUSE, "paused", at=self.after(seconds))
        assert told.repeats(Event.from_dict({**one.to_dict(), **changes})) is None

    def test_a_live_migration_polling_could_only_tell_as_a_move_is_old_news(self) -> None:
        told = ToldByPoll()
        told.learn([self.fact(Kind.MIGRATE)])
        assert told.repeats(pushed(Kind.LIVE_MIGRATE, "active", at=self.after(1))) is DropReason.TOLD_BY_POLL

    def test_what_happened_before_polling_looked_says_nothing_about_now(self) -> None:
        told = ToldByPoll()
        told.learn([self.fact()])
        assert told.overtaken(pushed(Kind.UPDATE, "active", at=self.after(3)))
        assert not told.overtaken(pushed(Kind.UPDATE, "active", at=self.after(30)))


@pytest.mark.django_db
def test_what_polling_overtook_is_told_and_not_noted(routes: Any, sink: Any) -> None:
    sink()
    facts, noted = TestToldByPoll(), list[Event]()
    told_by_poll = ToldByPoll()
    told_by_poll.learn([facts.fact()])
    stale, fresh = (pushed(Kind.UPDATE, "active", at=facts.after(seconds)) for seconds in (3, 30))
    pipeline = Pipeline("c_r1", routes, told_by_poll, noted.extend)
    assert pipeline.process([pushed(Kind.PAUSE, "paused", at=facts.after(1)), stale, fresh])
    pipeline.stop()
    assert told(sink) == ["UPDATE vm", "UPDATE vm"]
    assert noted == [fresh]


@pytest.fixture
def both(routes: Any, cloud: Any, sink: Any, settings: Any) -> Iterator[tuple[Polling, Listening]]:
    """A poller and a listener."""
    settings.FALLBACK_AFTER, settings.RECONCILE_SETTLE = 1, 3600
    routes.loaded.set()
    polling, listening = Polling(routes), Listening(routes)
    polling.start()
    listening.start()
    yield polling, listening
    polling.stop()
    listening.stop()


@pytest.mark.django_db(transaction=True)
def test_polling_takes_over_from_a_dead_bus_and_gives_back_without_doubling(
    both: tuple[Polling, Listening], cloud: Any, sink: Any
) -> None:
    """Four facts: one pushed, one told by polling and pushed late, one only late, one pushed after."""
    polling, _ = both
    shown = {"vm": "active"}
    cloud.script = staticmethod(lambda vim_id, since: now(instance("vm", shown["vm"], name="n")))
    pushing()
    until(lambda: PollState.objects.filter(baseline_at__isnull=False).exists())
    until(lambda: Lease.objects.filter(role=Role.LISTENER, connected=True).exists())
    PushingCloud.queue.append(pushed(Kind.POWER_OFF, "stopped", instance_id="other"))
    until(lambda: told(sink) == ["POWER_OFF other"])
    until(lambda: known() == {"vm": "active", "other": "stopped"})

    PushingCloud.bus_up = False
    until(lambda: polling.vims()["c_r1"]["mode"] == Mode.FALLBACK)
    until(lambda: len(told(sink)) == 2)  # "other" is in no look: polling tells that it is gone
    shown["vm"] = "paused"
    late = pushed(Kind.PAUSE, "paused")
    until(lambda: told(sink)[2:] == ["PAUSE vm"])
    seen_by_nobody = pushed(Kind.SNAPSHOT, "paused", instance_id="vm")
    start = Event.from_dict({**late.to_dict(), "id": "start", "phase": Phase.START, "state": "active"})
    PushingCloud.queue += [start, late, seen_by_nobody]

    PushingCloud.bus_up = True
    until(lambda: len(told(sink)) == 4)
    assert polling.vims()["c_r1"]["mode"] == Mode.RECONCILE
    PushingCloud.queue.append(pushed(Kind.UNPAUSE, "active"))
    until(lambda: len(told(sink)) == 5)
    assert told(sink) == ["POWER_OFF other", "DELETE other", "PAUSE vm", "SNAPSHOT vm", "UNPAUSE vm"]
    until(lambda: known()["vm"] == "active")
    assert not PollState.objects.get().fallback


@pytest.mark.django_db(transaction=True)
def test_a_listener_waits_while_polling_tells_and_not_for_a_dead_poller(
    routes: Any, cloud: Any, sink: Any
) -> None:
    row = pushing()
    PollState.objects.create(vim=row, fallback=True)
    later = clock.now() + timedelta(hours=1)
    lease = Lease.objects.create(role=Role.POLLER, vim_id="c_r1", owner="poller", expires_at=later)
    routes.loaded.set()
    listening = Listening(routes)
    listening.start()
    try:
        PushingCloud.queue.append(pushed(Kind.PAUSE, "paused"))
        until(lambda: Lease.objects.filter(role=Role.LISTENER, connected=True).exists())
        assert told(sink) == []
        lease.expires_at = clock.now() - timedelta(seconds=1)
        lease.save()
        until(lambda: told(sink) == ["PAUSE vm"])
    finally:
        listening.stop()
