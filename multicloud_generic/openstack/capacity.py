"""How much room a cloud has, out of what its services say. Pure; what cannot be read raises ValueError.

Amounts are vCPUs and GB of 1024 MB. Placement's amounts hold the operator's overcommitment; Nova's own are bare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import sub
from typing import Any, NamedTuple

from fed_common.core.instances import Capacity, Host, HostState, Room, Zone

MB_IN_GB = 1024
Size = tuple[float, float]
_CLASSES = ("VCPU", "MEMORY_MB", "DISK_GB")
_OWN = (("vcpus", "vcpus_used"), ("memory_mb", "memory_mb_used"), ("local_gb", "local_gb_used"))


class HostRoom(NamedTuple):
    """What one host has in all, and what is left of it."""

    host: Host
    total: Room
    free: Room


def to_capacity(quota: Room, rooms: Sequence[HostRoom]) -> Capacity:
    """The capacity with its zones."""
    by_zone = sorted(rooms, key=lambda room: room.host.availability_zone)
    zones = groupby(by_zone, key=lambda room: room.host.availability_zone)
    return Capacity(quota, tuple(room.free for room in rooms), tuple(_zone(name, list(of)) for name, of in zones))


def quota_room(compute: object, volumes: object) -> Room:
    """What is left of a project's quota; ``volumes`` is ``None`` where there is no volume service."""
    memory = _left(compute, "ram")
    return Room(
        vcpus=_left(compute, "cores"),
        memory_gb=None if memory is None else memory / MB_IN_GB,
        storage_gb=None if volumes is None else _left(volumes, "gigabytes"),
    )


def host_rooms(hosts: Iterable[Host], hypervisors: Iterable[object], candidates: object) -> list[HostRoom]:
    """The room of each host that is up. ``candidates`` are Placement's; ``None``: Nova's own numbers count."""
    up = {host.name: host for host in hosts if host.state is HostState.UP}
    placed = None if candidates is None else _object(candidates, "provider_summaries")
    rooms = []
    for one in hypervisors:
        host = up.get(str(_object(one, "service").get("host")))
        if host and isinstance(one, dict):
            sizes = _sizes(one) if placed is None else _placed(one, placed.get(str(one.get("id"))))
            total, used = zip(*sizes, strict=True)
            rooms.append(HostRoom(host, _room(total), _room(map(sub, total, used))))
    return rooms


def _zone(name: str, rooms: Sequence[HostRoom]) -> Zone:
    return Zone(name, _sum(room.total for room in rooms), _sum(room.free for room in rooms))


def _sum(rooms: Iterable[Room]) -> Room:
    sizes = zip(*((room.vcpus or 0, room.memory_gb or 0, room.storage_gb or 0) for room in rooms), strict=True)
    return Room(*map(sum, sizes))


def _sizes(hypervisor: Mapping[str, Any]) -> list[Size]:
    """What Nova says of vCPUs, MB and GB."""
    return [(_number(hypervisor, total), _number(hypervisor, used)) for total, used in _OWN]


def _placed(hypervisor: Mapping[str, Any], summary: object) -> list[Size]:
    """What Placement says. A host it does not name is full; what it does not know of a host, Nova does."""
    own = _sizes(hypervisor)
    if summary is None:
        return [(total, total) for total, _ in own]
    resources = _object(summary, "resources")
    return [
        (_number(resources[name], "capacity"), _number(resources[name], "used")) if name in resources else size
        for name, size in zip(_CLASSES, own, strict=True)
    ]


def _room(sizes: Iterable[float]) -> Room:
    vcpus, memory_mb, storage_gb = (max(size, 0) for size in sizes)
    return Room(vcpus, memory_mb / MB_IN_GB, storage_gb)


def _left(answer: object, name: str) -> float | None:
    """What is left of one quota; ``None``: it has no limit."""
    quota = _object(_object(answer, "quota_set"), name)
    limit = _number(quota, "limit")
    if limit < 0:
        return None
    return max(limit - _number(quota, "in_use") - _number(quota, "reserved"), 0)


def _object(value: object, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise ValueError(f"it has no {name}")
    return found


def _number(value: object, name: str) -> float:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, int | float):
        raise ValueError(f"it has no number {name}")
    return found
