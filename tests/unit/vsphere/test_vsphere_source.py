"""What is cloned and to where, out of inventories that vcsim does not have; and deleting what is being cloned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pyVmomi import vim

from fed_common.core.errors import CloudTimeout, Conflict, Invalid
from fed_common.core.instances import InstanceAction, InstanceSpec
from multicloud_generic.vsphere import actions, building
from multicloud_generic.vsphere.connection import failure
from multicloud_generic.vsphere.source import source

SPEC = InstanceSpec("k", "vm", "mould")
TEMPLATE = {
    "name": "mould",
    "config.template": True,
    "config.instanceUuid": "uuid-1",
    "parent": "Folder:f-1",
    "runtime.host": "HostSystem:h-1",
}


class Inventory:
    """A client that answers out of a dictionary; ``faults``: what its verbs fail of."""

    def __init__(self, objects: Mapping[str, Mapping[str, Any]], **faults: Exception) -> None:
        self._objects, self._faults = objects, faults

    def objects(self, look: Mapping[str, Iterable[str]]) -> dict[str, Mapping[str, Any]]:
        kinds = {kind: (kind, f"Cluster{kind}") for kind in look}
        return {
            name: told for name, told in self._objects.items() if name.partition(":")[0] in sum(kinds.values(), ())
        }

    def reread(self, names: Iterable[str], look: object) -> dict[str, Mapping[str, Any]]:
        return {name: self._objects[name] for name in names if name in self._objects}

    def thing(self, name: str) -> Any:
        kind, _, key = name.partition(":")
        return getattr(vim, kind)(key)

    def find(self, instance_uuid: str) -> str:
        return "VirtualMachine:vm-1"

    def begin(self, name: str, verb: str, *arguments: object) -> str:
        if verb in self._faults:
            raise failure("vc_one", self._faults[verb]) from self._faults[verb]
        return "Task:t-1"


def inventory(*machines: Mapping[str, Any]) -> Any:
    places = {
        "HostSystem:h-1": {"name": "h1", "parent": "ClusterComputeResource:c-1"},
        "ClusterComputeResource:c-1": {"name": "east", "resourcePool": "ResourcePool:p-1", "network": ()},
        "ComputeResource:c-2": {"name": "west", "resourcePool": "ResourcePool:p-2", "network": ()},
    }
    return Inventory({**places, **{f"VirtualMachine:vm-{place}": one for place, one in enumerate(machines)}})


def test_a_template_is_cloned_on_its_host_in_its_clusters_own_pool() -> None:
    found = source(inventory(TEMPLATE), SPEC)
    assert (found.machine, found.folder, found.devices) == ("VirtualMachine:vm-0", "Folder:f-1", [])
    assert (found.location.pool._moId, found.location.host._moId) == ("p-1", "h-1")


def test_a_vm_is_cloned_where_it_is() -> None:
    found = source(inventory({**TEMPLATE, "config.template": False}), SPEC)
    assert (found.location.pool, found.location.host, found.location.datastore) == (None, None, None)


@pytest.mark.parametrize("template", [True, False])
def test_a_zone_is_a_cluster_where_vsphere_finds_a_host(template: bool) -> None:
    asked = replace(SPEC, image="uuid-1", availability_zone="west")
    found = source(inventory({**TEMPLATE, "config.template": template}), asked)
    assert (found.location.pool._moId, found.location.host) == ("p-2", None)


@pytest.mark.parametrize(
    ("machines", "fields", "said"),
    [
        ((), {}, "image"),
        ((TEMPLATE, TEMPLATE), {}, "image"),
        (({**TEMPLATE, "parent": None},), {}, "vApp"),
        ((TEMPLATE,), {"availability_zone": "north"}, "east, west"),
        ((TEMPLATE,), {"image": ""}, "image"),
    ],
)
def test_what_cannot_be_cloned_is_told_so(
    machines: tuple[Mapping[str, Any], ...], fields: dict[str, str], said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        source(inventory(*machines), replace(SPEC, **fields))


def test_what_is_being_cloned_cannot_be_deleted_yet() -> None:
    busy = Inventory({}, Destroy_Task=vim.fault.TaskInProgress())
    with pytest.raises(Conflict):
        actions.act(busy, "vc_one", "id", InstanceAction.DELETE)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", [vim.fault.TaskInProgress(), vim.fault.InvalidPowerState()])
def test_one_that_is_being_powered_on_by_vsphere_is_left_to_it(fault: Exception) -> None:
    machine = {"VirtualMachine:vm-1": {"runtime.powerState": "poweredOff"}}
    busy = Inventory(machine, PowerOnVM_Task=fault)
    assert building.create(busy, "vc_one", SPEC)  # type: ignore[arg-type]


def test_a_power_on_that_takes_longer_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> None:
        raise CloudTimeout("vc_one", "did not answer in time")

    monkeypatch.setattr(building, "finish", slow)
    off = Inventory({"VirtualMachine:vm-1": {"runtime.powerState": "poweredOff"}})
    assert building.create(off, "vc_one", SPEC)  # type: ignore[arg-type]
