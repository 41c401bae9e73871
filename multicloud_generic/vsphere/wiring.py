"""The network cards of a clone: the networks asked for, in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyVmomi import vim

from fed_common.core.errors import Invalid
from multicloud_generic.vsphere.client import Client
from multicloud_generic.vsphere.mapping import VM

_NETWORK, _PORTGROUP, _SWITCH = "Network", "DistributedVirtualPortgroup", "DistributedVirtualSwitch"
_CHANGE = vim.vm.device.VirtualDeviceSpec
_DEVICE = vim.vm.device.VirtualDevice


def wired(client: Client, machine: str, cluster: Mapping[str, Any], networks: Sequence[str]) -> list[Any]:
    """The changes that put a VM's cards, first to last, into these networks; where it has too few they are added.

    ``cluster`` is where the clone will run. Raises Invalid naming the network that is not there.
    """
    hardware = client.reread([machine], {VM: ("config.hardware.device",)})[machine]
    cards = [
        one for one in hardware["config.hardware.device"] if isinstance(one, vim.vm.device.VirtualEthernetCard)
    ]
    there = _there(client, cluster)
    return [_change(cards, place, _backing(client, there, name)) for place, name in enumerate(networks)]


def _change(cards: Sequence[Any], place: int, backing: Any) -> Any:
    if place < len(cards):
        card, operation = cards[place], _CHANGE.Operation.edit
    else:
        card, operation = vim.vm.device.VirtualVmxnet3(key=-1 - place), _CHANGE.Operation.add
    card.backing = backing
    card.connectable = _DEVICE.ConnectInfo(startConnected=True, connected=True, allowGuestControl=True)
    return _CHANGE(operation=operation, device=card)


def _there(client: Client, cluster: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The networks that the cluster's hosts have."""
    names = cluster.get("network", ())
    plain = [name for name in names if name.startswith(f"{_NETWORK}:")]
    groups = [name for name in names if name.startswith(f"{_PORTGROUP}:")]
    ports = ("name", "key", "config.distributedVirtualSwitch")
    return {**client.reread(plain, {_NETWORK: ("name",)}), **client.reread(groups, {_PORTGROUP: ports})}


def _backing(client: Client, there: Mapping[str, Mapping[str, Any]], wanted: str) -> Any:
    found = [name for name, told in there.items() if wanted in (told.get("name"), name.partition(":")[2])]
    if len(found) != 1:
        raise Invalid("networks", wanted, sorted(str(told.get("name")) for told in there.values()))
    told = there[found[0]]
    if "key" not in told:
        return vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(
            deviceName=told["name"], network=client.thing(found[0])
        )
    switch = told["config.distributedVirtualSwitch"]
    uuid = client.reread([switch], {_SWITCH: ("uuid",)})[switch]["uuid"]
    port = vim.dvs.PortConnection(portgroupKey=told["key"], switchUuid=uuid)
    return vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
