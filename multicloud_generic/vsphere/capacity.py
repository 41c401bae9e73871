"""How much room a vSphere has. Pure.

A powered-on VM takes the vCPUs and the memory it is configured with, as Nova counts: what vSphere could
promise beyond that is not counted. Hosts that are not up have no room. A VM's disks go to one datastore,
so a host has as much storage as its datastore with the most free space.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fed_common.core.instances import Capacity, HostState, Room, Zone
from multicloud_generic.vsphere.mapping import (
    COMPUTE,
    DATASTORE,
    HOST,
    VM,
    Objects,
    Properties,
    host_state,
    of_type,
    zone,
)

LOOK: Mapping[str, tuple[str, ...]] = {
    VM: ("runtime.powerState", "runtime.host", "config.hardware.numCPU", "config.hardware.memoryMB"),
    HOST: (
        "name",
        "parent",
        "runtime.connectionState",
        "runtime.powerState",
        "runtime.inMaintenanceMode",
        "summary.hardware.numCpuThreads",
        "summary.hardware.memorySize",
        "datastore",
    ),
    COMPUTE: ("name",),
    DATASTORE: ("summary.capacity", "summary.freeSpace", "summary.accessible", "summary.maintenanceMode"),
}
GB = 1024**3
NO_LIMIT = Room(None, None, None)


class _Share(NamedTuple):
    """A host's part: its zone, what it has, what of it is free, and its datastores."""

    zone: str
    total: Room
    free: Room
    datastores: frozenset[str]


def capacity(objects: Objects) -> Capacity:
    """The room on every host that is up, and in every zone. vSphere has no quotas."""
    up = [name for name in of_type(objects, HOST) if host_state(objects[name])[0] is HostState.UP]
    shares = [_share(objects, name) for name in up]
    zones = sorted({share.zone for share in shares})
    return Capacity(
        quota=NO_LIMIT,
        hosts=tuple(share.free for share in shares),
        zones=tuple(_zone(objects, name, [share for share in shares if share.zone == name]) for name in zones),
    )


def _share(objects: Objects, name: str) -> _Share:
    host = objects[name]
    guests = [
        vm
        for vm in (objects[one] for one in of_type(objects, VM))
        if vm.get("runtime.host") == name and vm.get("runtime.powerState") == "poweredOn"
    ]
    vcpus = _number(host, "summary.hardware.numCpuThreads")
    memory = _number(host, "summary.hardware.memorySize") / GB
    stores = frozenset(one for one in host.get("datastore", ()) if _usable(objects.get(one, {})))
    return _Share(
        zone(objects, host),
        Room(vcpus, memory, _most(objects, stores, "summary.capacity")),
        Room(
            max(0, vcpus - sum(_number(vm, "config.hardware.numCPU") for vm in guests)),
            max(0, memory - sum(_number(vm, "config.hardware.memoryMB") for vm in guests) / 1024),
            _most(objects, stores, "summary.freeSpace"),
        ),
        stores,
    )


def _zone(objects: Objects, name: str, shares: Iterable[_Share]) -> Zone:
    parts = list(shares)
    stores = frozenset[str]().union(*(share.datastores for share in parts))
    return Zone(
        name,
        _sum((share.total for share in parts), sum(_storage(objects, one, "summary.capacity") for one in stores)),
        _sum((share.free for share in parts), sum(_storage(objects, one, "summary.freeSpace") for one in stores)),
    )


def _sum(rooms: Iterable[Room], storage: float) -> Room:
    parts = list(rooms)
    return Room(sum(one.vcpus or 0 for one in parts), sum(one.memory_gb or 0 for one in parts), storage)


def _most(objects: Objects, stores: Iterable[str], path: str) -> float:
    return max((_storage(objects, one, path) for one in stores), default=0)


def _storage(objects: Objects, store: str, path: str) -> float:
    return _number(objects[store], path) / GB


def _usable(store: Properties) -> bool:
    return bool(store.get("summary.accessible")) and store.get("summary.maintenanceMode", "normal") == "normal"


def _number(properties: Properties, path: str) -> float:
    return float(properties.get(path) or 0)
