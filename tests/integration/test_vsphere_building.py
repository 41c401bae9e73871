"""VMs made by the plugin on a simulated vCenter."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pyVmomi import vim, vmodl

from fed_common.core.errors import CloudFailed, CloudTimeout, Conflict, Invalid, NotFound
from fed_common.core.instances import Instance, InstanceAction, InstanceSpec
from multicloud_generic.vsphere import building
from multicloud_generic.vsphere.connection import failure
from multicloud_generic.vsphere.plugin import VspherePlugin
from tests.vcsim import Vcsim
from tests.waiting import until

pytestmark = pytest.mark.servers
PLUGIN = VspherePlugin()
TIMEOUT = 60.0
CLUSTER = "/DC0/host/DC0_C0"


@pytest.fixture
def spec(vcsim: Vcsim) -> Iterator[InstanceSpec]:
    """What to make; what was made for it is gone afterwards."""
    vcsim.start()
    word = uuid4().hex[:8]
    yield InstanceSpec(f"key-{word}", f"vnf {word}", "DC0_H0_VM0")
    for path in named(vcsim, word):
        vcsim.govc("vm.destroy", path)


def named(vcsim: Vcsim, word: str) -> list[str]:
    """The paths of the VMs with that word in their name."""
    return vcsim.govc("find", "/DC0/vm", "-type", "m", "-name", f"*{word}*").splitlines()


def create(vcsim: Vcsim, spec: InstanceSpec, timeout: float = TIMEOUT) -> str:
    return PLUGIN.create_instance(vcsim.vim(), spec, timeout=timeout)


def show(vcsim: Vcsim, instance_id: str) -> Instance:
    return PLUGIN.show_instance(vcsim.vim(), instance_id, timeout=TIMEOUT)


def test_what_is_made_runs_and_is_made_once(vcsim: Vcsim, spec: InstanceSpec) -> None:
    made = create(vcsim, spec)
    assert create(vcsim, spec) == made
    assert create(vcsim, replace(spec, name=f"renamed {spec.name[4:]}")) == made

    [path] = named(vcsim, spec.name[4:])
    vcsim.govc("vm.change", "-vm", path, "-e", "SET.guest.ipAddress=10.0.0.9")
    shown = show(vcsim, made)
    assert (shown.id, shown.state, shown.host) == (made, "active", "DC0_H0")
    assert shown.name == path.rpartition("/")[2] == f"{spec.name}-{made[:8]}"
    assert shown.addresses == ("10.0.0.9",)
    listed = {one.id: one for one in PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT).instances}
    assert listed[made] == shown


def test_it_has_the_sizes_networks_and_data_asked_for(vcsim: Vcsim, spec: InstanceSpec) -> None:
    asked = replace(
        spec,
        networks=("VM Network", "DC0_DVPG0"),
        availability_zone="DC0_C0",
        user_data="#cloud-config\n# ä\n",
        properties={"num_cpus": "2", "mem_size": "1.5 GB", "disk_size": "1 GB"},
    )
    shown = show(vcsim, create(vcsim, asked))

    assert shown.flavor == "2 vCPU, 1536 MB"
    [machine] = json.loads(vcsim.govc("vm.info", "-json", *named(vcsim, spec.name[4:])))["virtualMachines"]
    pool, group = (vcsim.collect(path, "self")[0] for path in (f"{CLUSTER}/Resources", "/DC0/network/DC0_DVPG0"))
    assert pool.endswith(f":{machine['resourcePool']['value']}")
    cards = [one["backing"] for one in machine["config"]["hardware"]["device"] if "macAddress" in one]
    assert "VM Network" in [one.get("deviceName") for one in cards]
    assert group.rpartition(":")[2] in [one.get("port", {}).get("portgroupKey") for one in cards]
    extra = {one["key"]: one["value"] for one in machine["config"]["extraConfig"]}
    assert extra[building.KEY] == spec.key
    assert base64.b64decode(extra["guestinfo.userdata"]).decode() == asked.user_data


def test_a_template_is_cloned_and_runs_on_its_host(vcsim: Vcsim, spec: InstanceSpec) -> None:
    mould = f"mould {spec.name[4:]}"
    vcsim.govc("vm.clone", "-vm", "DC0_C0_RP0_VM0", "-pool", f"{CLUSTER}/Resources", "-on=false", mould)
    vcsim.govc("vm.markastemplate", mould)
    host = vcsim.collect(f"/DC0/vm/{mould}", "runtime.host")
    try:
        made = create(vcsim, replace(spec, image=mould))
        assert show(vcsim, made).state == "active"
        [path] = [one for one in named(vcsim, spec.name[4:]) if not one.endswith(mould)]
        assert vcsim.collect(path, "runtime.host") == host
    finally:
        vcsim.govc("vm.destroy", f"/DC0/vm/{mould}")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("image", "no such", "no such"),
        ("image", "", "image"),
        ("flavor", "f.tiny", "f.tiny"),
        ("networks", ("VM Network", "nonet"), "nonet"),
        ("availability_zone", "DC9", "DC0_C0"),
        ("properties", {"mem_size": "much"}, "much"),
    ],
)
def test_what_the_vsphere_has_not_is_named(
    vcsim: Vcsim, spec: InstanceSpec, field: str, value: Any, said: str
) -> None:
    with pytest.raises(Invalid, match=said) as caught:
        create(vcsim, replace(spec, **{field: value}))
    assert caught.value.field.partition(".")[0] == field
    assert not named(vcsim, spec.name[4:])


def test_many_at_once_have_the_same_one(vcsim: Vcsim, spec: InstanceSpec) -> None:
    with ThreadPoolExecutor(4) as pool:
        told = set(pool.map(lambda _: create(vcsim, spec), range(8)))
    assert len(told) == len(named(vcsim, spec.name[4:])) == 1


def test_a_clone_that_takes_longer_than_the_time_is_found_by_the_next_call(vcsim: Vcsim) -> None:
    vcsim.do("stop")
    vcsim.start(CLONE_DELAY="2500")
    try:
        spec = InstanceSpec("slow", "slow", "DC0_H0_VM0")
        with pytest.raises(CloudTimeout):
            create(vcsim, spec, timeout=1.5)
        made = create(vcsim, spec)
        assert show(vcsim, made).state == "active"
        until(lambda: not running(vcsim), every=0.2)
        assert len(named(vcsim, "slow")) == 1
    finally:
        vcsim.do("stop")
        vcsim.start()


def clones(vcsim: Vcsim) -> list[str]:
    """All tasks that clone."""
    tasks = vcsim.collect("TaskManager:TaskManager", "recentTask")[0].split(",")
    return [one for one in tasks if vcsim.collect(one, "info.name") == ["CloneVm"]]


def running(vcsim: Vcsim) -> bool:
    return any(vcsim.collect(one, "info.state") == ["running"] for one in clones(vcsim))


def test_a_clone_without_a_uuid_yet_is_building_and_is_no_other_one(vcsim: Vcsim, spec: InstanceSpec) -> None:
    made = create(vcsim, spec)
    [path] = named(vcsim, spec.name[4:])
    vcsim.govc("vm.change", "-vm", path, "-e", "SET.config.instanceUuid=")

    assert show(vcsim, made).state == "building"
    assert create(vcsim, spec) == made
    PLUGIN.act(vcsim.vim(), made, InstanceAction.DELETE, timeout=TIMEOUT)
    assert not named(vcsim, spec.name[4:])


def test_one_that_was_left_powered_off_is_powered_on_by_asking_again(vcsim: Vcsim, spec: InstanceSpec) -> None:
    made = create(vcsim, spec)
    vcsim.govc("vm.power", "-off", *named(vcsim, spec.name[4:]))
    assert show(vcsim, made).state == "stopped"
    assert create(vcsim, spec) == made
    assert show(vcsim, made).state == "active"


def test_a_running_one_is_deleted_and_then_not_found(vcsim: Vcsim, spec: InstanceSpec) -> None:
    made = create(vcsim, spec)
    PLUGIN.act(vcsim.vim(), made, InstanceAction.DELETE, timeout=TIMEOUT)
    with pytest.raises(NotFound):
        show(vcsim, made)
    with pytest.raises(NotFound):
        PLUGIN.act(vcsim.vim(), made, InstanceAction.DELETE, timeout=TIMEOUT)
    assert create(vcsim, spec) == made, "a key stands for one id"
    assert show(vcsim, made).state == "active"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (vim.fault.InsufficientMemoryResourcesFault(msg="no memory"), Conflict),
        (vim.fault.NoDiskSpace(msg="no memory"), Conflict),
        (vmodl.fault.InvalidArgument(msg="no memory"), CloudFailed),
    ],
)
def test_a_clone_without_room_is_a_conflict_and_any_other_fault_the_clouds(
    vcsim: Vcsim, spec: InstanceSpec, monkeypatch: pytest.MonkeyPatch, fault: Exception, expected: type[Exception]
) -> None:
    def refuse(*_: object) -> bool:
        raise failure("vc_one", fault) from fault

    monkeypatch.setattr(building, "ended", refuse)
    with pytest.raises(expected, match="no memory"):
        create(vcsim, spec)
