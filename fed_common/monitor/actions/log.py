"""Tacker's ``log`` and ``log_and_kill``."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

from fed_common.core.vnf import OperationKind
from fed_common.interfaces.action import Failure, PolicyAction
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)


class Log(PolicyAction):
    """One line of error log for each failure."""

    name: ClassVar[str] = "log"
    kind: ClassVar[str] = OperationKind.LOG
    invoked: ClassVar[str] = "ActionLogOnly invoked"

    def run(self, failure: Failure, argument: str, *, timeout: float) -> None:  # noqa: ARG002
        """See PolicyAction."""
        log.error("a member of a VNF failed", **asdict(failure))


class LogAndKill(PolicyAction):
    """The VNF is dead, and then deleted."""

    name: ClassVar[str] = "log_and_kill"
    kind: ClassVar[str] = OperationKind.LOG_AND_KILL
    invoked: ClassVar[str] = "ActionLogAndKill invoked"
