"""Descriptors that tests begin with; each call gives a fresh one to change."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

VDU1 = "topology_template.node_templates.VDU1"
POLICY = f"{VDU1}.properties.monitoring_policy"

_GOOD: dict[str, Any] = {
    "tosca_definitions_version": "tosca_simple_profile_for_nfv_1_0_0",
    "description": "Two VDUs.",
    "metadata": {"template_name": "sample"},
    "topology_template": {
        "inputs": {
            "image": {"type": "string", "default": "cirros"},
            "delay": {"type": "integer", "default": 45, "constraints": [{"in_range": [0, 600]}]},
        },
        "node_templates": {
            "VDU1": {
                "type": "tosca.nodes.nfv.VDU.Tacker",
                "capabilities": {
                    "nfv_compute": {"properties": {"num_cpus": 1, "mem_size": "512 MB", "disk_size": "1 GB"}}
                },
                "properties": {
                    "image": {"get_input": "image"},
                    "availability_zone": "nova",
                    "mgmt_driver": "noop",
                    "monitoring_policy": {
                        "name": "ping",
                        "parameters": {"monitoring_delay": {"get_input": "delay"}, "count": 3, "interval": 10},
                        "actions": {"failure": "respawn"},
                    },
                },
            },
            "VDU2": {
                "type": "tosca.nodes.nfv.VDU.Tacker",
                "properties": {"image": "cirros", "flavor": "m1.tiny", "metadata": {"role": "db"}},
            },
            "CP0": {
                "type": "tosca.nodes.nfv.CP.Tacker",
                "properties": {"order": 1},
                "requirements": [{"virtualLink": {"node": "VL2"}}, {"virtualBinding": {"node": "VDU1"}}],
            },
            "CP1": {
                "type": "tosca.nodes.nfv.CP.Tacker",
                "properties": {"management": True, "order": 0},
                "requirements": [{"virtualLink": {"node": "VL1"}}, {"virtualBinding": {"node": "VDU1"}}],
            },
            "VL1": {"type": "tosca.nodes.nfv.VL", "properties": {"network_name": "net_mgmt", "vendor": "Tacker"}},
            "VL2": {"type": "tosca.nodes.nfv.VL", "properties": {"network_name": "net0", "vendor": "Tacker"}},
        },
        "policies": [
            {
                "SP1": {
                    "type": "tosca.policies.tacker.Scaling",
                    "targets": ["VDU2"],
                    "properties": {
                        "increment": 1,
                        "cooldown": 60,
                        "min_instances": 1,
                        "max_instances": 3,
                        "default_instances": 2,
                    },
                }
            }
        ],
    },
}


def good() -> dict[str, Any]:
    """Two VDUs, the first watched, the second scaled."""
    return deepcopy(_GOOD)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good one with another value at a path such as ``policies[0].SP1.targets``, below the topology.

    A path that begins with a dot begins with VDU1's ``monitoring_policy``, one with ``/`` with the file.
    """
    plain = good()
    full = POLICY + path if path.startswith(".") else path.removeprefix("/")
    if not path.startswith((".", "/")):
        full = f"topology_template.{path}"
    *before, last = parts(full)
    place: Any = plain
    for part in before:
        place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
    place[last] = value
    return plain


def parts(path: str) -> list[str | int]:
    """The names and numbers of a path; no name in these descriptors holds a dot or bracket."""
    words = path.replace("[", ".[").split(".")
    return [int(word[1:-1]) if word.startswith("[") else word for word in words if word]


def policy(vnfd: Mapping[str, Any]) -> dict[str, Any]:
    """VDU1's ``monitoring_policy``."""
    found: dict[str, Any] = vnfd["topology_template"]["node_templates"]["VDU1"]["properties"]["monitoring_policy"]
    return found
