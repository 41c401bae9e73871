"""Nova's JSON read as the house's nouns. Pure; what cannot be read raises ValueError, saying what.

Source: nova/api/openstack/compute/views/servers.py, nova/api/openstack/compute/services.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fed_common.core import clock
from fed_common.core.instances import Host, HostState, Instance
from fed_common.core.matching import OPT_OUT
from fed_common.core.watchdog import SET_TRAIT
from multicloud_generic.openstack.opt_out import opts_out
from multicloud_generic.openstack.refusals import shown
from multicloud_generic.openstack.watchdog import watchdog_action

DELETED, UNKNOWN = "deleted", "unknown"
COMPUTE, DOWN_CELL = "nova-compute", "UNKNOWN"
_NOTHING: Mapping[str, Any] = {}
_POWER_STATES = {0: "pending", 1: "running", 3: "paused", 4: "shutdown", 6: "crashed", 7: "suspended"}
_STATES = {
    "ACTIVE": "active",
    "BUILD": "building",
    "PAUSED": "paused",
    "SUSPENDED": "suspended",
    "SHUTOFF": "stopped",
    "RESCUE": "rescued",
    "VERIFY_RESIZE": "resized",
    "SOFT_DELETED": "soft-delete",
    "DELETED": DELETED,
    "ERROR": "error",
    "SHELVED": "shelved",
    "SHELVED_OFFLOADED": "shelved_offloaded",
}


def to_instances(answer: object) -> list[Instance]:
    """The instances of one page of ``/servers/detail``."""
    return [to_instance(server) for server in part(answer, "servers")]


def to_instance(server: object) -> Instance:
    """One instance. Of a server in a cell that is down the id and the project are known, the rest is not."""
    if not isinstance(server, dict):
        raise ValueError("a server is no object")
    get = server.get
    server_id = get("id")
    if not isinstance(server_id, str) or not server_id:
        raise ValueError("a server has no id")
    image, flavor = _object(get("image")), _object(get("flavor"))
    image_id = _text(image.get("id"))
    state = _text(get("OS-EXT-STS:vm_state")) or _STATES.get(_text(get("status")), UNKNOWN)
    payload = _payload(server, state, image_id, flavor)
    return Instance(
        server_id,
        _text(payload["display_name"]),
        state,
        _text(payload["state_description"]),
        _power_state(get("OS-EXT-STS:power_state")),
        _text(payload["host"]),
        _text(payload["tenant_id"]),
        _text(payload["availability_zone"]),
        _text(payload["launched_at"]),
        clock.parse(get("updated")),
        _text(payload["instance_type"]),
        image_id,
        _addresses(get("addresses")),
        _traits(payload["metadata"], image.get("properties"), flavor.get("extra_specs")),
        payload,
        shown(_text(_object(get("fault")).get("message"))),
    )


def to_hosts(answer: object) -> tuple[Host, ...] | None:
    """The hosts of ``/os-services``; ``None`` when a cell is down, whose hosts are not known then."""
    services = [one for one in part(answer, "services") if _object(one).get("binary") == COMPUTE]
    if any(one.get("status") == DOWN_CELL for one in services):
        return None
    return tuple(map(_host, services))


def part(answer: object, name: str) -> list[Any]:
    """The list of that name in an answer."""
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise ValueError(f"it has no list of {name}")
    return found


def _host(service: Mapping[str, Any]) -> Host:
    """Forced down is a fault that somebody else detected, so it is as good as one that Nova noticed."""
    state = HostState.UP
    if service.get("forced_down") is True or service.get("state") == "down":
        state = HostState.DOWN
    elif service.get("status") == "disabled":
        state = HostState.DISABLED
    name = _text(service.get("host"))
    if not name:
        raise ValueError("a service has no host")
    return Host(name, state, _text(service.get("disabled_reason")), _text(service.get("zone")))


def _traits(metadata: object, image: object, specs: object) -> dict[str, str]:
    """What it asks for beside its size: not to be told of, a watchdog. Old Novas do not tell the image's part."""
    traits = {SET_TRAIT: wanted} if (wanted := watchdog_action(image, specs)) else {}
    if any(opts_out(words) for words in (metadata, image, specs)):
        traits[OPT_OUT] = "disabled"
    return traits


def _payload(server: Mapping[str, Any], state: str, image_id: str, flavor: Mapping[str, Any]) -> dict[str, Any]:
    """What Nova's legacy notification would say, as far as the API tells it, in that one's words."""
    get, size = server.get, flavor.get
    root, ephemeral = size("disk"), size("ephemeral")
    return {
        "tenant_id": get("tenant_id") or "",
        "user_id": get("user_id") or "",
        "instance_id": server["id"],
        "display_name": get("name") or "",
        "reservation_id": get("OS-EXT-SRV-ATTR:reservation_id") or "",
        "hostname": get("OS-EXT-SRV-ATTR:hostname") or "",
        "instance_type": size("original_name") or "",
        "instance_type_id": None,
        "instance_flavor_id": size("id") or "",
        "architecture": None,
        "memory_mb": size("ram"),
        "disk_gb": root + ephemeral if type(root) is type(ephemeral) is int else None,
        "vcpus": size("vcpus"),
        "root_gb": root,
        "ephemeral_gb": ephemeral,
        "host": get("OS-EXT-SRV-ATTR:host"),
        "node": get("OS-EXT-SRV-ATTR:hypervisor_hostname"),
        "availability_zone": get("OS-EXT-AZ:availability_zone") or "",
        "cell_name": "",
        "created_at": _created(get("created")),
        "terminated_at": get("OS-SRV-USG:terminated_at") or "",
        "deleted_at": "",
        "launched_at": get("OS-SRV-USG:launched_at") or "",
        "image_ref_url": image_id,
        "os_type": None,
        "kernel_id": get("OS-EXT-SRV-ATTR:kernel_id") or "",
        "ramdisk_id": get("OS-EXT-SRV-ATTR:ramdisk_id") or "",
        "state": state,
        "state_description": get("OS-EXT-STS:task_state") or "",
        "progress": get("progress") or "",
        "access_ip_v4": get("accessIPv4") or None,
        "access_ip_v6": get("accessIPv6") or None,
        "image_meta": {"base_image_ref": image_id} if image_id else {},
        "metadata": get("metadata") or {},
    }


def _created(moment: object) -> str:
    """``2018-03-07T05:58:01Z`` as the legacy format writes it: ``2018-03-07 05:58:01+00:00``."""
    return f"{moment[:10]} {moment[11:19]}+00:00" if isinstance(moment, str) and len(moment) == 20 else ""


def _addresses(networks: object) -> tuple[str, ...]:
    """Every address, of all networks."""
    found = []
    for ports in _object(networks).values():
        for port in ports if isinstance(ports, list) else ():
            address = _object(port).get("addr")
            if isinstance(address, str):
                found.append(address)
    return tuple(found)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _NOTHING


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _power_state(number: object) -> str:
    return _POWER_STATES.get(number, "") if isinstance(number, int) else ""
