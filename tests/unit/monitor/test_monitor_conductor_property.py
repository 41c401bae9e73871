"""Whatever comes in whatever order: counts, statuses and what is told of them never contradict each other."""

from __future__ import annotations

import uuid
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fed_common.core import clock
from fed_common.core.health import BAD_ACTION, Health, ProbeKind
from fed_common.core.kinds import Kind
from fed_common.core.model import Event
from fed_common.core.vnf import VnfStatus
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor import judging
from fed_common.monitor.conductor.hearing import hear
from fed_common.monitor.conductor.reconciling import answer_failures, drop_orphans, purge
from fed_common.monitor.models import LifecycleEvent, Operation, Shard, Target, Vnf, Vnfc, Workflow
from fed_common.monitor.targets import remove_targets
from fed_common.monitor.vims import watch
from tests.examples import event
from tests.watched import says, watched_vim, watched_vnf

DECIDED = (Health.UP, Health.DOWN)
RIVER = (Kind.POWER_OFF, Kind.POWER_ON, Kind.DELETE, Kind.REBOOT, Kind.LOCK)

number = st.integers(0, 7)
report = st.tuples(
    st.just("report"), st.lists(st.tuples(number, st.sampled_from(DECIDED), st.booleans()), max_size=6)
)
stale = st.tuples(st.just("stale"), number, st.sampled_from(["epoch", "action"]))
moves = st.one_of(
    report,
    report,
    report,
    stale,
    st.tuples(st.just("river"), st.integers(1, 2), st.sampled_from(RIVER)),
    st.tuples(st.just("take_over"), number),
    st.tuples(st.just("remove"), number),
    st.tuples(st.just("reach_otherwise")),
    st.tuples(st.just("status"), st.sampled_from([VnfStatus.ACTIVE, VnfStatus.PENDING_HEAL, VnfStatus.DEAD])),
    st.tuples(st.just("kill"), st.booleans()),
    st.tuples(st.just("reconcile")),
)


class World:
    """One VIM asked in two ways, one VNF of two members, each watched in two ways."""

    def __init__(self) -> None:
        self.vim = watched_vim()
        self.vnf = watched_vnf(self.vim, members=2, kinds=(ProbeKind.PING, ProbeKind.HTTP))
        self.epoch = 1
        self.downs: dict[int, int] = {}

    def nth(self, number: int) -> Target:
        rows = list(Target.objects.order_by("pk"))
        return rows[number % len(rows)]

    def do(self, move: tuple[Any, ...]) -> None:
        match move:
            case "report", said:
                self.report(said)
            case "stale", n, how:
                self.stale(self.nth(n), how)
            case "river", n, kind:
                hear([event(vim_id="cloud_r1", instance_id=f"vnf-{n}", kind=kind)], lambda: None)
            case "take_over", n:
                self.epoch += 1
                row = self.nth(n)
                moment = "2026-01-01T00:00:00Z"
                Shard.objects.update_or_create(
                    number=row.shard, defaults={"epoch": self.epoch, "expires_at": moment}
                )
            case "remove", n:
                remove_targets(Target.objects.filter(pk=self.nth(n).pk))
            case ("reach_otherwise",):
                Vim.objects.update(auth_url=f"http://{uuid.uuid4().hex}", status="PENDING")
                watch(Vim.objects.get())
                self.vim_starts_anew()
            case "status", status:
                Vnf.objects.update(status=status)
            case "kill", of_vim:
                which = {"vim": self.vim} if of_vim else {"vnf": self.vnf}
                judging.killed(Workflow.objects.get(**which).action_id)
            case _:
                drop_orphans()
                answer_failures()
                purge()

    def vim_starts_anew(self) -> None:
        LifecycleEvent.objects.create(
            resource_type="vim",
            resource_id=self.vim.uuid,
            resource_state="PENDING",
            timestamp=clock.now(),  # it is new: purge() leaves it
        )

    def report(self, said: list[tuple[int, Health, bool]]) -> None:
        reports = [says(self.nth(n), health, epoch=self.epoch, flapping=flapping) for n, health, flapping in said]
        answers = judging.judge(reports, lambda: None)
        assert all(answer in (one.flip.health, BAD_ACTION) for one, answer in zip(reports, answers, strict=True))
        last = {one.target: answer for one, answer in zip(reports, answers, strict=True)}
        for target, answer in last.items():
            if answer != BAD_ACTION:
                row = Target.objects.get(pk=target)
                assert row.health == answer
                if answer == Health.DOWN and not row.member:
                    assert Vim.objects.get().status == Vim.Status.UNREACHABLE
                elif answer == Health.DOWN and row.member:
                    assert row.member.health == Health.DOWN

    def stale(self, target: Target, how: str) -> None:
        before = [list(room.objects.order_by("pk").values()) for room in ROOMS]
        if how == "epoch":
            Shard.objects.get_or_create(
                number=target.shard, defaults={"epoch": 1, "expires_at": "2026-01-01T00:00:00Z"}
            )
            late = says(target, Health.DOWN, epoch=0)
        else:
            late = says(target, Health.DOWN, epoch=self.epoch, action_id=str(uuid.uuid4()))
        assert judging.judge([late], lambda: None) == [BAD_ACTION]
        assert [list(room.objects.order_by("pk").values()) for room in ROOMS] == before

    def check(self) -> None:
        for row in Target.objects.all():
            assert 0 <= row.answered_seq <= row.failure_seq
            assert row.failure_seq >= self.downs.get(row.pk, 0)
            self.downs[row.pk] = row.failure_seq
            assert row.health != Health.DOWN or row.failure_seq > 0
        self.check_told("vim", self.vim.uuid, Vim.objects.get().status)
        for member in Vnfc.objects.all():
            self.check_told("vdu", self.vnf.pk, member.health, member.instance_id)
            live = list(Target.objects.filter(member=member, removed=False))
            if any(one.health == Health.DOWN and one.changed_at == member.changed_at for one in live):
                assert member.health == Health.DOWN
        keys = list(Operation.objects.values_list("target", "failure_seq", "turn"))
        assert len(set(keys)) == len(keys)
        for target, failure, _ in keys:
            assert failure <= Target.objects.get(pk=target).failure_seq

    def check_told(self, kind: str, subject: object, now: str, instance_id: str = "") -> None:
        """Every transition was told once: each event begins where the one before it ended, and the last is now."""
        rows = LifecycleEvent.objects.filter(resource_type=kind, resource_id=subject).order_by("pk")
        events = [Event.from_dict(row.event) if row.event else row for row in rows]
        mine = [one for one in events if not isinstance(one, Event) or one.instance_id == instance_id]
        states = [one.state if isinstance(one, Event) else one.resource_state for one in mine]
        assert (states or ["PENDING"])[-1] == now
        for before, after in pairwise(mine):
            if isinstance(after, Event):
                was = before.state if isinstance(before, Event) else before.resource_state
                assert after.old_state == was != after.state


ROOMS = (Vim, Vnf, Vnfc, Workflow, Target, LifecycleEvent, Operation)


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(moves, max_size=15))
def test_any_interleaving_leaves_counts_statuses_and_what_is_told_consistent(
    settings: Any, moves: list[tuple[Any, ...]]
) -> None:
    from django.db import transaction

    settings.VIM_PROBE = "both"
    with transaction.atomic():
        world = World()
        for move in moves:
            world.do(move)
            world.check()
        transaction.set_rollback(True)
