"""Reads the events that a Ceilometer, or a gateway's ``bus`` publisher, sends to the alarms' topic."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from fed_common.alarms.evaluator.ceilometer import events_of
from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.bus.envelope import Malformed
from fed_common.bus.listen import NotificationIntake
from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.core.model import Event, NotificationTransport
from fed_common.events.delivery import waits
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

STOP_TIMEOUT = 8.0

log = get_logger(__name__)


class Intake:
    """Queue ``{ALARM_TOPIC}.sample``: a message is acknowledged once every rule has heard its events.

    The queues are durable where the transport's URL says ``amqp_durable_queues=true``.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        """Raises Invalid naming the transport when no driver can use it. No I/O."""
        self._evaluator = evaluator
        self._stopping = threading.Event()
        self._complained: set[str] = set()
        transport = NotificationTransport(
            settings.TRANSPORT_URL, exchange=settings.ALARM_EXCHANGE, topics=(settings.ALARM_TOPIC,)
        )
        self._reader = NotificationIntake(transport, self.accept)

    def start(self) -> None:
        """Connect in the background, for as long as it takes."""
        self._reader.start()

    def stop(self) -> None:
        """End the batch in hand; what is not acknowledged stays on the bus."""
        self._stopping.set()
        self._reader.stop(timeout=STOP_TIMEOUT)

    @property
    def connected(self) -> bool:
        """Whether the bus is being read now."""
        return self._reader.connected

    def accept(self, batch: Sequence[Mapping[str, Any] | Malformed]) -> bool:
        """True once all of it was evaluated; False when stopped before that."""
        events = self._events(batch)
        for wait in waits():
            try:
                self._evaluator.evaluate(events)
            except Retryable as error:
                log.warning("events wait to be evaluated", reason=error.reason, waiting=len(events))
            else:
                return True
            if self._stopping.wait(max(wait, 0.0)):
                return False
        return False

    def _events(self, batch: Sequence[Mapping[str, Any] | Malformed]) -> list[Event]:
        """What can be read of it; the rest is counted, and each reason is told of once."""
        now, events = clock.now(), list[Event]()
        for message in batch:
            found = [message.reason] if isinstance(message, Malformed) else events_of(message, now)
            for one in found:
                if isinstance(one, Event):
                    events.append(one)
                else:
                    self._complain(one)
        return events

    def _complain(self, reason: str) -> None:
        metrics.ALARM_EVENTS.labels("unreadable").inc()
        kind = reason.partition(":")[0]
        if kind not in self._complained:
            self._complained.add(kind)
            log.warning(
                "what came for the alarms is no event; the like is only counted from now on", reason=reason
            )
