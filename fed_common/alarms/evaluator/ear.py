"""The river feeds the alarms: an event is acknowledged only once every rule has heard it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fed_common.interfaces.publisher import Message, Publisher, Refused


class AlarmPublisher(Publisher):
    """Evaluates the rules in the process that heard the event."""

    name: ClassVar[str] = "alarms"
    required: ClassVar[bool] = True
    Config: ClassVar[type] = type(None)

    def __init__(self, config: Any = None) -> None:
        """Keep nothing."""

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:  # noqa: ARG002
        """See Publisher."""
        return []
