"""BusPublisher: events on an oslo.messaging bus, in the form Aodh's event alarm listener reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from fed_common.bus.check import check_transport
from fed_common.bus.notifier import ConfirmedNotifier
from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.model import Event
from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.publishers.parts import Part, parts_of, publish_parts

PART_MESSAGES, PART_BYTES = 100, 1024 * 1024
TEXT, INTEGER, FLOAT, DATETIME = 1, 2, 3, 4


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


def alarm_event(event: Event) -> dict[str, Any]:
    """The event as Ceilometer would have built it, with our own words as further traits."""
    return {
        "message_id": event.id,
        "event_type": event.type,
        "generated": _naive(event.occurred_at),
        "traits": [trait for name, value in _values(event).items() if (trait := _trait(name, value))],
        "raw": {},
        "message_signature": None,
    }


def _values(event: Event) -> Mapping[str, Any]:
    ours = {
        "instance_id": event.instance_id,
        "resource_id": event.instance_id or event.host,
        "project_id": event.tenant_id,
        "tenant_id": event.tenant_id,
        "display_name": event.instance_name,
        "host": event.host,
        "state": event.state,
        "old_state": event.old_state,
        "state_description": event.state_description,
        "vim_id": event.vim_id,
        "kind": event.kind.value,
        "phase": event.phase.value,
    }
    return {**event.payload, **event.traits, **{name: value for name, value in ours.items() if value}}


def _trait(name: str, value: Any) -> list[Any] | None:
    """``[name, type, value]``; None for what is empty or no single value."""
    if isinstance(value, bool | int):
        return [name, INTEGER, int(value)]
    if isinstance(value, float):
        return [name, FLOAT, value]
    if not isinstance(value, str) or not value:
        return None
    moment = clock.parse(value) if name.endswith("_at") else None
    return [name, DATETIME, _naive(moment)] if moment else [name, TEXT, value]


def _naive(moment: datetime) -> str:
    """UTC without a zone, as OpenStack writes it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def _notifier(config: BusConfig) -> ConfirmedNotifier:
    try:
        return ConfirmedNotifier(config.url, config.exchange)
    except Invalid as error:
        raise Invalid("options.url", error.value, error.allowed) from error
