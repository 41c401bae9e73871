"""What conductors do to VNFs: statuses, events, instances and what is watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fed_common.core.vnf import VduSpec, VnfStatus
from fed_common.monitor.models import LifecycleEvent, Operation, Target, Vnf, Workflow
from fed_common.monitor.rpc import ExecutorClient
from fed_common.monitor.vnfs.services import create_vnf, delete_vnf, heal_vnf, respawn_vnf, scale_vnf
from tests.doubles.booting import BootingCloud, Fault
from tests.lifecycle import drive, events, fails, fields, pinged, vdu, vnfd, watched

ADDED = "VNF added for monitoring. mon_policy_dict = "
CREATED = [("PENDING_CREATE", "CREATE", "VNF creation initiated"), ("ACTIVE", "CREATE", "VNF status updated")]
UNWATCHED = VduSpec("VDU9", "cirros")


def made(vim: Any, *descriptor: Any, **more: Any) -> Vnf:
    vnf = create_vnf(**fields(vim, *descriptor, **more))
    drive()
    return Vnf.objects.get(pk=vnf.pk)


def again(vnf: Vnf) -> Vnf:
    return Vnf.objects.get(pk=vnf.pk)


def new_events(vnf: Vnf, known: int) -> list[tuple[str, str, str]]:
    return events(vnf.pk)[known:]


def addresses(vnf: Vnf) -> set[str]:
    return {one.address for one in vnf.members.all()}


def before(monkeypatch: pytest.MonkeyPatch, look: Callable[[], object]) -> None:
    """Look whenever a cloud is to do something to an instance."""
    from fed_common.monitor.vnfs.cloud import Cloud

    act = Cloud.act

    def looked_at(self: Cloud, *asked: Any) -> None:
        look()
        act(self, *asked)

    monkeypatch.setattr(Cloud, "act", looked_at)


def test_a_vnf_is_booted_and_watched(vim: Any, cloud: BootingCloud) -> None:
    """T49"""
    vnf = made(vim)
    assert vnf.status == VnfStatus.ACTIVE
    workflow = Workflow.objects.get()
    assert (workflow.name, workflow.action_id) == (f"vnf_id_{vnf.pk}", vnf.action_id)
    assert watched(vnf) == addresses(vnf) == {one.address for one in cloud.instances.values()}
    told = events(vnf.pk)
    assert told[:2] == CREATED
    assert (told[2][:2], told[2][2].startswith(ADDED)) == (("ACTIVE", "MONITOR"), True)
    states = [row.event["traits"]["state"] for row in LifecycleEvent.objects.order_by("id") if row.event]
    assert states == ["PENDING_CREATE", "ACTIVE"]


def test_without_a_policy_nothing_is_watched(vim: Any) -> None:
    """T50"""
    vnf = made(vim, vnfd(UNWATCHED))
    assert (vnf.status, vnf.action_id) == (VnfStatus.ACTIVE, None)
    assert not Workflow.objects.exists()
    assert not Target.objects.exists()
    assert events(vnf.pk) == CREATED


@pytest.mark.parametrize(("delay", "seconds"), [(45.0, 45), (None, 30)])
def test_the_boot_delay_begins_when_the_vnf_is_active(vim: Any, delay: float | None, seconds: int) -> None:
    """T52, T53"""
    made(vim, vnfd(vdu("VDU1", "cirros", pinged(delay=delay))))
    event = LifecycleEvent.objects.get(resource_state="ACTIVE", event_type="CREATE")
    assert abs((Target.objects.get().not_before - event.timestamp).total_seconds() - seconds) < 2


def test_an_instance_without_an_address_is_not_watched_and_is_no_failure(
    vim: Any, cloud: BootingCloud, settings: Any
) -> None:
    """T69"""
    settings.BOOT_TIMEOUT = 0.01
    cloud._free.clear()
    cloud._free.append("")
    vnf = made(vim)
    assert (vnf.status, watched(vnf)) == (VnfStatus.ACTIVE, set())


def test_a_vnf_that_cannot_be_booted_is_in_error_and_not_watched(vim: Any, cloud: BootingCloud) -> None:
    """T51, T79"""
    cloud.fail("create", Fault.FAILED, times=1000)
    vnf = made(vim)
    assert (vnf.status, Workflow.objects.count()) == (VnfStatus.ERROR, 0)
    assert "answered 500" in vnf.error_reason
    operation = Operation.objects.get()
    assert (operation.state, operation.reason) == (Operation.State.FAILED, vnf.error_reason)
    assert cloud.calls["create"] == 5
    assert events(vnf.pk)[-1] == ("ERROR", "CREATE", vnf.error_reason)
    assert drive() == 0
    cloud.well()
    delete_vnf(vnf)
    drive()
    assert not Vnf.objects.exists()
    assert not cloud.instances


def test_a_cloud_that_fails_for_a_moment_is_asked_again(vim: Any, cloud: BootingCloud) -> None:
    cloud.fail("create", Fault.LOST, times=2)
    cloud.fail("show", Fault.FAILED, times=3)
    vnf = made(vim)
    assert (vnf.status, len(cloud.instances)) == (VnfStatus.ACTIVE, 1)


@pytest.mark.parametrize(("broken", "said"), [("error", "got into error: No valid host"), ("building", "")])
def test_an_instance_that_does_not_get_active_fails_its_vnf(
    vim: Any, cloud: BootingCloud, settings: Any, broken: str, said: str
) -> None:
    settings.BOOT_TIMEOUT = 0.05
    cloud.boots_to = broken
    vnf = made(vim)
    assert vnf.status == VnfStatus.ERROR
    assert f"the instance of VDU1 {said}" in vnf.error_reason
    delete_vnf(vnf)
    drive()
    assert not cloud.instances


def test_a_respawn_boots_all_anew_under_the_same_id_and_watches_it_there(vim: Any, cloud: BootingCloud) -> None:
    """T54, T55, T56"""
    vnf = made(vim, vnfd(vdu(), vdu("VDU2"), vdu("VDU3")))
    old = {one.instance_id: one.address for one in vnf.members.all()}
    targets, known, made_before = set(watched(vnf)), len(events(vnf.pk)), sum(cloud.made.values())
    begun = max(Target.objects.values_list("not_before", flat=True))
    fails(vnf, "respawn")
    assert drive() == 1
    vnf = again(vnf)
    assert (vnf.status, vnf.failure_count, vnf.action_id) == (VnfStatus.ACTIVE, 1, vnf.workflow.action_id)
    assert set(vnf.attributes["dead_instance_id_1"].split(",")) == set(old)
    assert sum(cloud.made.values()) - made_before == 3
    assert set(cloud.instances).isdisjoint(old)
    assert watched(vnf) == addresses(vnf)
    assert watched(vnf).isdisjoint(targets)
    assert begun < min(Target.objects.filter(removed=False).values_list("not_before", flat=True))
    assert [one.number for one in vnf.members.all()] == [2, 2, 2]
    assert new_events(vnf, known) == [
        ("DEAD", "MONITOR", "no answer"),
        ("DEAD", "MONITOR", "ActionRespawnHeat invoked"),
        ("ACTIVE", "CREATE", "VNF status updated"),
    ]


def test_all_members_that_fail_at_once_are_one_respawn(vim: Any, cloud: BootingCloud) -> None:
    """T57, T78"""
    vnf = made(vim, vnfd(vdu(), vdu("VDU2"), vdu("VDU3")))
    for member in range(3):
        fails(vnf, "respawn", member=member)
    drive()
    assert again(vnf).failure_count == 1
    assert sum(cloud.made.values()) == 6
    ends = Operation.objects.filter(kind="respawn").order_by("id").values_list("state", flat=True)
    assert list(ends) == ["done", "cancelled", "cancelled"]


def test_a_respawn_of_a_policy_after_that_of_an_operator_is_none(vim: Any, cloud: BootingCloud) -> None:
    """T78"""
    vnf = made(vim)
    respawn_vnf(vnf)
    fails(vnf, "respawn")
    drive()
    assert (again(vnf).failure_count, sum(cloud.made.values())) == (1, 2)


def test_what_was_adopted_is_rebooted_or_powered_on_and_its_address_read_anew(
    vim: Any, cloud: BootingCloud
) -> None:
    for key in ("one", "two"):
        cloud.answer("create", {"key": key, "name": key, "image": "i", "flavor": ""})
    one, two = (cloud.with_key(key) for key in ("one", "two"))
    assert one
    assert two
    adopt = {
        "VDU1": [{"instance_id": one.id, "address": one.address}],
        "VDU2": [{"instance_id": two.id, "address": "10.8.0.9"}],
    }
    vnf = made(vim, vnfd(vdu("VDU1", ""), vdu("VDU2", "")), adopt=adopt)
    assert watched(vnf) == {one.address, "10.8.0.9"}
    two.state = "stopped"
    action_id, known = vnf.action_id, len(events(vnf.pk))
    fails(vnf, "respawn")
    drive()
    vnf = again(vnf)
    assert (vnf.status, vnf.action_id, two.state) == (VnfStatus.ACTIVE, action_id, "active")
    assert cloud.calls["act"] == 2
    assert watched(vnf) == {one.address, two.address}
    assert [state for state, *_ in new_events(vnf, known)] == ["DEAD", "DEAD", "ACTIVE"]
    delete_vnf(vnf)
    drive()
    assert set(cloud.instances) == {one.id, two.id}


def test_a_log_is_one_event_of_each_failure(vim: Any) -> None:
    """T58"""
    vnf = made(vim)
    known = len(events(vnf.pk))
    fails(vnf, "log")
    drive()
    fails(vnf, "log")
    drive()
    assert new_events(vnf, known) == [("ACTIVE", "MONITOR", "ActionLogOnly invoked")] * 2


def test_several_actions_of_a_failure_are_done_once_each_in_their_order(vim: Any) -> None:
    vnf = made(vim)
    fails(vnf, "respawn", "log")
    drive()
    told = [details for *_, details in events(vnf.pk)]
    assert told.count("ActionRespawnHeat invoked") == told.count("ActionLogOnly invoked") == 1
    assert told.index("ActionRespawnHeat invoked") < told.index("ActionLogOnly invoked")


def test_log_and_kill_ends_the_vnf(vim: Any, cloud: BootingCloud) -> None:
    """T59"""
    vnf = made(vim)
    known = len(events(vnf.pk))
    fails(vnf, "log_and_kill")
    drive()
    assert not Vnf.objects.exists()
    assert not Workflow.objects.exists()
    assert not cloud.instances
    assert new_events(vnf, known) == [
        ("DEAD", "MONITOR", "no answer"),
        ("DEAD", "MONITOR", "ActionLogAndKill invoked"),
        ("PENDING_DELETE", "DELETE", "VNF delete initiated"),
        ("DELETED", "DELETE", "VNF delete complete"),
    ]


def test_healing_replaces_the_member_that_failed_alone(vim: Any, cloud: BootingCloud) -> None:
    """T60"""
    vnf = made(vim, vnfd(vdu(), vdu("VDU2")))
    first, second = vnf.members.all()
    kept = second.targets.get()
    known = len(events(vnf.pk))
    fails(vnf, "vdu_autoheal")
    drive()
    vnf = again(vnf)
    new, same = vnf.members.all()
    assert (same, same.targets.get(removed=False)) == (second, kept)
    assert new.instance_id != first.instance_id
    assert first.instance_id not in cloud.instances
    assert watched(vnf) == {new.address, same.address}
    told = [(state, kind) for state, kind, _ in new_events(vnf, known)]
    assert told == [("PENDING_HEAL", "HEAL"), ("PENDING_HEAL", "MONITOR"), ("ACTIVE", "HEAL")]


def test_healing_without_a_vdu_touches_nothing(vim: Any, cloud: BootingCloud) -> None:
    """T61"""
    vnf = made(vim)
    known = len(events(vnf.pk))
    fails(vnf, "vdu_autoheal", vdu="")
    drive()
    assert (again(vnf).status, new_events(vnf, known)) == (VnfStatus.ACTIVE, [])
    assert Operation.objects.get(kind="vdu_autoheal").state == "cancelled"
    assert sum(cloud.made.values()) == 1


def test_an_operator_heals_what_is_down_or_the_whole_vdu(vim: Any, cloud: BootingCloud) -> None:
    vnf = made(vim, vnfd(scaled=True))
    _, second = vnf.members.all()
    fails(vnf)
    heal_vnf(vnf, "VDU1")
    drive()
    assert next(one.pk for one in vnf.members.all()) == second.pk
    heal_vnf(vnf, "VDU1")
    drive()
    assert sum(cloud.made.values()) == 5


def test_scaling_out_adds_what_is_watched(vim: Any, cloud: BootingCloud) -> None:
    """T62, T63"""
    vnf = made(vim, vnfd(scaled=True))
    before, known = set(watched(vnf)), len(events(vnf.pk))
    targets = set(Target.objects.values_list("pk", flat=True))
    fails(vnf, "scale_out", action="scaling", argument="SP1")
    drive()
    vnf = again(vnf)
    assert before < watched(vnf) == addresses(vnf)
    assert len(watched(vnf)) == 3
    assert targets < set(Target.objects.filter(removed=False).values_list("pk", flat=True))
    assert new_events(vnf, known) == [
        ("PENDING_SCALE_OUT", "SCALE", ""),
        ("PENDING_SCALE_OUT", "MONITOR", "ActionAutoscalingHeat invoked"),
        ("ACTIVE", "SCALE", ""),
    ]


def test_a_policy_that_scales_has_to_wait_for_its_cooldown(vim: Any) -> None:
    vnf = made(vim, vnfd(scaled=True, default_instances=1))
    for member in range(2):
        fails(vnf, "scale_out", action="scaling", argument="SP1", member=member)
        drive()
    assert vnf.members.count() == 2
    assert "cooldown" in Operation.objects.filter(kind="scale_out").last().reason  # type: ignore[union-attr]
    scale_vnf(vnf, "SP1", out=True)
    drive()
    assert vnf.members.count() == 3


def test_what_scaling_in_removes_is_watched_no_longer_before_it_goes(
    vim: Any, cloud: BootingCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T64, T65"""
    vnf = made(vim, vnfd(scaled=True, default_instances=3))
    known, seen = len(events(vnf.pk)), []
    down, *_ = vnf.members.all()
    fails(vnf)
    before(monkeypatch, lambda: seen.append(watched(vnf)))
    scale_vnf(vnf, "SP1", out=False)
    drive()
    left = {one.address for one in vnf.members.all()}
    assert seen == [left]
    assert down.address not in left
    assert watched(vnf) == left
    assert new_events(vnf, known) == [("PENDING_SCALE_IN", "SCALE", ""), ("ACTIVE", "SCALE", "")]


