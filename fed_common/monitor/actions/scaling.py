"""Tacker's ``autoscaling``."""

from __future__ import annotations

from typing import ClassVar

from fed_common.core.vnf import OperationKind
from fed_common.interfaces.action import PolicyAction


class ScaleOut(PolicyAction):
    """One increment of a scaling policy more, unless its cooldown has not passed. Its argument is the policy."""

    name: ClassVar[str] = "scaling"
    kind: ClassVar[str] = OperationKind.SCALE_OUT
    invoked: ClassVar[str] = "ActionAutoscalingHeat invoked"
