"""A conductor that is killed or sleeps anywhere: another one goes on, and all is as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from fed_common.monitor.models import Operation, Target, Vnf
from fed_common.monitor.vnfs.cloud import Cloud
from fed_common.monitor.vnfs.services import create_vnf, delete_vnf, heal_vnf, scale_vnf
from tests.doubles.booting import BootingCloud
from tests.lifecycle import Killed, at_point, drive, events, expire, fails, fields, kill, vdu, vnfd, watched

ADOPTED = {"VDU2": [{"instance_id": "", "address": "10.8.0.1"}]}
ASKS: dict[str, Any] = {
    "create": lambda vnf: None,
    "delete": delete_vnf,
    "scale_out": lambda vnf: scale_vnf(vnf, "SP1", out=True),
    "scale_in": lambda vnf: scale_vnf(vnf, "SP1", out=False),
    "heal": lambda vnf: heal_vnf(vnf, "VDU1"),
    "log, respawn": lambda vnf: fails(vnf, "log", "respawn"),
    "log_and_kill": lambda vnf: fails(vnf, "log_and_kill"),
}


def told(vim: Any, cloud: BootingCloud, kind: str, point: int, happens: Callable[[], object]) -> tuple[Any, ...]:
    """What is left in the end of an operation to which that happened, without what is new each time."""
    descriptor = vnfd(vdu(), vdu("VDU2", ""), scaled=True, default_instances=2 if kind == "scale_in" else 1)
    vnf = create_vnf(**fields(vim, descriptor, adopt=ADOPTED))
    if kind != "create":
        assert drive() == 1
    before = {one.pk for one in vnf.members.all()}
    ASKS[kind](vnf)
    with at_point(point, happens) as passed:
        try:
            drive("a")
        except Killed:
            expire()
    drive("b")
    return len(passed), state(vnf.pk, cloud, before)


def state(vnf_id: UUID, cloud: BootingCloud, before: set[int]) -> tuple[Any, ...]:
    vnf = Vnf.objects.filter(pk=vnf_id).first()
    assert max(cloud.made.values()) == 1
    if vnf is None:
        assert not cloud.instances
        assert not Target.objects.filter(removed=False).exists()
        return (events(vnf_id),)
    members = list(vnf.members.all())
    booted = {one.instance_id for one in members if one.key}
    assert booted == set(cloud.instances)
    assert watched(vnf) == {one.address for one in members}
    assert all(cloud.instances[one.instance_id].address == one.address for one in members if one.key)
    operations = list(vnf.operations.values_list("kind", "state"))
    assert {ended for _, ended in operations} == {Operation.State.DONE}
    survivors = sorted((one.vdu, one.number, one.pk in before) for one in members)
    return events(vnf_id), vnf.status, vnf.failure_count, survivors, operations, sum(cloud.made.values())


@pytest.mark.parametrize("kind", ASKS)
def test_an_operation_whose_conductor_dies_anywhere_is_ended_by_another_one_exactly_as_without_that(
    vim: Any, cloud: BootingCloud, kind: str
) -> None:
    """T44, and the promise of §6.3 point 7."""
    count, right = told(vim, cloud, kind, 0, kill)
    assert count >= 3
    for point in range(1, count + 1):
        forget(cloud)
        assert told(vim, cloud, kind, point, kill)[1] == right, f"killed at point {point}"


@pytest.mark.parametrize("kind", ["create", "heal", "log_and_kill"])
def test_a_conductor_that_sleeps_anywhere_while_another_one_goes_on_changes_nothing_when_it_wakes(
    vim: Any, cloud: BootingCloud, kind: str
) -> None:
    """T95, for conductors."""
    count, right = told(vim, cloud, kind, 0, kill)
    for point in range(1, count + 1):
        forget(cloud)
        assert told(vim, cloud, kind, point, overtaken)[1] == right, f"asleep at point {point}"


def overtaken() -> None:
    expire()
    drive("b")


def test_what_a_sleeper_makes_for_a_vnf_that_was_deleted_meanwhile_is_removed_again(
    vim: Any, cloud: BootingCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    vnf = create_vnf(**fields(vim))
    create, slept = Cloud.create, []

    def late(self: Cloud, spec: Any) -> str:
        if not slept:
            slept.append(True)
            delete_vnf(vnf)
            expire()
            drive("b")
            assert not Vnf.objects.exists()
            assert not cloud.instances
        return create(self, spec)

    monkeypatch.setattr(Cloud, "create", late)
    drive("a")
    assert max(cloud.made.values()) > 0
    assert not cloud.instances


def test_a_deletion_finds_what_was_made_and_never_heard_of(vim: Any, cloud: BootingCloud) -> None:
    vnf = create_vnf(**fields(vim))
    with at_point(2), pytest.raises(Killed):  # the cloud was asked, its answer was not stored
        drive("a")
    assert len(cloud.instances) == 1
    assert not vnf.members.exclude(instance_id="").exists()
    delete_vnf(vnf)
    expire()
    drive("b")
    assert not Vnf.objects.exists()
    assert not cloud.instances


def test_a_member_that_was_never_asked_for_is_not_made_to_be_deleted(vim: Any, cloud: BootingCloud) -> None:
    vnf = create_vnf(**fields(vim))
    delete_vnf(vnf)
    drive()
    assert not Vnf.objects.exists()
    assert not cloud.made


def forget(cloud: BootingCloud) -> None:
    Vnf.objects.all().delete()
    Target.objects.all().delete()
    for one in list(cloud.instances):
        cloud.answer("act", {"id": one, "action": "delete"})
    cloud.made.clear()
