"""What speaks against a destructive action, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.core.health import Check, Health, ProbeKind
from fed_common.events.models import Role, Worker
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor import holding, judging
from fed_common.monitor.conductor.hearing import hear
from fed_common.monitor.conductor.reconciling import Reconciling
from fed_common.monitor.models import Operation, Shard, Target, Vnf
from tests.examples import event
from tests.watched import says, targets_of, watched_vim, watched_vnf

pytestmark = pytest.mark.django_db
OWNER, OTHER = "executor-1", "executor-2"


class Opinions:
    """What other executors say, and who was asked what."""

    def __init__(self) -> None:
        self.verdict = "down"
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def second_opinion(self, executor: str, check: dict[str, Any]) -> str:
        self.asked.append((executor, check))
        if self.verdict == "silence":
            raise Retryable("nobody answered second_opinion in time")
        return self.verdict


@pytest.fixture
def opinions(monkeypatch: pytest.MonkeyPatch) -> Opinions:
    made = Opinions()
    monkeypatch.setattr(holding, "executors", lambda: made)
    monkeypatch.setattr(holding, "_brakes", holding._Brakes())
    return made


def living(*names: str) -> None:
    for name in names:
        Worker.objects.create(name=name, role=Role.EXECUTOR, expires_at=Now() + timedelta(minutes=1))


def failed(*, actions: tuple[str, ...] = ("respawn",), members: int = 1, failing: int = 1) -> Operation:
    """The operation that answers a failure."""
    vnf = watched_vnf(watched_vim(), members=members, actions={"failure": list(actions)})
    targets = targets_of(vnf)
    Shard.objects.create(number=targets[0].shard, owner=OWNER, epoch=1, expires_at=clock.now())
    judging.judge([says(one, Health.UP, epoch=1) for one in targets], lambda: None)
    judging.judge([says(one, Health.DOWN, epoch=1) for one in targets[:failing]], lambda: None)
    return Operation.objects.select_related("vnf").order_by("pk")[0]


def held(operation: Operation) -> str | None:
    fresh = Operation.objects.select_related("vnf").get(pk=operation.pk)
    return holding.reason_to_hold(fresh)


def test_what_another_executor_sees_too_is_done(opinions: Opinions) -> None:
    living(OWNER, OTHER)
    operation = failed()
    assert held(operation) is None
    check = Check(ProbeKind.PING, "127.0.1.1", port=80)
    assert [(name, asked["address"], asked["kind"]) for name, asked in opinions.asked] == [
        (OTHER, check.address, check.kind)
    ]
    operation.refresh_from_db()
    assert operation.parameters["opinion"] == f"{OTHER} sees it too"


# T97
@pytest.mark.parametrize("verdict", ["up", "error", "silence"])
def test_what_another_executor_does_not_see_is_held(opinions: Opinions, verdict: str) -> None:
    living(OWNER, OTHER)
    opinions.verdict = verdict
    reason = held(failed()) or ""
    assert reason.startswith("opinion: ")
    assert OTHER in reason


def test_without_another_executor_it_is_done_and_the_row_says_so(opinions: Opinions) -> None:
    living(OWNER)
    operation = failed()
    assert held(operation) is None
    assert opinions.asked == []
    operation.refresh_from_db()
    assert operation.parameters["opinion"] == "there is no other executor"


def test_nobody_is_asked_when_it_is_not_wanted_or_the_cloud_itself_said_so(
    opinions: Opinions, settings: Any
) -> None:
    living(OWNER, OTHER)
    opinions.verdict = "up"
    operation = failed()
    settings.SECOND_OPINION = False
    assert held(operation) is None
    settings.SECOND_OPINION = True
    assert held(operation)
    judging.judge([says(targets_of(operation.vnf)[0], Health.UP, epoch=1)], lambda: None)
    hear([event(vim_id="cloud_r1", instance_id="vnf-1")], lambda: None)
    assert held(Operation.objects.order_by("-pk")[0]) is None


@pytest.mark.parametrize("what", ["log", "webhook:http://x/", "scaling:SP1"])
def test_what_destroys_nothing_is_not_held(opinions: Opinions, what: str) -> None:
    living(OWNER, OTHER)
    opinions.verdict = "up"
    operation = failed(actions=(what,))
    Vnf.objects.update(maintenance=True)
    assert held(operation) is None


@pytest.mark.parametrize("whose", [Vnf, Vim])
def test_in_maintenance_nothing_is_done_until_it_ends(opinions: Opinions, whose: Any) -> None:
    operation = failed()
    whose.objects.update(maintenance=True)
    assert (held(operation) or "").startswith("maintenance")
    whose.objects.update(maintenance=False)
    assert held(operation) is None


def test_what_is_asked_for_by_hand_is_done_in_maintenance_too(opinions: Opinions) -> None:
    operation = failed()
    Vnf.objects.update(maintenance=True)
    by_hand = Operation.objects.create(vnf=operation.vnf, kind=operation.kind)
    assert held(by_hand) is None
    assert held(operation)


@pytest.mark.parametrize("how", ["recovered", "failed_again", "removed", "gone", "other_action"])
def test_what_is_over_is_cancelled(opinions: Opinions, how: str) -> None:
    operation = failed()
    [target] = targets_of(operation.vnf)
    match how:
        case "recovered":
            judging.judge([says(target, Health.UP, epoch=1)], lambda: None)
        case "failed_again":
            Target.objects.update(failure_seq=2)
        case "removed":
            Target.objects.update(removed=True)
        case "gone":
            Target.objects.all().delete()
        case "other_action":
            Target.objects.update(action_id="00000000-0000-0000-0000-000000000001")
    assert held(operation) == holding.RECOVERED
    operation.refresh_from_db()
    assert operation.state == Operation.State.CANCELLED
    assert operation.ended_at is not None


# T97, T103
def test_when_many_fail_at_once_the_brake_holds_until_a_window_passed_without_one_more(
    opinions: Opinions, settings: Any
) -> None:
    settings.BRAKE_PERCENT, settings.BRAKE_COUNT, settings.BRAKE_WINDOW = 20, 10, 10
    operation = failed(members=40, failing=11)
    assert (held(operation) or "").startswith("brake")
    a_while_ago = clock.now() - timedelta(seconds=11)
    Target.objects.filter(health=Health.DOWN).update(changed_at=a_while_ago)
    holding._brakes = holding._Brakes()
    assert held(operation) is None


@pytest.mark.parametrize(("members", "failing"), [(40, 10), (60, 12)])
def test_few_of_many_do_not_pull_the_brake(opinions: Opinions, members: int, failing: int, settings: Any) -> None:
    settings.BRAKE_PERCENT, settings.BRAKE_COUNT, settings.BRAKE_WINDOW = 20, 10, 10
    assert held(failed(members=members, failing=failing)) is None


def test_what_was_held_is_looked_at_again_and_let_go(opinions: Opinions) -> None:
    living(OWNER, OTHER)
    opinions.verdict = "up"
    operation = failed()
    Operation.objects.update(state=Operation.State.HELD, reason="opinion: somebody says up")
    woken: list[int] = []
    reconciling = Reconciling(lambda: True, lambda: woken.append(1))
    reconciling.look()
    operation.refresh_from_db()
    assert operation.state == Operation.State.HELD
    assert woken == []
    opinions.verdict = "down"
    reconciling.look()
    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (Operation.State.WAITING, "")
    assert woken == [1]


def test_what_recovered_while_it_was_held_is_cancelled(opinions: Opinions) -> None:
    operation = failed()
    Operation.objects.update(state=Operation.State.HELD, reason="brake")
    judging.judge([says(targets_of(operation.vnf)[0], Health.UP, epoch=1)], lambda: None)
    Reconciling(lambda: True, lambda: pytest.fail("nothing is to be done")).look()
    operation.refresh_from_db()
    assert (operation.state, operation.reason) == (Operation.State.CANCELLED, holding.RECOVERED)
