"""Tacker's ``respawn``."""

from __future__ import annotations

from typing import ClassVar

from fed_common.core.vnf import OperationKind
from fed_common.interfaces.action import PolicyAction


class Respawn(PolicyAction):
    """All members of the VNF are booted anew."""

    name: ClassVar[str] = "respawn"
    kind: ClassVar[str] = OperationKind.RESPAWN
    invoked: ClassVar[str] = "ActionRespawnHeat invoked"
