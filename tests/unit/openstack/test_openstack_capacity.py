from __future__ import annotations

from typing import Any

import pytest

from fed_common.core.errors import CloudFailed, NotFound
from fed_common.core.instances import Host, HostState, Room
from multicloud_generic.openstack.capacity import host_rooms, quota_room, to_capacity
from multicloud_generic.openstack.plugin import OpenStackPlugin
from tests.doubles.openstack import Answer, OpenStackDouble

UP = Host("one", HostState.UP, "", "east")
DOWN = Host("two", HostState.DOWN, "", "east")
WEST = Host("three", HostState.UP, "", "west")
CANDIDATES = "/placement/allocation_candidates"


def hypervisor(host: str, vcpus: int = 8, ram: int = 16384, disk: int = 100) -> dict[str, Any]:
    used = {"vcpus_used": 2, "memory_mb_used": 4096, "local_gb_used": 10}
    return {
        "id": f"id-{host}",
        "service": {"host": host},
        "vcpus": vcpus,
        "memory_mb": ram,
        "local_gb": disk,
        **used,
    }


def placed(cpu: tuple[int, int], **others: tuple[int, int]) -> dict[str, Any]:
    sizes = {"VCPU": cpu, **others}
    return {"resources": {name: {"capacity": size[0], "used": size[1]} for name, size in sizes.items()}}


def quota(**numbers: tuple[int, int]) -> dict[str, Any]:
    sets = {name: {"limit": limit, "in_use": used, "reserved": 0} for name, (limit, used) in numbers.items()}
    return {"quota_set": {"id": "p", **sets}}


def test_memory_is_told_in_gb():
    found = host_rooms([UP], [hypervisor("one")], None)
    assert found[0].total == Room(8, 16, 100)
    assert found[0].free == Room(6, 12, 90)


def test_only_hosts_that_are_up_have_room():
    found = host_rooms([UP, DOWN], [hypervisor("one"), hypervisor("two"), hypervisor("stranger")], None)
    assert [one.host.name for one in found] == ["one"]


def test_placement_knows_how_much_is_overcommitted():
    summaries = {"provider_summaries": {"id-one": placed((32, 2), MEMORY_MB=(24576, 4096), DISK_GB=(100, 10))}}
    found = host_rooms([UP], [hypervisor("one")], summaries)
    assert found[0].total == Room(32, 24, 100)
    assert found[0].free == Room(30, 20, 90)


def test_storage_that_a_host_shares_is_told_by_nova():
    summaries = {"provider_summaries": {"id-one": placed((32, 2), MEMORY_MB=(16384, 0))}}
    assert host_rooms([UP], [hypervisor("one")], summaries)[0].free == Room(30, 16, 90)


def test_a_host_that_placement_does_not_offer_is_full():
    found = host_rooms([UP], [hypervisor("one")], {"provider_summaries": {}})
    assert (found[0].total, found[0].free) == (Room(8, 16, 100), Room(0, 0, 0))


def test_an_overcommitted_host_has_no_negative_room():
    assert host_rooms([UP], [hypervisor("one", vcpus=1)], None)[0].free.vcpus == 0


def test_zones_are_the_sums_of_their_hosts():
    rooms = host_rooms([WEST, UP], [hypervisor("one"), hypervisor("three"), hypervisor("one")], None)
    capacity = to_capacity(Room(), rooms)
    assert [(zone.name, zone.total, zone.free) for zone in capacity.zones] == [
        ("east", Room(16, 32, 200), Room(12, 24, 180)),
        ("west", Room(8, 16, 100), Room(6, 12, 90)),
    ]
    assert len(capacity.hosts) == 3


def test_a_quota_is_what_is_left_of_it():
    nova = quota(cores=(20, 5), ram=(51200, 2048))
    assert quota_room(nova, quota(gigabytes=(1000, 300))) == Room(15, 48, 700)


