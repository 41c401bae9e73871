"""The sink that keeps events for the page, the CLI and searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from fed_common.core import clock
from fed_common.core.model import Event
from fed_common.events.models import StoredEvent
from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.topics.database import writing

FORGET_AT_ONCE = 5_000


class EventStore(Publisher):
    """Keeps one row per event id; storing an event twice changes nothing."""

    name = "store"

    @dataclass(frozen=True)
    class Config:
        """No options."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:
        """See Publisher."""
        with writing(timeout):
            StoredEvent.objects.bulk_create([_row(one.event) for one in messages], ignore_conflicts=True)
        return []


def forget_old_events() -> int:
    """Delete events older than the retention, in small bites; how many went."""
    limit = clock.now() - timedelta(hours=settings.EVENT_RETENTION_HOURS)
    gone = 0
    while ids := list(
        StoredEvent.objects.filter(received_at__lt=limit).values_list("id", flat=True)[:FORGET_AT_ONCE]
    ):
        gone += StoredEvent.objects.filter(id__in=ids).delete()[0]
    return gone


def _row(event: Event) -> StoredEvent:
    return StoredEvent(
        event_id=event.id,
        vim_id=event.vim_id,
        instance_id=event.instance_id,
        kind=event.kind,
        phase=event.phase,
        state=event.state[:50],
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        body=event.to_dict(),
    )
