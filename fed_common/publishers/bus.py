"""BusPublisher: events on an oslo.messaging bus, in the form Aodh's event alarm listener reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from fed_common.bus.check import check_transport
from fed_common.bus.notifier import ConfirmedNotifier
from fed_common.core.errors import Invalid
from fed_common.core.traits import alarm_event
from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.publishers.parts import Part, parts_of, publish_parts

PART_MESSAGES, PART_BYTES = 100, 1024 * 1024


@dataclass(frozen=True, slots=True)
class BusConfig:
    """``url`` is an oslo.messaging transport URL; driver options may stand in its query."""

    url: str = field(metadata={"secret": True}, repr=False)
    topic: str = "alarm.all"
    exchange: str = "aodh"


class BusPublisher(Publisher):
    """Takes the place of Ceilometer's event publisher: queue ``{topic}.sample``, a list of events.

    The sink's own topic and format are not used. A frozen RabbitMQ holds a publish for 20 seconds.
    """

    name: ClassVar[str] = "bus"
    Config: ClassVar[type] = BusConfig

    def __init__(self, config: BusConfig) -> None:
        """Raises Invalid naming the option that cannot be used."""
        if not config.topic or not config.exchange:
            raise Invalid("options.topic" if config.exchange else "options.exchange", "", "a name")
        self._url, self._topic = config.url, config.topic
        self._notifier = _notifier(config)

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:  # noqa: ARG002
        """Never refuses. The time is bounded by the transport's own limits."""
        return publish_parts(parts_of(messages, most=PART_MESSAGES, most_bytes=PART_BYTES), self._send)

    def check(self, *, timeout: float) -> None:
        """Connects and authenticates."""
        check_transport(self._url, timeout)

    def close(self) -> None:
        """Close the connections."""
        self._notifier.close()

    def _send(self, part: Part) -> Sequence[Refused]:
        events = [alarm_event(message.event) for message in part]
        self._notifier.send(
            self._topic, priority="sample", event_type="event", publisher_id="multicloud", payload=events
        )
        return []


def _notifier(config: BusConfig) -> ConfirmedNotifier:
    try:
        return ConfirmedNotifier(config.url, config.exchange)
    except Invalid as error:
        raise Invalid("options.url", error.value, error.allowed) from error