def test_minus_one_is_no_limit_and_no_volume_service_sets_none():
    assert quota_room(quota(cores=(-1, 5), ram=(-1, 1)), quota(gigabytes=(-1, 1))) == Room(None, None, None)
    assert quota_room(quota(cores=(1, 5), ram=(1024, 0)), None) == Room(0, 1, None)


@pytest.mark.parametrize("odd", [None, {}, {"quota_set": {}}, {"quota_set": {"cores": {"limit": "many"}}}])
def test_a_quota_that_cannot_be_read_is_said(odd: object):
    with pytest.raises(ValueError, match="it has no"):
        quota_room(odd, None)


def test_a_cloud_tells_quota_hosts_and_zones(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    capacity = plugin.capacity(cloud.vim(), timeout=60)
    assert capacity.quota.storage_gb is None
    assert len(capacity.hosts) == 3
    assert [(zone.name, zone.total.vcpus) for zone in capacity.zones] == [
        ("zone-fail", 16000),
        ("zone-good", 32000),
    ]
    assert capacity.fits(Room(1, 1, 1))
    assert not capacity.fits(Room(1, 100_000, 1))


def test_without_placement_novas_own_numbers_count(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(CANDIDATES, Answer(403, {"errors": []}))
    assert plugin.capacity(cloud.vim(), timeout=60).zones[0].total.vcpus == 1000


def test_a_placement_that_fails_is_a_failure(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(CANDIDATES, Answer(500))
    with pytest.raises(CloudFailed, match="placement answered 500"):
        plugin.capacity(cloud.vim(), timeout=60)


def test_another_project_is_found_by_name_and_by_id(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    projects = cloud.recorded("admin@admin", "/identity/v3/auth/projects")["projects"]
    tenant = next(one["id"] for one in projects if one["name"] == "tenant-b")
    asked = f"/compute/v2.1/os-quota-sets/{tenant}/detail"
    for name in ("tenant-b", tenant):
        plugin.capacity(cloud.vim(), project=name, timeout=60)
    assert len(cloud.calls(asked)) == 2


def test_a_project_that_nobody_has_is_not_found(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on("/identity/v3/projects", Answer(200, {"projects": []}))
    with pytest.raises(NotFound, match="'nowhere'"):
        plugin.capacity(cloud.vim(), project="nowhere", timeout=60)


def test_where_hosts_may_not_be_seen_only_the_quota_limits(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    capacity = plugin.capacity(cloud.vim("watcher", "secret", "tenant-a"), timeout=60)
    assert capacity.hosts == (Room(None, None, None),)
    assert capacity.fits(Room(1, 1, 10**9))
    assert not capacity.fits(Room(10**9, 1, 1))


def test_a_quota_that_only_the_project_itself_may_see_is_asked_for_there(
    cloud: OpenStackDouble, plugin: OpenStackPlugin
):
    projects = cloud.recorded("admin@admin", "/identity/v3/auth/projects")["projects"]
    tenant = next(one["id"] for one in projects if one["name"] == "tenant-a")
    path = f"/compute/v2.1/os-quota-sets/{tenant}/detail"
    body = quota(cores=(7, 0), ram=(1024, 0))
    cloud.on(path, lambda asked: Answer(403) if asked.who == "watcher@tenant-b" else Answer(200, body))
    cloud.on("/identity/v3/auth/projects", Answer(200, {"projects": projects}))
    cloud.knows(f"watcher@{tenant}", "watcher@tenant-a")
    vim = cloud.vim("watcher", "secret", "tenant-b", "tenant-a")
    cloud.on("/compute/v2.1/os-services", Answer(403))
    assert plugin.capacity(vim, project="tenant-a", timeout=60).quota == Room(7, 1, None)


def test_volumes_count_where_there_is_a_volume_service(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    project = cloud.has_at("volumev3", "cinderv3", f"{cloud.url}/volume/v3")
    path = f"/volume/v3/{project}/os-quota-sets/{project}"
    cloud.on(path, Answer(200, quota(gigabytes=(1000, 250))))
    assert plugin.capacity(cloud.vim(), timeout=60).quota.storage_gb == 750
    assert cloud.calls(path)[0].query == {"usage": "True"}
