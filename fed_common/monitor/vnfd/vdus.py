"""VDUs: what is booted for them, and on which networks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fed_common.core.health import MonitoringPolicy
from fed_common.core.vnf import VduSpec
from fed_common.monitor.vnfd.nodes import CP, VDU, VL, Nodes
from fed_common.monitor.vnfd.place import Place

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}", re.ASCII)
NAME_FORM = "1 to 50 of letters, digits, '_', '.', '-', beginning with a letter or digit"
LONGEST_USER_DATA = 65_535
USED = (
    *("image", "flavor", "availability_zone", "user_data", "metadata", "mgmt_driver"),
    "monitoring_policy",
)
COMPUTE = ("num_cpus", "mem_size", "disk_size")
SIZE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?( ?[kmgt]?i?b)?", re.ASCII | re.IGNORECASE)
MOST_PORTS, MOST_CPUS = 1000, 1024


def vdu(node: Place, bound: list[Place], nodes: Nodes, policies: tuple[MonitoringPolicy, ...]) -> VduSpec:
    """One VDU with the CPs bound to it. Raises Invalid."""
    said = node.at("properties")
    said.use_only(*USED)
    _warn_of_driver(said.at("mgmt_driver"))
    image = said.at("image").text("")
    return VduSpec(
        name=named(node).name,
        image=image,
        flavor=said.at("flavor").text(""),
        networks=_networks(bound, nodes) if image else (),
        availability_zone=said.at("availability_zone").text(""),
        user_data=said.at("user_data").text("", longest=LONGEST_USER_DATA),
        properties=_properties(node),
        policies=policies,
    )


def ports(nodes: Nodes) -> dict[str, list[Place]]:
    """The CPs bound to each VDU, those of its management first, then by their ``order``. Raises Invalid."""
    found: dict[str, list[Place]] = {vdu.name: [] for vdu in nodes.of(VDU)}
    for cp in sorted(nodes.of(CP), key=lambda cp: (not is_management(cp), _order(cp))):
        cp.at("properties").use_only("management", "order")
        if bound := nodes.needed(cp, "virtualBinding", VDU):
            found[bound.name].append(cp)
    return found


def is_management(cp: Place) -> bool:
    """Whether the VDU is managed, and so monitored, by the address of this CP."""
    return cp.at("properties", "management").truth(False)


def named(place: Place) -> Place:
    """The place, whose name members and policies can bear. Raises Invalid."""
    if not NAME.fullmatch(place.name):
        raise place.invalid(f"a name of {NAME_FORM}")
    return place


def _order(cp: Place) -> int:
    return cp.at("properties", "order").whole(0, MOST_PORTS, 0)


def _networks(bound: list[Place], nodes: Nodes) -> tuple[str, ...]:
    links = [link for cp in bound if (link := nodes.needed(cp, "virtualLink", VL))]
    return tuple(dict.fromkeys(link.at("properties", "network_name").text() for link in links))


def _properties(node: Place) -> Mapping[str, str]:
    """What the cloud is told beside: metadata, and how large it is when no flavor says so."""
    found = {one.name: one.text() for one in node.at("properties", "metadata").named()}
    compute = node.at("capabilities", "nfv_compute", "properties")
    compute.use_only(*COMPUTE)
    if node.at("properties", "flavor").value is None:
        asked = (compute.at(name) for name in COMPUTE)
        found |= {one.name: _size(one) for one in asked if one.value is not None}
    return found


def _size(place: Place) -> str:
    if place.name == "num_cpus":
        return str(place.whole(1, MOST_CPUS))
    text = str(place.value) if type(place.value) is int else place.text()
    if not SIZE.fullmatch(text):
        raise place.invalid("a number and a unit, such as 512 MB")
    return text


def _warn_of_driver(place: Place) -> None:
    if place.value not in (None, "noop"):
        place.warn("is not used")
