from __future__ import annotations

from typing import Any

import pytest

from fed_common.core.instances import Room
from multicloud_generic.vsphere.capacity import GB, capacity


def host(name: str, *stores: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "parent": "ClusterComputeResource:gold",
        "runtime.connectionState": "connected",
        "runtime.powerState": "poweredOn",
        "summary.hardware.numCpuThreads": 16,
        "summary.hardware.memorySize": 64 * GB,
        "datastore": stores,
        **{path.replace("__", "."): value for path, value in changes.items()},
    }


def store(free: int, **changes: Any) -> dict[str, Any]:
    return {
        "summary.capacity": 100 * GB,
        "summary.freeSpace": free * GB,
        "summary.accessible": True,
        "summary.maintenanceMode": "normal",
        **{path.replace("__", "."): value for path, value in changes.items()},
    }


def vm(on: str, power: str, vcpus: int, memory_mb: int) -> dict[str, Any]:
    return {
        "runtime.host": on,
        "runtime.powerState": power,
        "config.hardware.numCPU": vcpus,
        "config.hardware.memoryMB": memory_mb,
    }


OBJECTS = {
    "ClusterComputeResource:gold": {"name": "gold"},
    "HostSystem:1": host("one", "Datastore:a", "Datastore:b"),
    "HostSystem:2": host("two", "Datastore:a"),
    "Datastore:a": store(20),
    "Datastore:b": store(30),
    "VirtualMachine:1": vm("HostSystem:1", "poweredOn", 4, 8192),
    "VirtualMachine:2": vm("HostSystem:1", "poweredOff", 8, 16384),
    "VirtualMachine:3": vm("HostSystem:2", "poweredOn", 2, 1024),
}


def test_what_runs_takes_its_vcpus_and_memory_and_the_freest_datastore_counts() -> None:
    told = capacity(OBJECTS)
    assert told.hosts == (Room(12, 56, 30), Room(14, 63, 20))
    assert told.quota == Room(None, None, None)


def test_a_zone_has_the_room_of_its_hosts_and_each_datastore_once() -> None:
    [zone] = capacity(OBJECTS).zones
    assert zone.name == "gold"
    assert zone.total == Room(32, 128, 200)
    assert zone.free == Room(26, 119, 50)


@pytest.mark.parametrize(
    "changes",
    [
        {"runtime__connectionState": "notResponding"},
        {"runtime__connectionState": "disconnected"},
        {"runtime__inMaintenanceMode": True},
        {"runtime__powerState": "standBy"},
    ],
)
def test_a_host_that_is_not_up_has_no_room(changes: dict[str, Any]) -> None:
    told = capacity({**OBJECTS, "HostSystem:1": host("one", "Datastore:a", **changes)})
    assert told.hosts == (Room(14, 63, 20),)
    assert told.zones[0].total == Room(16, 64, 100)


@pytest.mark.parametrize(
    "changes", [{"summary__accessible": False}, {"summary__maintenanceMode": "inMaintenance"}]
)
def test_a_datastore_that_cannot_be_used_has_no_room(changes: dict[str, Any]) -> None:
    told = capacity({**OBJECTS, "Datastore:b": store(30, **changes)})
    assert told.hosts[0].storage_gb == 20


def test_a_host_that_promised_more_than_it_has_has_nothing_left() -> None:
    told = capacity({**OBJECTS, "VirtualMachine:4": vm("HostSystem:1", "poweredOn", 20, 1024 * 100)})
    assert told.hosts[0] == Room(0, 0, 30)


def test_nothing_seen_is_no_room() -> None:
    told = capacity({})
    assert (told.hosts, told.zones) == ((), ())
    assert not told.fits(Room(1, 1, 1))
