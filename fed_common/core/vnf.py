"""The nouns of a VNF: what its descriptor says it is made of, and what it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fed_common.core.health import MonitoringPolicy


class VnfStatus(StrEnum):
    """Tacker's statuses of a VNF."""

    PENDING_CREATE = "PENDING_CREATE"
    ACTIVE = "ACTIVE"
    PENDING_UPDATE = "PENDING_UPDATE"
    PENDING_SCALE_OUT = "PENDING_SCALE_OUT"
    PENDING_SCALE_IN = "PENDING_SCALE_IN"
    PENDING_HEAL = "PENDING_HEAL"
    PENDING_DELETE = "PENDING_DELETE"
    DEAD = "DEAD"
    ERROR = "ERROR"


class EventType(StrEnum):
    """Tacker's words for what a VIM or VNF went through."""

    CREATE = "CREATE"
    DELETE = "DELETE"
    UPDATE = "UPDATE"
    MONITOR = "MONITOR"
    SCALE = "SCALE"
    HEAL = "HEAL"


class OperationKind(StrEnum):
    """What conductors do to a VNF; the policy actions among them have Tacker's names."""

    CREATE = "create"
    DELETE = "delete"
    SCALE_OUT = "scale_out"
    SCALE_IN = "scale_in"
    HEAL = "vdu_autoheal"
    RESPAWN = "respawn"
    LOG = "log"
    LOG_AND_KILL = "log_and_kill"
    WEBHOOK = "webhook"


DESTRUCTIVE = frozenset({OperationKind.RESPAWN, OperationKind.LOG_AND_KILL, OperationKind.HEAL})
"""What is done only after another executor saw the failure too."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """A scaling policy of a VNFD (tosca.policies.tacker.Scaling)."""

    name: str
    targets: tuple[str, ...]
    increment: int = 1
    min_instances: int = 0
    max_instances: int = 10
    default_instances: int = 1
    cooldown: float = 120.0


@dataclass(frozen=True, slots=True)
class AlarmTrigger:
    """A trigger of an alarm policy (tosca.policies.tacker.Alarming): what is done when somebody's alarm fires.

    ``actions``  as Tacker's alarm URLs name them: ``respawn``, and ``SP1-out`` or ``SP1-in`` of a scaling policy.
    ``condition``, ``metric`` and ``server_group`` are for whoever makes the alarm; nobody here measures them.
    """

    name: str
    actions: tuple[str, ...]
    metric: str = ""
    condition: Mapping[str, str | float] = field(default_factory=dict)
    server_group: str = ""


@dataclass(frozen=True, slots=True)
class VduSpec:
    """One VDU of a VNFD. Without an ``image`` it cannot be booted, only adopted.

    ``networks``  names or ids of the cloud's networks, the management network first.
    """

    name: str
    image: str = ""
    flavor: str = ""
    networks: tuple[str, ...] = ()
    availability_zone: str = ""
    user_data: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[MonitoringPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class Vnfd:
    """A VNF descriptor that was read and found sound. Actions may name a scaling policy, as Tacker's do."""

    vdus: tuple[VduSpec, ...]
    scalings: tuple[Scaling, ...] = ()
    description: str = ""
    triggers: tuple[AlarmTrigger, ...] = ()

    def vdu(self, name: str) -> VduSpec:
        """The VDU of that name. Raises KeyError."""
        return next(one for one in self.vdus if one.name == name)

    def scaling_of(self, vdu: str) -> Scaling | None:
        """The policy that scales a VDU, or ``None``: it has always one member."""
        return next((one for one in self.scalings if vdu in one.targets), None)
