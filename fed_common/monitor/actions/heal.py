"""Tacker's ``vdu_autoheal``."""

from __future__ import annotations

from typing import ClassVar

from fed_common.core.vnf import OperationKind
from fed_common.interfaces.action import PolicyAction


class Heal(PolicyAction):
    """The member that failed is replaced; the others stay."""

    name: ClassVar[str] = "vdu_autoheal"
    kind: ClassVar[str] = OperationKind.HEAL
    invoked: ClassVar[str] = "ActionVduAutoheal invoked"
