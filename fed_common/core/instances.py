"""What a cloud has: its instances, hosts and room. The nouns that plugins answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Instance:
    """One VM as its cloud shows it at one moment.

    ``state``              Nova's vm_state word, for every type of cloud: active, building, paused, suspended,
                           stopped, rescued, resized, soft-delete, deleted, error, shelved, shelved_offloaded;
                           ``unknown`` when the cloud itself does not know.
    ``state_description``  Nova's task_state word, empty when nothing is going on.
    ``launched_at``        the cloud's own text, usually the boot time.
    ``changed_at``         when the cloud says that the VM last changed, ``None`` when it does not say.
    ``payload``            the keys of the spec's sample that the cloud can fill, values of its own.
    ``fault``              why it is in ``error``, in the cloud's words, when it says so. No part of what it is.
    """

    id: str
    name: str
    state: str
    state_description: str = ""
    power_state: str = ""
    host: str = ""
    tenant_id: str = ""
    availability_zone: str = ""
    launched_at: str = ""
    changed_at: datetime | None = None
    flavor: str = ""
    image: str = ""
    addresses: tuple[str, ...] = ()
    traits: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)
    fault: str = field(default="", compare=False)


STATE_NUMBERS = {
    "unknown": 0,
    "active": 1,
    "building": 2,
    "paused": 3,
    "suspended": 4,
    "stopped": 5,
    "rescued": 6,
    "resized": 7,
    "shelved": 8,
    "shelved_offloaded": 9,
    "soft-delete": 10,
    "deleted": 11,
    "error": 12,
}
"""The meter ``instance.state`` as a number, for stores that keep numbers only. They name, they do not rank."""


class HostState(StrEnum):
    """What a cloud says of a host. Disabled is the administrator's will, down is a fault."""

    UP = "up"
    DOWN = "down"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Host:
    """One hypervisor of a cloud."""

    name: str
    state: HostState
    reason: str = ""
    availability_zone: str = ""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one look at a cloud showed.

    ``complete``  instances that are not in it are gone; otherwise it holds only what changed.
    ``gone``      ids the cloud itself names as deleted.
    ``hosts``     every host, or ``None``: they were not looked at.
    ``taken_at``  when the look began, by our clock: what changes later is not in it.
    ``scope``     what part of the cloud was looked at, in any words; empty: all of it. Looks at different
                  parts say nothing of each other.
    """

    instances: tuple[Instance, ...]
    taken_at: datetime
    complete: bool = True
    gone: frozenset[str] = frozenset()
    hosts: tuple[Host, ...] | None = None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """An amount of vCPUs, memory and storage in GB; ``None``: without limit."""

    vcpus: float | None = 0
    memory_gb: float | None = 0
    storage_gb: float | None = 0

    def holds(self, need: Room) -> bool:
        """Whether ``need``, which has no ``None``, fits in."""
        pairs = (
            (self.vcpus, need.vcpus),
            (self.memory_gb, need.memory_gb),
            (self.storage_gb, need.storage_gb),
        )
        return all(free is None or free >= (asked or 0) for free, asked in pairs)


@dataclass(frozen=True, slots=True)
class Zone:
    """An availability zone and its room."""

    name: str
    total: Room
    free: Room


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a cloud still has room for: within the project's quota, and on its single hosts."""

    quota: Room
    hosts: tuple[Room, ...]
    zones: tuple[Zone, ...] = ()

    def fits(self, need: Room) -> bool:
        """Whether the quota and at least one host have room for all of ``need``."""
        return self.quota.holds(need) and any(host.holds(need) for host in self.hosts)


class InstanceAction(StrEnum):
    """What the gateway may do to an instance by itself, for a policy."""

    POWER_ON = "power_on"
    POWER_OFF = "power_off"
    REBOOT = "reboot"
    REBUILD = "rebuild"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """An instance to be made. ``key`` is what makes asking twice harmless: one key, one instance.

    ``image``     name or id of an image; of a vSphere the VM or template that is cloned.
    ``flavor``    name or id; a vSphere has none.
    ``networks``  names or ids; empty: what the cloud gives by itself.
    """

    key: str
    name: str
    image: str
    flavor: str = ""
    networks: tuple[str, ...] = ()
    availability_zone: str = ""
    user_data: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
