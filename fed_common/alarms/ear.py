"""The river feeds the alarms: an event is acknowledged only once every rule has heard it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.alarms.table.heeding import Heeding
from fed_common.alarms.table.later import Later
from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.notify import services as notify

READ_EVERY, READ_AGAIN_AFTER = 0.25, 1.0


class AlarmPublisher(Publisher):
    """Evaluates the rules in the process that heard the event, and has the table heed it.

    What the table is to hold is stored before the event is acknowledged, and written there a little later.
    """

    name: ClassVar[str] = "alarms"
    required: ClassVar[bool] = True
    Config: ClassVar[type] = type(None)

    def __init__(self, config: Any = None) -> None:  # noqa: ARG002
        self._later = Later()
        self._evaluator = Evaluator(heed=Heeding().changes_of, later=self._later)
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to send, and read the rules from now on, so that events find them read."""
        threading.Thread(target=self._read, name="rules", daemon=True).start()

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:  # noqa: ARG002
        """See Publisher. Returns once every transition is stored."""
        self._evaluator.evaluate([one.event for one in messages])
        return []

    def close(self) -> None:
        """Leave to others what is not sent yet."""
        self._stopping.set()
        self._later.stop()
        notify.stop()

    def _read(self) -> None:
        notify.start()
        while not self._stopping.is_set():
            self._stopping.wait(READ_EVERY if self._evaluator.prepare() else READ_AGAIN_AFTER)
