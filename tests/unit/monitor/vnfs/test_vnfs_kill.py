"""A conductor that is killed anywhere leaves nothing behind: another one goes on, and all is as without that."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from fed_common.monitor.models import Operation, Target, Vnf
from fed_common.monitor.vnfs.services import create_vnf, delete_vnf, heal_vnf, respawn_vnf, scale_vnf
from tests.doubles.booting import BootingCloud
from tests.lifecycle import Killed, drive, events, expire, fails, fields, killed_at, vdu, vnfd, watched

ADOPTED = {"VDU2": [{"instance_id": "", "address": "10.8.0.1"}]}
ASKS: dict[str, Any] = {
    "create": lambda vnf: None,
    "delete": delete_vnf,
    "scale_out": lambda vnf: scale_vnf(vnf, "SP1", out=True),
    "scale_in": lambda vnf: scale_vnf(vnf, "SP1", out=False),
    "heal": lambda vnf: heal_vnf(vnf, "VDU1"),
    "respawn": respawn_vnf,
    "respawn of a policy": lambda vnf: fails(vnf, "log", "respawn"),
    "log_and_kill": lambda vnf: fails(vnf, "log_and_kill"),
}


def told(vim: Any, cloud: BootingCloud, kind: str, point: int) -> tuple[Any, ...]:
    """What is left in the end of an operation that was killed at that point, without what is new each time."""
    descriptor = vnfd(vdu(), vdu("VDU2", ""), scaled=True, default_instances=2 if kind == "scale_in" else 1)
    vnf = create_vnf(**fields(vim, descriptor, adopt=ADOPTED))
    if kind != "create":
        assert drive() == 1
    before = {one.pk for one in vnf.members.all()}
    ASKS[kind](vnf)
    with killed_at(point) as passed:
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
    count, right = told(vim, cloud, kind, 0)
    assert count >= 3
    for point in range(1, count + 1):
        forget(cloud)
        assert told(vim, cloud, kind, point)[1] == right, f"killed at point {point}"


def forget(cloud: BootingCloud) -> None:
    Vnf.objects.all().delete()
    Target.objects.all().delete()
    for one in list(cloud.instances):
        cloud.answer("act", {"id": one, "action": "delete"})
    cloud.made.clear()
