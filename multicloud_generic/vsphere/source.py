"""What is cloned, and to where: names of a spec become objects of this vSphere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pyVmomi import vim

from fed_common.core.errors import Invalid
from fed_common.core.instances import InstanceSpec
from multicloud_generic.vsphere.client import Client
from multicloud_generic.vsphere.mapping import COMPUTE, HOST, VM
from multicloud_generic.vsphere.wiring import wired

_LOOK = {VM: ("name", "config.template", "config.instanceUuid", "parent", "runtime.host")}


class Source(NamedTuple):
    """The VM or template, the folder the clone is put into, where it runs, and its changed devices."""

    machine: str
    folder: str
    location: Any
    devices: list[Any]


def source(client: Client, spec: InstanceSpec) -> Source:
    """The one that ``spec.image`` names. The clone stays in its folder, its pool and its datastores; a template
    has no pool, so its clone runs on its host; an availability zone is a cluster or a host outside of clusters.

    Raises Invalid naming the image, the zone or the network.
    """
    found = {name: told for name, told in client.objects(_LOOK).items() if _is(told, spec.image)}
    if len(found) != 1:
        raise Invalid("image", spec.image, "the name or instance UUID of one VM or template of this vSphere")
    [(machine, told)] = found.items()
    if not told.get("parent"):
        raise Invalid("image", spec.image, "a VM or template in a folder, not in a vApp")
    cluster = _cluster(client, spec.availability_zone, told)
    location = vim.vm.RelocateSpec()
    if spec.availability_zone or told.get("config.template"):
        location.pool = client.thing(cluster["resourcePool"])
    if told.get("config.template") and not spec.availability_zone:
        location.host = client.thing(told["runtime.host"])
    devices = wired(client, machine, cluster, spec.networks) if spec.networks else []
    return Source(machine, told["parent"], location, devices)


def _is(told: Mapping[str, Any], image: str) -> bool:
    return bool(image) and image in (told.get("name"), told.get("config.instanceUuid"))


def _cluster(client: Client, zone: str, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """The cluster, or the host outside of clusters, of that name, else where the source is."""
    clusters = client.objects({COMPUTE: ("name", "resourcePool", "network")})
    if zone:
        named = [one for one in clusters.values() if one.get("name") == zone]
        if len(named) != 1:
            raise Invalid("availability_zone", zone, sorted(str(one.get("name")) for one in clusters.values()))
        return named[0]
    host = told.get("runtime.host", "")
    return clusters[client.reread([host], {HOST: ("parent",)})[host]["parent"]]
