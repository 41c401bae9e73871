"""What is asked of VNFs is laid down as rows, or refused saying why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.core.vnf import VnfStatus
from fed_common.monitor.models import LifecycleEvent, Operation, Vnf
from fed_common.monitor.vnfs.services import change_vnf, create_vnf, delete_vnf, heal_vnf, respawn_vnf, scale_vnf
from tests.lifecycle import drive, events, fields, vdu, vnfd

ONE = [{"instance_id": "vm-1", "address": "10.8.0.1"}]
TWO = [*ONE, {"instance_id": "vm-2", "address": "10.8.0.2"}]


def test_a_vnf_is_laid_down_with_its_members_and_what_is_to_be_done(vim: Any) -> None:
    vnf = create_vnf(**fields(vim, vnfd(vdu(), vdu("VDU2", ""), scaled=True), adopt={"VDU2": ONE}))
    assert vnf.status == VnfStatus.PENDING_CREATE
    members = {(one.vdu, one.number): (bool(one.key), one.instance_id, one.address) for one in vnf.members.all()}
    booted = (True, "", "")
    assert members == {("VDU1", 1): booted, ("VDU1", 2): booted, ("VDU2", 1): (False, "vm-1", "10.8.0.1")}
    assert len({one.key for one in vnf.members.all()}) == 3
    assert [(one.kind, one.state) for one in vnf.operations.all()] == [("create", "waiting")]
    event = LifecycleEvent.objects.get(resource_id=vnf.pk)
    assert (event.resource_state, event.event_type) == ("PENDING_CREATE", "CREATE")
    assert event.event["kind"] == "VNF_STATUS"
    assert event.event["traits"]["vnf_name"] == "fw"


def test_a_conductor_is_woken_once_the_rows_are_there(
    vim: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, eventually: Any
) -> None:
    from fed_common.monitor.rpc import ConductorClient

    woken: list[bool] = []
    monkeypatch.setattr(ConductorClient, "wake", lambda self: woken.append(True))
    with django_capture_on_commit_callbacks(execute=True):
        create_vnf(**fields(vim))
        assert not woken
    eventually(lambda: woken == [True])


@pytest.mark.parametrize(
    ("adopt", "field", "says"),
    [
        ({}, "adopt.VDU2", "no image"),
        ({"VDU2": []}, "adopt.VDU2", "1 to 1"),
        ({"VDU2": TWO}, "adopt.VDU2", "1 to 1"),
        ({"VDU2": [{"instance_id": "vm-1"}]}, "adopt.VDU2[0].address", "managed"),
        ({"VDU2": [{"instance_id": "vm-1", "address": ""}]}, "adopt.VDU2[0].address", "managed"),
        ({"VDU2": ONE, "VDU9": ONE}, "adopt.VDU9", "VDU1, VDU2"),
        ({"VDU2": ONE, "VDU1": [*ONE, *ONE]}, "adopt.VDU1.address", "of its own"),
    ],
)
def test_what_is_adopted_wrongly_is_refused_naming_it(vim: Any, adopt: Any, field: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_vnf(**fields(vim, vnfd(vdu(), vdu("VDU2", ""), scaled=True), adopt=adopt))
    assert refused.value.field == field
    assert says in refused.value.allowed
    assert not Vnf.objects.exists()


def test_a_name_is_given_once_and_free_again_when_its_vnf_is_gone(vim: Any) -> None:
    vnf = create_vnf(**fields(vim))
    drive()
    with pytest.raises(Conflict):
        create_vnf(**fields(vim))
    delete_vnf(vnf)
    drive()
    assert create_vnf(**fields(vim)).pk != vnf.pk


def test_a_vim_is_named_by_its_id_too_and_has_to_be_there(vim: Any) -> None:
    assert create_vnf(**fields("c_r1")).vim == vim
    with pytest.raises(NotFound):
        create_vnf(**fields("c_r9", name="other"))


CHANGES: dict[str, Callable[[Vnf], object]] = {
    "scale out": lambda vnf: scale_vnf(vnf, "SP1", out=True),
    "scale in": lambda vnf: scale_vnf(vnf, "VDU1", out=False),
    "heal": lambda vnf: heal_vnf(vnf, "VDU1"),
    "respawn": respawn_vnf,
}


@pytest.mark.parametrize("first", CHANGES)
def test_one_change_is_asked_for_at_a_time(vim: Any, first: str) -> None:
    """T78: also two respawns from two sides are one."""
    vnf = create_vnf(**fields(vim, vnfd(scaled=True)))
    drive()
    CHANGES[first](vnf)
    for second in CHANGES:
        with pytest.raises(Conflict):
            CHANGES[second](vnf)
    assert Operation.objects.filter(state="waiting").count() == 1


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_active_is_not_changed(vim: Any, change: str) -> None:
    vnf = create_vnf(**fields(vim, vnfd(scaled=True)))
    with pytest.raises(Conflict):
        CHANGES[change](vnf)


@pytest.mark.parametrize("out", [True, False])
def test_a_scale_beyond_the_bounds_is_refused_with_them(vim: Any, *, out: bool) -> None:
    vnf = create_vnf(**fields(vim, vnfd(scaled=True)))
    drive()
    scale_vnf(vnf, "SP1", out=out)
    drive()
    with pytest.raises(Invalid, match="1 to 3 instances of VDU1"):
        scale_vnf(vnf, "SP1", out=out)
    assert vnf.members.count() == (3 if out else 1)


def test_unknown_names_are_refused_with_those_there_are(vim: Any) -> None:
    vnf = create_vnf(**fields(vim, vnfd(scaled=True)))
    drive()
    with pytest.raises(Invalid, match="SP1, VDU1"):
        scale_vnf(vnf, "SP9", out=True)
    with pytest.raises(Invalid, match="allowed: VDU1"):
        heal_vnf(vnf, "VDU9")
    with pytest.raises(NotFound):
        respawn_vnf(Vnf(name="unknown"))


def test_what_was_adopted_is_not_scaled(vim: Any) -> None:
    vnf = create_vnf(**fields(vim, vnfd(vdu("VDU1", ""), scaled=True), adopt={"VDU1": TWO}))
    drive()
    with pytest.raises(Invalid, match="an image"):
        scale_vnf(vnf, "SP1", out=True)
    with pytest.raises(Invalid, match="adopted"):
        scale_vnf(vnf, "SP1", out=False)


def test_its_own_words_are_changed_without_touching_its_monitoring(vim: Any) -> None:
    """T67"""
    vnf = create_vnf(**fields(vim))
    drive()
    before = Vnf.objects.get()
    changed = change_vnf(vnf, {"name": "fw2", "maintenance": True})
    assert (changed.name, changed.maintenance, changed.status) == ("fw2", True, "ACTIVE")
    assert changed.action_id == before.action_id == changed.workflow.action_id
    assert changed.workflow.targets.filter(removed=False).count() == 1
    assert events(vnf.pk)[-1][:2] == ("ACTIVE", "UPDATE")
    with pytest.raises(Invalid, match="status"):
        change_vnf(vnf, {"status": "DEAD"})
    create_vnf(**fields(vim))
    with pytest.raises(Conflict):
        change_vnf(vnf, {"name": "fw"})


def test_a_deletion_that_was_asked_for_is_not_asked_for_again(vim: Any) -> None:
    vnf = create_vnf(**fields(vim))
    drive()
    assert delete_vnf(vnf) == delete_vnf(vnf)
    drive()
    with pytest.raises(NotFound):
        delete_vnf(vnf)
