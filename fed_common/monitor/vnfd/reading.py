"""Reads a VNF descriptor: Tacker's TOSCA in, what the house knows of it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fed_common.core.errors import Invalid
from fed_common.core.vnf import VduSpec, Vnfd
from fed_common.monitor.vnfd import monitoring
from fed_common.monitor.vnfd.actions import Actions
from fed_common.monitor.vnfd.alarming import server_groups
from fed_common.monitor.vnfd.inputs import filled
from fed_common.monitor.vnfd.keeping import to_plain
from fed_common.monitor.vnfd.nodes import VDU, Nodes
from fed_common.monitor.vnfd.place import ROOT, Place
from fed_common.monitor.vnfd.policies import Policies
from fed_common.monitor.vnfd.text import document
from fed_common.monitor.vnfd.vdus import is_management, ports, vdu

VERSIONS = (
    "tosca_simple_profile_for_nfv_1_0_0",
    "tosca_simple_profile_for_nfv_1_0",
    "tosca_simple_yaml_1_0_0",
    "tosca_simple_yaml_1_0",
    "tosca_simple_yaml_1_1",
    "tosca_simple_yaml_1_2",
)
FILE = ("tosca_definitions_version", "description", "metadata", "node_types", "topology_template")
TOPOLOGY = ("description", "inputs", "node_templates", "policies", "outputs", "substitution_mappings")
LONGEST_DESCRIPTION = 4000
LARGEST_READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """A descriptor that is sound, and what of it was not used, each as ``path: what``."""

    vnfd: Vnfd
    warnings: tuple[str, ...]


def read_vnfd(source: str | Mapping[str, Any], inputs: Mapping[str, Any]) -> Vnfd:
    """The descriptor with its inputs filled in. Raises Invalid; see ``read``."""
    return read(source, inputs).vnfd


def read(source: str | Mapping[str, Any], inputs: Mapping[str, Any]) -> Reading:
    """The same with its warnings. ``source``: YAML, or what YAML would say.

    Raises Invalid whose field is the path in the file, such as
    ``topology_template.node_templates.VDU1.properties.image``; ``vnfd`` for the file as a whole; and
    ``inputs.<name>`` for an input that was given.
    """
    warnings: list[str] = []
    root = Place(document(source), warnings=warnings)
    root.at("tosca_definitions_version").word(VERSIONS)
    root.use_only(*FILE)
    if not root.at("topology_template").fields():
        raise root.at("topology_template").invalid("a mapping with node_templates")
    root = filled(root, inputs)
    root.at("topology_template").use_only(*TOPOLOGY)
    vnfd = _vnfd(root)
    if len(json.dumps(to_plain(vnfd))) > LARGEST_READ:
        raise Invalid(ROOT, "too large with its inputs", f"at most {LARGEST_READ} characters")
    return Reading(vnfd, tuple(dict.fromkeys(warnings)))


def _vnfd(root: Place) -> Vnfd:
    nodes = Nodes(root)
    every = nodes.of(VDU)
    if not every:
        raise root.at("topology_template", "node_templates").invalid(f"at least one node of type {VDU}")
    policies, bound = Policies(root, [one.name for one in every]), ports(nodes)
    return Vnfd(
        vdus=tuple(_vdu(one, bound[one.name], nodes, policies) for one in every),
        scalings=tuple(policies.scalings.values()),
        description=root.at("description").text("", longest=LONGEST_DESCRIPTION),
        triggers=policies.triggers(server_groups(every)),
    )


def _vdu(node: Place, bound: list[Place], nodes: Nodes, policies: Policies) -> VduSpec:
    place = node.at("properties", "monitoring_policy")
    own = monitoring.policies(place, Actions(policies.scalings, node.name))
    watched = (*own, *policies.monitoring(node.name))
    if watched and not any(map(is_management, bound)):
        wanted = f"a VDU with an address to watch: a CP with management: true that is bound to {node.name}"
        raise (place if own else node).invalid(wanted)
    if len({(one.check.kind, one.check.port) for one in watched}) < len(watched):
        raise node.invalid("a VDU that no two policies watch in the same way")
    return vdu(node, bound, nodes, watched)
