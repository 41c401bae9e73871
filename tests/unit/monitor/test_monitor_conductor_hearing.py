"""What the river says of members of VNFs, and what follows from it before any probe notices."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.core.health import BAD_ACTION, Health, ProbeKind
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.core.model import Event
from fed_common.monitor.conductor import judging
from fed_common.monitor.conductor.hearing import BEGINS, ENDS, health_after, hear
from fed_common.monitor.models import LifecycleEvent, Operation, Target, Vnfc
from tests.examples import event
from tests.watched import says, targets_of, watched_vim, watched_vnf

UP, DOWN, PENDING = Health.UP, Health.DOWN, Health.PENDING


def happens(kind: Kind, **more: Any) -> Event:
    given = {"kind": kind, "vim_id": "cloud_r1", "instance_id": "vnf-1", "type": f"compute.{kind}.end", **more}
    return event(f"e-{kind}", **given)


def judge(*reports: Any) -> list[str]:
    return judging.judge(list(reports), lambda: None)


def told() -> list[str]:
    events = [Event.from_dict(row.event or {}) for row in LifecycleEvent.objects.filter(event__isnull=False)]
    return [f"{one.kind} {one.old_state}>{one.state}" for one in events]


@pytest.mark.parametrize("kind", sorted(ENDS))
def test_an_instance_that_ended_is_down(kind: Kind) -> None:
    assert health_after(happens(kind)) == health_after(happens(kind, phase=Phase.MOMENT)) == DOWN
    other = None if kind != Kind.ERROR else DOWN
    assert (
        health_after(happens(kind, phase=Phase.START)) == health_after(happens(kind, phase=Phase.ERROR)) == other
    )


@pytest.mark.parametrize("kind", sorted(BEGINS))
def test_an_instance_that_began_to_run_has_to_be_looked_at(kind: Kind) -> None:
    assert health_after(happens(kind)) == PENDING
    assert health_after(happens(kind, phase=Phase.START)) is None


@pytest.mark.parametrize("kind", sorted(set(Kind) - ENDS - BEGINS))
def test_whatever_else_happens_says_nothing_of_its_health(kind: Kind) -> None:
    assert health_after(happens(kind)) is None


@pytest.mark.django_db
def test_a_member_that_was_switched_off_is_down_at_once_and_its_policy_answers_once() -> None:
    vnf = watched_vnf(watched_vim())
    judge(says(targets_of(vnf)[0], UP))
    woken: list[int] = []
    for _ in range(2):
        hear([happens(Kind.POWER_OFF)], lambda: woken.append(1))
    [target] = targets_of(vnf)
    assert (target.health, target.failure_seq, target.answered_seq) == (DOWN, 1, 1)
    member = Vnfc.objects.get()
    assert (member.health, member.rule) == (DOWN, "river:POWER_OFF")
    assert judge(says(target, DOWN)) == [DOWN]  # the probe that notices later
    assert [(one.kind, one.target) for one in Operation.objects.all()] == [("respawn", target.pk)]
    assert Operation.objects.get().parameters["rule"] == "river:POWER_OFF"
    assert woken == [1]
    assert told() == ["VDU_STATUS PENDING>UP", "VDU_STATUS UP>DOWN"]


@pytest.mark.django_db
def test_the_executor_begins_anew_with_what_the_river_said() -> None:
    """It would never tell of the way back if it went on thinking that the target is UP."""
    vnf = watched_vnf(watched_vim(), actions={})
    [before] = targets_of(vnf)
    judge(says(before, UP))
    hear([happens(Kind.PAUSE)], lambda: None)
    [after] = targets_of(vnf)
    assert after.pk != before.pk
    assert after.revision > before.revision
    old = Target.objects.get(pk=before.pk)
    assert (old.removed, old.revision) == (True, after.revision)
    assert judge(says(before, UP)) == [BAD_ACTION]
    assert judge(says(after, UP)) == [UP]
    assert told() == ["VDU_STATUS PENDING>UP", "VDU_STATUS UP>DOWN", "VDU_STATUS DOWN>UP"]


@pytest.mark.django_db
def test_a_member_that_runs_again_is_pending_until_a_probe_says_more_and_may_boot_first(settings: Any) -> None:
    settings.BOOT_WAIT = 45
    vnf = watched_vnf(watched_vim(), kinds=(ProbeKind.PING, ProbeKind.HTTP))
    hear([happens(Kind.POWER_OFF), happens(Kind.POWER_ON)], lambda: None)
    ping, http = targets_of(vnf)
    assert (ping.health, http.health, Vnfc.objects.get().health) == (PENDING, PENDING, PENDING)
    assert ping.not_before is not None
    assert ping.changed_at is not None
    assert (ping.not_before - ping.changed_at).total_seconds() == 45
    judge(says(ping, UP), says(http, UP))
    assert Vnfc.objects.get().health == UP


@pytest.mark.django_db
def test_a_member_without_probes_is_as_the_river_says() -> None:
    watched_vnf(watched_vim(), kinds=())
    hear([happens(Kind.ERROR, phase=Phase.ERROR)], lambda: None)
    assert Vnfc.objects.get().health == DOWN
    hear([happens(Kind.REBOOT)], lambda: None)
    assert Vnfc.objects.get().health == UP
    assert told() == ["VDU_STATUS PENDING>DOWN", "VDU_STATUS DOWN>UP"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "more", [{"instance_id": "another"}, {"vim_id": "cloud_r2"}, {"instance_id": ""}, {"origin": Origin.HOUSE}]
)
def test_instances_of_nobody_change_nothing(more: dict[str, Any]) -> None:
    watched_vnf(watched_vim(), "web")
    hear([happens(Kind.DELETE, **more)], lambda: None)
    assert Vnfc.objects.get().health == PENDING
    assert told() == []


@pytest.mark.django_db
def test_an_event_names_the_instance_it_is_about() -> None:
    watched_vnf(watched_vim(), actions={})
    hear([happens(Kind.DELETE)], lambda: None)
    one = Event.from_dict(LifecycleEvent.objects.get().event or {})
    assert (one.kind, one.instance_id, one.vim_id) == (Kind.VDU_STATUS, "vnf-1", "cloud_r1")
    assert (one.traits["vdu"], one.traits["vnf_name"], one.traits["address"]) == ("VDU1", "vnf", "127.0.1.1")
