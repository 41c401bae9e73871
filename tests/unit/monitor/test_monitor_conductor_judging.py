"""What executors report, judged: what follows from it, and what is answered without following it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from fed_common.core.health import BAD_ACTION, Health, ProbeKind
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.core.model import Event
from fed_common.core.vnf import VnfStatus
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor import judging
from fed_common.monitor.conductor.reconciling import answer_failures
from fed_common.monitor.models import LifecycleEvent, Operation, Shard, Target, Vnf, Vnfc, Workflow
from tests.watched import says, targets_of, watched_vim, watched_vnf

pytestmark = pytest.mark.django_db
UP, DOWN = Health.UP, Health.DOWN


def judge(*reports: Any) -> list[str]:
    return judging.judge(list(reports), lambda: None)


def told() -> list[str]:
    """The transitions, in the order the river is to hear of them."""
    rows = LifecycleEvent.objects.filter(event__isnull=False)
    events = [Event.from_dict(row.event or {}) for row in rows]
    return [f"{one.kind} {one.old_state}>{one.state}" for one in events]


def nothing_changes(of: Callable[[], object]) -> None:
    """Whatever ``of`` does, no row is another one after it."""
    rooms = (Vim, Vnf, Vnfc, Workflow, Target, LifecycleEvent, Operation)
    before = [list(room.objects.order_by("pk").values()) for room in rooms]
    of()
    assert [list(room.objects.order_by("pk").values()) for room in rooms] == before


# T2, T3, T13, T14
def test_the_status_of_a_vim_follows_its_target_and_the_river_is_told_of_each_change_once() -> None:
    vim = watched_vim()
    [target] = targets_of(vim)
    for health, rule in ((UP, "first_check"), (DOWN, "fall"), (DOWN, "fall"), (UP, "rise")):
        assert judge(says(target, health, rule=rule, reason="no answer within 5 s")) == [health]
    vim.refresh_from_db()
    assert (vim.status, vim.status_reason) == ("REACHABLE", "")
    assert vim.status_at is not None
    assert told() == [
        "VIM_STATUS PENDING>REACHABLE",
        "VIM_STATUS REACHABLE>UNREACHABLE",
        "VIM_STATUS UNREACHABLE>REACHABLE",
    ]
    rows = LifecycleEvent.objects.filter(resource_id=vim.uuid)
    assert [(one.event_type, one.resource_state, one.rule) for one in rows] == [
        ("MONITOR", "REACHABLE", "first_check"),
        ("MONITOR", "UNREACHABLE", "fall"),
        ("MONITOR", "REACHABLE", "rise"),
    ]


def test_the_event_of_a_vim_is_its_own_and_says_why() -> None:
    vim = watched_vim()
    [target] = targets_of(vim)
    judge(says(target, DOWN, rule="fall", reason="refused"))
    row = LifecycleEvent.objects.get()
    event = Event.from_dict(row.event or {})
    assert (event.kind, event.phase, event.origin) == (Kind.VIM_STATUS, Phase.MOMENT, Origin.HOUSE)
    assert (event.vim_id, event.key, event.instance_id) == ("cloud_r1", "cloud_r1", "")
    assert (event.traits["rule"], event.traits["reason"]) == ("fall", "refused")
    vim.refresh_from_db()
    assert (vim.status, vim.status_reason) == ("UNREACHABLE", "refused")


# T15
def test_the_same_health_again_is_answered_without_a_write() -> None:
    [target] = targets_of(watched_vim())
    judge(says(target, UP))
    nothing_changes(lambda: judge(says(target, UP)))


def test_a_vim_of_two_targets_is_reachable_only_when_both_are_up(settings: Any) -> None:
    settings.VIM_PROBE = "both"
    vim = watched_vim()
    first, second = targets_of(vim)
    judge(says(first, UP))
    assert Vim.objects.get().status == "PENDING"
    judge(says(second, UP))
    assert Vim.objects.get().status == "REACHABLE"
    judge(says(second, DOWN))
    judge(says(first, DOWN), says(second, UP))
    assert Vim.objects.get().status == "UNREACHABLE"
    judge(says(first, UP))
    assert told() == [
        "VIM_STATUS PENDING>REACHABLE",
        "VIM_STATUS REACHABLE>UNREACHABLE",
        "VIM_STATUS UNREACHABLE>REACHABLE",
    ]
    assert LifecycleEvent.objects.count() == 3


def test_one_of_two_that_is_down_decides_before_the_other_is_known(settings: Any) -> None:
    settings.VIM_PROBE = "both"
    judge(says(targets_of(watched_vim())[1], DOWN))
    assert Vim.objects.get().status == "UNREACHABLE"


# T36, T37
@pytest.mark.parametrize("why", ["removed", "gone", "action", "epoch", "obsolete", "killed", "unknown"])
def test_what_is_not_wanted_any_more_is_a_bad_action_and_changes_nothing(why: str) -> None:
    vim = watched_vim()
    [target] = targets_of(vim)
    flow = Workflow.objects.get()
    report = says(target, DOWN)
    match why:
        case "removed":
            Target.objects.update(removed=True)
        case "gone":
            flow.delete()
        case "action":
            report = says(target, DOWN, action_id=str(uuid.uuid4()))
        case "epoch":
            Shard.objects.create(number=target.shard, epoch=3, expires_at="2026-01-01T00:00:00Z")
            report = says(target, DOWN, epoch=2)
        case "obsolete":
            Workflow.objects.update(action_id=uuid.uuid4())
        case "killed":
            Workflow.objects.update(killed_at="2026-01-01T00:00:00Z")
        case "unknown":
            Target.objects.all().delete()
    nothing_changes(lambda: pytest.fail("judged") if judge(report) != [BAD_ACTION] else None)


def test_the_present_epoch_and_a_newer_one_are_believed() -> None:
    [target] = targets_of(watched_vim())
    Shard.objects.create(number=target.shard, epoch=3, expires_at="2026-01-01T00:00:00Z")
    assert judge(says(target, UP, epoch=3), says(target, DOWN, epoch=4)) == [UP, DOWN]


def test_each_report_of_a_batch_has_its_own_answer_and_what_follows_keeps_their_order() -> None:
    [one], [other] = targets_of(watched_vim("r1")), targets_of(watched_vim("r2"))
    answers = judge(
        says(one, UP), says(other, DOWN), says(one, DOWN, action_id="x"), says(one, DOWN), says(one, UP)
    )
    assert answers == [UP, DOWN, BAD_ACTION, DOWN, UP]
    assert told() == [
        "VIM_STATUS PENDING>REACHABLE",
        "VIM_STATUS PENDING>UNREACHABLE",
        "VIM_STATUS REACHABLE>UNREACHABLE",
        "VIM_STATUS UNREACHABLE>REACHABLE",
    ]


def test_a_member_that_fails_is_answered_by_its_policy_once() -> None:
    vnf = watched_vnf(watched_vim(), members=2, actions={"failure": ["log", "respawn", "scaling:SP1"]})
    first, second = targets_of(vnf)
    judge(says(first, UP), says(second, UP))
    assert judge(says(first, DOWN, reason="no reply")) == [DOWN]
    judge(says(first, DOWN))
    done = [(one.kind, one.turn, one.failure_seq, one.target) for one in Operation.objects.all()]
    assert done == [("log", 0, 1, first.pk), ("respawn", 1, 1, first.pk), ("scale_out", 2, 1, first.pk)]
    parameters = Operation.objects.filter(kind="scale_out").values_list("parameters", flat=True).get()
    assert parameters["argument"] == "SP1"
    assert (parameters["vdu"], parameters["rule"], parameters["detail"]) == ("VDU1", "fall", "no reply")
    first.refresh_from_db()
    assert (first.health, first.failure_seq, first.answered_seq) == (DOWN, 1, 1)
    member = Vnfc.objects.get(number=1)
    assert (member.health, member.rule, member.reason) == (DOWN, "fall", "no reply")
    assert told() == ["VDU_STATUS PENDING>UP", "VDU_STATUS PENDING>UP", "VDU_STATUS UP>DOWN"]


# T58
def test_each_failure_has_a_number_and_an_answer_of_its_own() -> None:
    vnf = watched_vnf(watched_vim(), actions={"failure": ["log"]})
    [target] = targets_of(vnf)
    for health in (UP, DOWN, UP, DOWN, DOWN, UP):
        judge(says(target, health))
    assert [one.failure_seq for one in Operation.objects.all()] == [1, 2]


# T65, T68
@pytest.mark.parametrize("status", [one for one in VnfStatus if one != VnfStatus.ACTIVE])
def test_nothing_is_done_about_a_vnf_that_changes_until_it_is_active_again(status: VnfStatus) -> None:
    vnf = watched_vnf(watched_vim(), status=status)
    [target] = targets_of(vnf)
    assert judge(says(target, DOWN)) == [DOWN]
    assert answer_failures() == 0
    assert not Operation.objects.exists()
    Vnf.objects.update(status=VnfStatus.ACTIVE)
    assert answer_failures() == 1
    assert answer_failures() == 0
    assert [(one.kind, one.failure_seq) for one in Operation.objects.all()] == [("respawn", 1)]


def test_a_failure_nobody_wrote_an_action_for_is_answered_with_nothing() -> None:
    [target] = targets_of(watched_vnf(watched_vim(), actions={"calls-capacity-reached": ["respawn"]}))
    judge(says(target, DOWN))
    target.refresh_from_db()
    assert (target.failure_seq, target.answered_seq) == (1, 1)
    assert not Operation.objects.exists()


# T104
def test_while_a_target_flaps_nothing_is_done_and_afterwards_what_is_still_due() -> None:
    [target] = targets_of(watched_vnf(watched_vim()))
    judge(says(target, UP), says(target, DOWN, flapping=True), says(target, UP, flapping=True))
    judge(says(target, DOWN, flapping=True))
    assert not Operation.objects.exists()
    assert answer_failures() == 0
    judge(says(target, DOWN, rule="steady"))
    assert [one.failure_seq for one in Operation.objects.all()] == [2]
    assert told() == [
        "VDU_STATUS PENDING>UP",
        "VDU_STATUS UP>DOWN",
        "VDU_STATUS DOWN>UP",
        "VDU_STATUS UP>DOWN",
    ]


def test_a_member_that_is_watched_in_two_ways_is_as_well_as_the_worse_of_them() -> None:
    vnf = watched_vnf(watched_vim(), kinds=(ProbeKind.PING, ProbeKind.HTTP), actions={})
    ping, http = targets_of(vnf)
    judge(says(ping, UP))
    assert Vnfc.objects.get().health == "PENDING"
    judge(says(http, UP), says(http, DOWN, rule="fall"), says(ping, DOWN, rule="other"))
    member = Vnfc.objects.get()
    assert member.health == DOWN
    judge(says(ping, UP), says(http, UP))
    assert Vnfc.objects.get().health == UP
    assert told() == ["VDU_STATUS PENDING>UP", "VDU_STATUS UP>DOWN", "VDU_STATUS DOWN>UP"]


def test_the_runner_is_woken_when_there_is_something_to_do_and_only_then() -> None:
    [target] = targets_of(watched_vnf(watched_vim()))
    woken: list[int] = []
    judging.judge([says(target, UP)], lambda: woken.append(1))
    assert woken == []
    judging.judge([says(target, DOWN)], lambda: woken.append(1))
    assert woken == [1]


def test_a_policy_action_whose_plugin_is_gone_does_not_keep_the_others_from_being_done() -> None:
    [target] = targets_of(watched_vnf(watched_vim(), actions={"failure": ["dance", "log"]}))
    judge(says(target, DOWN))
    assert [one.kind for one in Operation.objects.all()] == ["log"]


# T103
def test_a_batch_of_many_that_fail_alike_costs_a_fixed_number_of_questions(
    django_assert_max_num_queries: Any,
) -> None:
    targets = targets_of(watched_vnf(watched_vim(), members=120))
    with django_assert_max_num_queries(20) as few:
        assert isinstance(few, CaptureQueriesContext)
        judge(*[says(one, DOWN, reason="no reply") for one in targets])
    assert Operation.objects.count() == Vnfc.objects.filter(health=DOWN).count() == 120


# T103
@pytest.mark.parametrize(
    ("action", "failing", "state"), [("respawn", 11, "held"), ("respawn", 10, "waiting"), ("log", 11, "waiting")]
)
def test_what_would_destroy_begins_as_held_when_many_of_a_vim_fail_in_one_batch(
    settings: Any, action: str, failing: int, state: str
) -> None:
    settings.BRAKE_COUNT = 10
    targets = targets_of(watched_vnf(watched_vim(), members=failing, actions={"failure": [action]}))
    judge(*[says(one, DOWN) for one in targets])
    assert set(Operation.objects.values_list("state", flat=True)) == {state}


def test_a_report_about_nothing_is_answered_with_nothing() -> None:
    assert judge() == []
