"""The river feeds the alarms: an event is acknowledged only once every rule has heard it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.interfaces.publisher import Message, Publisher, Refused


class AlarmPublisher(Publisher):
    """Evaluates the rules in the process that heard the event."""

    name: ClassVar[str] = "alarms"
    required: ClassVar[bool] = True
    Config: ClassVar[type] = type(None)

    def __init__(self, config: Any = None) -> None:  # noqa: ARG002
        self._evaluator = Evaluator()

    def start(self) -> None:
        """Read the rules: of 100,000 that takes some seconds."""
        threading.Thread(target=self._evaluator.prepare, name="rules-load", daemon=True).start()

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:  # noqa: ARG002
        """See Publisher. Returns once every transition is stored."""
        self._evaluator.evaluate([one.event for one in messages])
        return []
