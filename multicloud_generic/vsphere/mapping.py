"""What a vSphere shows, read as our nouns. Pure, and never raises on any values of the right types.

``Objects`` is an inventory in plain Python: "VirtualMachine:vm-55" to its properties by path, those that
are unset left out. A reference to another object is its name in that form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fed_common.core.instances import Host, HostState, Instance
from fed_common.core.matching import OPT_OUT

Properties = Mapping[str, Any]
Objects = Mapping[str, Properties]

VM, HOST, COMPUTE, DATASTORE = "VirtualMachine", "HostSystem", "ComputeResource", "Datastore"
CHANGE_VERSION = "config.changeVersion"
LOOK: Mapping[str, tuple[str, ...]] = {
    VM: (
        "name",
        "runtime.powerState",
        "runtime.connectionState",
        "runtime.host",
        "summary.runtime.bootTime",
        "config.instanceUuid",
        "summary.config.instanceUuid",
        "config.template",
        "config.createDate",
        "config.guestFullName",
        "config.hardware.numCPU",
        "config.hardware.memoryMB",
        "guest.ipAddress",
        "guest.hostName",
        "config.annotation",
        CHANGE_VERSION,
    ),
    HOST: ("name", "parent", "runtime.connectionState", "runtime.powerState", "runtime.inMaintenanceMode"),
    COMPUTE: ("name",),
}
_STATES = {"poweredOn": "active", "poweredOff": "stopped", "suspended": "suspended"}
_POWER_STATES = {"poweredOn": "running", "poweredOff": "shutdown", "suspended": "suspended"}
_NOTHING: Properties = {}
_UNKNOWN: Mapping[str, Any] = {
    "terminated_at": "",
    "ephemeral_gb": None,
    "instance_type_id": None,
    "deleted_at": "",
    "reservation_id": "",
    "progress": "",
    "metadata": {},
    "ramdisk_id": "",
    "access_ip_v6": None,
    "disk_gb": None,
    "kernel_id": "",
    "user_id": "",
    "image_ref_url": "",
    "cell_name": "",
    "root_gb": None,
    "tenant_id": "",
    "image_meta": {},
    "architecture": None,
    "instance_flavor_id": None,
}


def of_type(objects: Objects, kind: str) -> Iterable[str]:
    """The names of all objects of that type; clusters are compute resources."""
    kinds = ("ComputeResource:", "ClusterComputeResource:") if kind == COMPUTE else f"{kind}:"
    return [name for name in objects if name.startswith(kinds)]


def instances(objects: Objects, known: MutableMapping[str, str]) -> tuple[Instance, ...]:
    """Every VM. ``known`` holds the ids of the last time and is left with those of this time."""
    found = {name: instance(objects, name, known) for name in of_type(objects, VM)}
    for name in known.keys() - found.keys():
        known.pop(name, None)
    return tuple(one for one in found.values() if one is not None)


def all_named(objects: Objects, known: Mapping[str, str]) -> bool:
    """Whether every VM could be told apart; after a start those out of reach cannot, and must not look deleted."""
    return all(name in known or objects[name].get("config.template") for name in of_type(objects, VM))


def instance(objects: Objects, name: str, known: MutableMapping[str, str]) -> Instance | None:
    """The VM of that name; ``None`` when it is a template or has no UUID yet.

    A VM whose files are out of reach has no UUID for a while: it keeps the one that was ``known``.
    """
    vm = objects[name]
    uuid = vm.get("config.instanceUuid") or vm.get("summary.config.instanceUuid") or known.get(name)
    if not uuid or vm.get("config.template"):
        return None
    known[name] = str(uuid)
    host = objects.get(vm.get("runtime.host", ""), _NOTHING)
    power = str(vm.get("runtime.powerState", ""))
    told = Instance(
        id=str(uuid),
        name=str(vm.get("name", "")),
        state=state(str(vm.get("runtime.connectionState", "")), power),
        power_state=_POWER_STATES.get(power, ""),
        host=str(host.get("name", "")),
        availability_zone=zone(objects, host),
        launched_at=_time(vm.get("summary.runtime.bootTime"), "%Y-%m-%dT%H:%M:%S.%f"),
        flavor=_flavor(vm),
        addresses=(str(vm["guest.ipAddress"]),) if vm.get("guest.ipAddress") else (),
        traits=_traits(vm, name),
    )
    return _with_payload(told, vm)


def state(connection: str, power: str) -> str:
    """Nova's vm_state word; ``unknown`` while vSphere has lost sight of the VM (what it says then is old)."""
    return _STATES.get(power, "unknown") if connection == "connected" else "unknown"


