"""The plugin against the real Keystone, Placement, Nova and Neutron."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests

from fed_common.core import clock
from fed_common.core.errors import CloudFailed, Conflict, NotFound
from fed_common.core.instances import HostState, Instance, InstanceAction, Room, Sweep
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Credentials, Vim, VimId
from multicloud_generic.openstack.plugin import OpenStackPlugin
from tests.conftest import service
from tests.doubles.openstack import RECORDED
from tests.doubles.openstack_recording import ask, questions, recorded, servers
from tests.real_openstack import AUTH_URL, RealOpenStack
from tests.waiting import until

pytestmark = pytest.mark.servers
PLUGIN = OpenStackPlugin()
TIMEOUT = 60
FREE = {"metadata", "addresses", "provider_summaries", "allocations", "mappings"}  # keys are names or ids
SOMETIMES = {"progress", "fault"}  # of a server in some states only


def record(user: str = "admin", *projects: str, password: str = "secret") -> Vim:
    return Vim(
        VimId("real", f"{user}-{len(projects)}"),
        "openstack",
        auth_url=AUTH_URL,
        credentials=Credentials(user, password),
        projects=projects or ("admin",),
    )


VIM = record()


@pytest.fixture(scope="module")
def cloud() -> RealOpenStack:
    """Running; it stays for the other tests."""
    service("openstack", "start")
    return RealOpenStack()


@pytest.fixture(scope="module")
def vm(cloud: RealOpenStack) -> Iterator[str]:
    """One server that is active at first."""
    server = cloud.boot(f"plugin-{uuid4().hex[:8]}", "tenant-a")
    until(lambda: cloud.state(server) == "active", within=240, every=0.3)
    yield server
    cloud.nova("POST", f"/servers/{server}/action", {"forceDelete": None})


def look(vim: Vim = VIM, since: datetime | None = None) -> Sweep:
    return PLUGIN.list_instances(vim, since=since, timeout=TIMEOUT)


def seen(server: str, vim: Vim = VIM, since: datetime | None = None) -> Instance | None:
    return next((one for one in look(vim, since).instances if one.id == server), None)


def quiet(cloud: RealOpenStack, server: str, state: str) -> Instance:
    """The instance once it is in that state and nothing goes on."""
    until(lambda: (cloud.state(server), cloud.task(server)) == (state, ""), within=240, every=0.3)
    found = seen(server)
    assert found
    assert (found.state, found.state_description) == (state, "")
    return found


def test_the_credentials_work(cloud: RealOpenStack) -> None:
    PLUGIN.probe_vim(VIM, timeout=TIMEOUT)
    with pytest.raises(CloudFailed, match="Keystone refused the credentials"):
        PLUGIN.probe_vim(record("admin", "admin", password="wrong"), timeout=TIMEOUT)


def test_it_shows_the_servers_that_the_stock_client_shows(cloud: RealOpenStack, vm: str) -> None:
    def both() -> bool:
        listed = service("openstack", "cli", "server", "list", "--all-projects", "--long", "-f", "json")
        theirs = {(one["ID"], one["Name"], one["Host"]) for one in json.loads(listed)}
        ours = {(one.id, one.name, one.host or None) for one in look().instances if one.state != "soft-delete"}
        return theirs == ours and vm in {one[0] for one in theirs}

    until(both, within=180, every=0.5)


def test_it_shows_the_hosts_that_nova_has(cloud: RealOpenStack) -> None:
    hosts = look().hosts
    assert hosts
    assert {(one.name, one.availability_zone) for one in hosts} == {
        ("fedcmp-1", "zone-good"),
        ("fedcmp-2", "zone-good"),
        ("fedcmp-fail", "zone-fail"),
    }


def test_what_changed_since_then_and_what_is_gone(cloud: RealOpenStack, vm: str) -> None:
    other = cloud.boot(f"plugin-{uuid4().hex[:8]}")
    until(lambda: cloud.state(other) == "active", within=240, every=0.3)
    since = clock.now()
    cloud.delete(other)
    until(lambda: cloud.state(other) == "soft-delete", within=180, every=0.3)
    hidden, changed = seen(other), seen(other, since=since)
    assert hidden
    assert changed
    assert hidden.state == changed.state == "soft-delete"

    cloud.act(other, {"forceDelete": None})
    until(lambda: cloud.state(other) == "", within=180, every=0.3)
    assert seen(other) is None
    found = look(since=since)
    assert other in found.gone
    assert not found.complete
    assert vm not in {one.id for one in look(since=clock.now() + timedelta(minutes=5)).instances}


def test_without_the_administrators_role_it_looks_at_each_project(cloud: RealOpenStack, vm: str) -> None:
    watcher = record("watcher", "tenant-b", "tenant-a")
    found = look(watcher)
    assert vm in {one.id for one in found.instances}
    projects = {cloud.project_id("tenant-a"), cloud.project_id("tenant-b")}
    assert {one.tenant_id for one in found.instances} <= projects
    assert found.hosts is None

    other = cloud.boot(f"plugin-{uuid4().hex[:8]}", "tenant-b")
    until(lambda: cloud.state(other) == "active", within=240, every=0.3)
    since = clock.now()
    cloud.delete(other)
    until(lambda: cloud.state(other) == "soft-delete", within=180, every=0.3)
    hidden = seen(other, watcher)
    assert hidden
    assert hidden.state == "soft-delete"
    cloud.act(other, {"forceDelete": None})
    until(lambda: other in look(watcher, since).gone, within=180, every=0.3)


def test_a_flavor_that_opts_out_is_seen(cloud: RealOpenStack) -> None:
    name = f"quiet-{uuid4().hex[:8]}"
    flavor = {"flavor": {"name": name, "id": name, "ram": 64, "vcpus": 1, "disk": 1}}
    assert cloud.nova("POST", "/flavors", flavor).ok
    specs = {"extra_specs": {OPT_OUT: "disabled"}}
    assert cloud.nova("POST", f"/flavors/{name}/os-extra_specs", specs).ok
    server = cloud.boot(name, flavorRef=name)
    try:
        found = until(lambda: seen(server), within=240, every=0.3)
        assert found
        assert found.traits == {OPT_OUT: "disabled"}
        assert found.flavor == name
    finally:
        until(lambda: cloud.state(server) != "building", within=180, every=0.3)
        cloud.act(server, {"forceDelete": None})
        cloud.nova("DELETE", f"/flavors/{name}")


def test_actions_are_done_and_only_a_rebuild_launches_anew(cloud: RealOpenStack, vm: str) -> None:
    then = quiet(cloud, vm, "active")
    for action, state in (
        (InstanceAction.POWER_OFF, "stopped"),
        (InstanceAction.POWER_ON, "active"),
        (InstanceAction.REBOOT, "active"),
        (InstanceAction.REBUILD, "active"),
    ):
        before = cloud.updated(vm)
        until(lambda before=before: clock.iso(clock.now())[:19] > before[:19])  # Nova's times have whole seconds
        PLUGIN.act(VIM, vm, action, timeout=TIMEOUT)
        until(lambda before=before: cloud.updated(vm) > before, within=180, every=0.3)
        now = quiet(cloud, vm, state)
        assert (now.launched_at > then.launched_at) == (action is InstanceAction.REBUILD)
        assert now.image == then.image


def test_an_action_that_does_not_fit_the_state_is_a_conflict(cloud: RealOpenStack, vm: str) -> None:
    quiet(cloud, vm, "active")
    with pytest.raises(Conflict, match="vm_state active"):
        PLUGIN.act(VIM, vm, InstanceAction.POWER_ON, timeout=TIMEOUT)


@pytest.mark.parametrize("action", list(InstanceAction))
def test_an_instance_that_is_not_there(cloud: RealOpenStack, action: InstanceAction) -> None:
    with pytest.raises(NotFound):
        PLUGIN.act(VIM, str(uuid4()), action, timeout=TIMEOUT)


def test_a_state_is_set_twice_and_taken_back(cloud: RealOpenStack, vm: str) -> None:
    for state in ("error", "error", "active"):
        PLUGIN.reset_state(VIM, vm, state, timeout=TIMEOUT)
        assert cloud.state(vm) == state
    with pytest.raises(NotFound):
        PLUGIN.reset_state(VIM, str(uuid4()), "error", timeout=TIMEOUT)


def test_a_host_is_marked_down_twice_and_up_again_twice(cloud: RealOpenStack) -> None:
    try:
        for _ in range(2):
            PLUGIN.mark_host_down(VIM, "fedcmp-fail", down=True, timeout=TIMEOUT)
            assert state_of("fedcmp-fail") is HostState.DOWN
    finally:
        for _ in range(2):
            PLUGIN.mark_host_down(VIM, "fedcmp-fail", down=False, timeout=TIMEOUT)
    until(lambda: state_of("fedcmp-fail") is HostState.UP, within=180, every=0.5)
    with pytest.raises(NotFound):
        PLUGIN.mark_host_down(VIM, "nowhere", down=True, timeout=TIMEOUT)


def state_of(host: str) -> HostState:
    return next(one.state for one in look().hosts or () if one.name == host)


def test_there_is_room_as_placement_says(cloud: RealOpenStack) -> None:
    capacity = PLUGIN.capacity(VIM, timeout=TIMEOUT)
    ratio = cloud.inventory("fedcmp-1", "VCPU")
    assert max(one.vcpus or 0 for one in capacity.hosts) <= ratio["total"] * ratio["allocation_ratio"]
    assert {zone.name for zone in capacity.zones} == {"zone-good", "zone-fail"}
    assert capacity.quota.storage_gb is None
    assert capacity.fits(Room(1, 1, 1))
    assert not capacity.fits(Room(10**6, 1, 1))


def test_a_server_takes_its_share_of_the_quota(cloud: RealOpenStack, vm: str) -> None:
    tenant = cloud.project_id("tenant-a")
    limits = cloud.nova("GET", f"/os-quota-sets/{tenant}/detail").json()["quota_set"]
    for name in ("tenant-a", tenant):
        quota = PLUGIN.capacity(VIM, project=name, timeout=TIMEOUT).quota
        assert quota.vcpus == limits["cores"]["limit"] - limits["cores"]["in_use"]
        assert quota.memory_gb == (limits["ram"]["limit"] - limits["ram"]["in_use"]) / 1024
    with pytest.raises(NotFound):
        PLUGIN.capacity(VIM, project="nowhere", timeout=TIMEOUT)


def test_who_is_no_administrator_has_the_quota_alone(cloud: RealOpenStack) -> None:
    watcher = record("watcher", "tenant-b", "tenant-a")
    for project in ("", "tenant-a"):
        capacity = PLUGIN.capacity(watcher, project=project, timeout=TIMEOUT)
        assert capacity.hosts == (Room(None, None, None),)
        assert capacity.quota.vcpus


@pytest.mark.parametrize(
    ("called", "rest", "part"),
    [
        ("identity", "v3/projects", "projects"),
        ("compute", "v2.1/servers", "servers"),
        ("compute", "v2.1/{project}/servers", "servers"),
        ("compute", "v2/{project}/servers", "servers"),
        ("nova", "servers", "servers"),
        ("nova", "{project}/servers", "servers"),
        ("image", "v2/images", "images"),
        ("glance", "v2/images", "images"),
        ("network", "v2.0/networks", "networks"),
        ("neutron", "v2.0/networks", "networks"),
        ("placement", "resource_providers", "resource_providers"),
    ],
)
def test_a_callers_path_leads_to_the_service(cloud: RealOpenStack, called: str, rest: str, part: str) -> None:
    base = PLUGIN.service_url(VIM, called, timeout=TIMEOUT)
    url = f"{base}/{rest.format(project=cloud.project_id('admin'))}"
    answer = requests.get(url, headers={"X-Auth-Token": cloud.token()}, timeout=TIMEOUT)
    assert part in answer.json()


def test_the_double_answers_like_the_real_one(cloud: RealOpenStack) -> None:
    """The recording may be old; its shape may not."""
    kept = {(one["who"], without_ids(one["path"])): one for one in json.loads(RECORDED.read_text())["answers"]}
    with servers(cloud):
        for who, path in questions(cloud):
            real = recorded(who, "GET", path, ask(cloud, who, path))
            mine = kept[who, without_ids(path)]
            assert mine["status"] == real["status"], path
            assert not differences(mine["body"], real["body"]), path


def without_ids(path: str) -> str:
    return "/".join("<id>" if len(part) == 32 else part for part in path.split("/"))


def differences(mine: Any, real: Any, where: str = "") -> list[str]:
    """Where keys or types are others; what is null in one of them counts as alike."""
    if isinstance(mine, dict) and isinstance(real, dict):
        if where.rpartition("/")[2] in FREE:
            return differences(list(mine.values()), list(real.values()), where)
        if odd := (mine.keys() ^ real.keys()) - SOMETIMES:
            return [f"{where}: {sorted(odd)}"]
        return [
            one for key in mine.keys() & real.keys() for one in differences(mine[key], real[key], f"{where}/{key}")
        ]
    if isinstance(mine, list) and isinstance(real, list):
        return differences(mine[0], real[0], f"{where}/0") if mine and real else []
    if mine is None or real is None or type(mine) is type(real):
        return []
    return [f"{where}: {mine!r} is not like {real!r}"]
