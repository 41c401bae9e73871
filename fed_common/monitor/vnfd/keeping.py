"""The plain form of a descriptor, in which it stands in the row of its VNF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fed_common.core.health import Check, MonitoringPolicy, ProbeKind
from fed_common.core.vnf import AlarmTrigger, Scaling, VduSpec, Vnfd
from fed_common.monitor.models import Vnf


def vnfd_of(vnf: Vnf) -> Vnfd:
    """The descriptor of a VNF."""
    return from_plain(vnf.vnfd)


def to_plain(vnfd: Vnfd) -> dict[str, Any]:
    """What JSON can say of it; ``from_plain`` reads it back equal."""
    return asdict(vnfd)


def from_plain(plain: Mapping[str, Any]) -> Vnfd:
    """The inverse of ``to_plain``. Raises KeyError, TypeError or ValueError when it is none."""
    return Vnfd(
        vdus=tuple(map(_vdu, plain["vdus"])),
        scalings=tuple(Scaling(**{**one, "targets": tuple(one["targets"])}) for one in plain["scalings"]),
        description=plain["description"],
        triggers=tuple(
            AlarmTrigger(**{**one, "actions": tuple(one["actions"])}) for one in plain.get("triggers", ())
        ),
    )


def _vdu(plain: Mapping[str, Any]) -> VduSpec:
    lists = {"networks": tuple(plain["networks"]), "policies": tuple(map(_policy, plain["policies"]))}
    return VduSpec(**{**plain, **lists})


def _policy(plain: Mapping[str, Any]) -> MonitoringPolicy:
    check = Check(**{**plain["check"], "kind": ProbeKind(plain["check"]["kind"])})
    actions = {event: tuple(names) for event, names in plain["actions"].items()}
    return MonitoringPolicy(**{**plain, "check": check, "actions": actions})