def hosts(objects: Objects) -> tuple[Host, ...]:
    """Every host, in the order of their names."""
    found = [_host(objects, objects[name]) for name in of_type(objects, HOST)]
    return tuple(sorted(found, key=lambda host: host.name))


def zone(objects: Objects, host: Properties) -> str:
    """The cluster of a host; a host outside of clusters is one by itself."""
    return str(objects.get(host.get("parent", ""), _NOTHING).get("name", ""))


def host_state(host: Properties) -> tuple[HostState, str]:
    """What vSphere says of a host, and why it is not up.

    Maintenance mode, standby and disconnecting are the administrator's will.
    """
    connection, power = host.get("runtime.connectionState"), host.get("runtime.powerState")
    if connection == "disconnected":
        return HostState.DISABLED, "disconnected"
    if connection != "connected":
        return HostState.DOWN, "not responding"
    if power == "poweredOff":
        return HostState.DOWN, "powered off"
    if power == "standBy":
        return HostState.DISABLED, "standby"
    if host.get("runtime.inMaintenanceMode"):
        return HostState.DISABLED, "maintenance mode"
    return HostState.UP, ""


def _host(objects: Objects, host: Properties) -> Host:
    stands, reason = host_state(host)
    return Host(str(host.get("name", "")), stands, reason, zone(objects, host))


def _flavor(vm: Properties) -> str:
    """A VM of vSphere has no flavor: its size in words, so that a change of size shows."""
    cpus, memory = vm.get("config.hardware.numCPU"), vm.get("config.hardware.memoryMB")
    return f"{cpus} vCPU, {memory} MB" if cpus and memory else ""


def _traits(vm: Properties, name: str) -> dict[str, str]:
    """The VM's name inside vSphere, and whether a line of its notes says that nobody is to be told about it."""
    traits = {"moref": name.partition(":")[2]}
    notes = str(vm.get("config.annotation", ""))
    if f"{OPT_OUT}=disabled" in (line.replace(" ", "") for line in notes.splitlines()):
        traits[OPT_OUT] = "disabled"
    return traits


def _with_payload(told: Instance, vm: Properties) -> Instance:
    """The same with the keys of the spec's sample; what vSphere does not know is empty as there."""
    payload = {
        **_UNKNOWN,
        "state_description": told.state_description,
        "availability_zone": told.availability_zone,
        "memory_mb": vm.get("config.hardware.memoryMB"),
        "display_name": told.name,
        "hostname": str(vm.get("guest.hostName") or told.name),
        "state": told.state,
        "launched_at": told.launched_at,
        "node": told.host,
        "access_ip_v4": told.addresses[0] if told.addresses else None,
        "host": told.host,
        "created_at": _time(vm.get("config.createDate"), "%Y-%m-%d %H:%M:%S+00:00"),
        "instance_id": told.id,
        "instance_type": told.flavor,
        "vcpus": vm.get("config.hardware.numCPU"),
        "os_type": vm.get("config.guestFullName"),
    }
    return replace(told, payload=payload)


def _time(moment: object, form: str) -> str:
    """Nova's text of a time; empty when there is none. vSphere writes none as the year 1601 or 1970."""
    if not isinstance(moment, datetime) or moment.year <= 1970:
        return ""
    return moment.astimezone(UTC).strftime(form)