def test_deleting_ends_the_monitoring_first(
    vim: Any, cloud: BootingCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T66"""
    vnf = made(vim)
    known, seen = len(events(vnf.pk)), []
    before(monkeypatch, lambda: seen.append((watched(vnf), Workflow.objects.count())))
    fails(vnf, "respawn")
    delete_vnf(vnf)
    drive()
    assert seen == [(set(), 0)]
    assert new_events(vnf, known) == [
        ("PENDING_DELETE", "DELETE", "VNF delete initiated"),
        ("DELETED", "DELETE", "VNF delete complete"),
    ]
    assert not Operation.objects.exists()


def test_a_deletion_that_fails_can_be_asked_for_again(vim: Any, cloud: BootingCloud) -> None:
    vnf = made(vim)
    cloud.fail("act", Fault.FAILED, times=1000)
    delete_vnf(vnf)
    drive()
    assert again(vnf).status == VnfStatus.ERROR
    cloud.well()
    delete_vnf(vnf)
    drive()
    assert not cloud.instances


@pytest.mark.parametrize("kind", ["respawn", "vdu_autoheal", "scale_out"])
def test_a_policy_action_whose_cloud_fails_leaves_the_vnf_in_error(
    vim: Any, cloud: BootingCloud, kind: str
) -> None:
    """T79: a few tries, then ERROR with its reason, and nothing is tried again by itself."""
    vnf = made(vim, vnfd(scaled=True))
    fails(vnf, kind, action={"scale_out": "scaling"}.get(kind, kind), argument="SP1")
    cloud.fail("create", Fault.FAILED, times=1000)
    drive()
    vnf = again(vnf)
    operation = Operation.objects.get(kind=kind)
    assert (vnf.status, operation.state) == (VnfStatus.ERROR, "failed")
    assert vnf.error_reason == operation.reason != ""
    assert drive() == 0
    fails(vnf, "respawn") if watched(vnf) else None
    drive()
    assert again(vnf).status == VnfStatus.ERROR


def test_the_executors_are_told_at_once(
    vim: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, eventually: Any
) -> None:
    """T41, T66"""
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(
        ExecutorClient, "update", lambda self, action_id, parameter: told.append(("update", str(action_id)))
    )
    monkeypatch.setattr(
        ExecutorClient, "kill", lambda self, subject, action_id: told.append(("kill", str(action_id)))
    )
    with django_capture_on_commit_callbacks(execute=True):
        vnf = made(vim)
    eventually(lambda: told == [("update", str(vnf.action_id))])
    with django_capture_on_commit_callbacks(execute=True):
        delete_vnf(vnf)
        drive()
    eventually(lambda: told[-1] == ("kill", str(vnf.action_id)))


def test_what_is_held_is_not_done_and_keeps_nobody_waiting(vim: Any) -> None:
    vnf = made(vim)
    fails(vnf, "respawn")
    drive(hold=lambda operation: "too many fail at once")
    held = Operation.objects.get(kind="respawn")
    assert (held.state, held.reason) == ("held", "too many fail at once")
    respawn_vnf(vnf)
    drive()
    held.state = Operation.State.WAITING
    held.save()
    drive()
    held.refresh_from_db()
    assert (held.state, again(vnf).failure_count) == ("cancelled", 1)


def test_a_fault_of_ours_fails_the_operation_without_telling_its_inside(
    vim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fed_common.monitor.vnfs.cloud import Cloud

    def broken(*_: object) -> None:
        raise TypeError("secret")

    monkeypatch.setattr(Cloud, "create", broken)
    vnf = made(vim)
    assert (vnf.status, vnf.error_reason) == (VnfStatus.ERROR, "the gateway failed: TypeError")


def test_a_killed_action_is_not_watched_again_by_a_respawn(vim: Any) -> None:
    from fed_common.core import clock

    vnf = made(vim)
    Workflow.objects.update(killed_at=clock.now())
    respawn_vnf(vnf)
    drive()
    assert (again(vnf).status, watched(vnf)) == (VnfStatus.ACTIVE, set())


def test_every_event_has_its_own_id(vim: Any) -> None:
    made(vim)
    ids = [row.event["id"] for row in LifecycleEvent.objects.all() if row.event]
    assert len(set(ids)) == len(ids) == 2
