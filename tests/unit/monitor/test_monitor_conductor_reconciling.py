"""What was lost is made up for, what is left over is cleared away."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from fed_common.core import clock
from fed_common.core.health import Health
from fed_common.events.models import Role, Worker
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor import judging
from fed_common.monitor.conductor.reconciling import Reconciling, drop_orphans, purge, settle_vims
from fed_common.monitor.models import LifecycleEvent, Operation, Target, Workflow
from tests.watched import says, targets_of, watched_vim, watched_vnf

pytestmark = pytest.mark.django_db


def look(reconciling: Reconciling | None = None) -> Reconciling:
    made = reconciling or Reconciling(lambda: True, lambda: None)
    made.look()
    return made


def test_vims_that_were_registered_before_are_watched() -> None:
    first = Vim.objects.create(cloud_owner="cloud", region="r1", type="openstack", auth_url="http://a")
    reconciling = look()
    second = Vim.objects.create(cloud_owner="cloud", region="r2", type="openstack", auth_url="http://b")
    look(reconciling)
    assert [len(targets_of(vim)) for vim in (first, second)] == [1, 1]
    assert not LifecycleEvent.objects.exists()


def test_who_is_elected_puts_all_vims_under_the_settings_that_hold_now(settings: Any) -> None:
    vim = watched_vim()
    action = Workflow.objects.get().action_id
    settings.VIM_PROBE = "ping"
    look()
    assert [one.kind for one in targets_of(vim)] == ["ping"]
    assert Workflow.objects.get().action_id == action


@pytest.mark.parametrize("how", ["gone", "obsolete", "killed"])
def test_targets_that_nobody_wants_are_removed(how: str) -> None:
    vim = watched_vim()
    [target] = targets_of(vim)
    match how:
        case "gone":
            Workflow.objects.all().delete()
        case "obsolete":
            Workflow.objects.update(action_id=uuid.uuid4())
        case "killed":
            Workflow.objects.update(killed_at=clock.now())
    assert drop_orphans() == 1
    assert drop_orphans() == 0
    revision = target.revision
    target.refresh_from_db()
    assert target.removed
    assert target.revision > revision


def test_what_was_killed_stays_killed() -> None:
    vim = watched_vim()
    judging.killed(Workflow.objects.get().action_id)
    look(look())
    assert targets_of(vim) == []
    assert Workflow.objects.get().killed_at is not None


def test_a_failure_that_was_not_answered_is_answered_and_the_runner_woken() -> None:
    """A conductor died between."""
    [target] = targets_of(watched_vnf(watched_vim()))
    Target.objects.filter(pk=target.pk).update(health=Health.DOWN, failure_seq=4, answered_seq=3)
    woken: list[int] = []
    look(Reconciling(lambda: True, lambda: woken.append(1)))
    assert [(one.kind, one.failure_seq) for one in Operation.objects.all()] == [("respawn", 4)]
    assert woken == [1]


@pytest.mark.parametrize(("alive", "status"), [(True, "REACHABLE"), (False, "UNREACHABLE")])
def test_a_status_that_somebody_else_wrote_is_put_right_while_executors_know(alive: bool, status: str) -> None:
    vim = watched_vim()
    judging.judge([says(targets_of(vim)[0], Health.UP)], lambda: None)
    Vim.objects.update(status="UNREACHABLE")
    if alive:
        Worker.objects.create(name="e", role=Role.EXECUTOR, expires_at=Now() + timedelta(minutes=1))
    assert settle_vims() == alive
    assert settle_vims() == 0
    assert Vim.objects.get().status == status


def test_a_vim_that_is_not_decided_yet_is_left_alone() -> None:
    watched_vim()
    Worker.objects.create(name="e", role=Role.EXECUTOR, expires_at=Now() + timedelta(minutes=1))
    assert settle_vims() == 0


def test_what_is_old_is_forgotten_but_nothing_that_was_not_told(settings: Any) -> None:
    settings.EVENT_RETENTION_HOURS = 1
    vim = watched_vim("r1")
    vnf = watched_vnf(watched_vim("r2"))
    judging.judge([says(targets_of(vim)[0], Health.UP)], lambda: None)
    judging.judge([says(targets_of(vnf)[0], Health.DOWN)], lambda: None)
    told, untold = LifecycleEvent.objects.all()
    long_ago = clock.now() - timedelta(hours=2)
    LifecycleEvent.objects.update(timestamp=long_ago)
    LifecycleEvent.objects.filter(pk=told.pk).update(event=None)
    Operation.objects.update(ended_at=long_ago)
    Target.objects.update(removed=True, changed_at=long_ago)
    fresh = watched_vim("r3")
    judging.killed(Workflow.objects.get(vim=fresh).action_id)
    purge()
    assert list(LifecycleEvent.objects.all()) == [untold]
    assert not Operation.objects.exists()
    assert [one.subject for one in Target.objects.all()] == [fresh.uuid]
