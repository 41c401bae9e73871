"""Tacker's ``notify``, which it lists among its alarm actions and has no code for."""

from __future__ import annotations

from typing import ClassVar

from fed_common.interfaces.action import Failure, PolicyAction


class Notify(PolicyAction):
    """The VNF's events tell of it, nothing else is done."""

    name: ClassVar[str] = "notify"
    kind: ClassVar[str] = "notify"
    invoked: ClassVar[str] = "ActionNotify invoked"

    def run(self, failure: Failure, argument: str, *, timeout: float) -> None:
        """See PolicyAction. The event is noted with the end of the operation."""
