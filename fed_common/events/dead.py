"""Dead events: what cannot be read or will never be taken, kept with its reason until replayed."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from fed_common.core.errors import Retryable
from fed_common.events.models import DeadEvent
from fed_common.events.routes import LiveSink
from fed_common.interfaces.publisher import Refused
from fed_common.interfaces.source import Unreadable
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import writing

DATABASE_TIMEOUT, DATABASE_WAIT = 10.0, 1.0

log = get_logger(__name__)


class DeadEvents:
    """Writes dead events. While the database is down it waits: nothing is forgotten."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping

    def set_aside(self, sink: LiveSink, refused: Sequence[Refused]) -> bool:
        """Keep messages a sink will never take. False when stopped before they were safe."""
        return self._write(
            [
                DeadEvent(
                    stage=DeadEvent.Stage.PUBLISH,
                    vim_id=one.message.event.vim_id,
                    event_id=one.message.event.id,
                    subscription=sink.subscription,
                    publisher=sink.publisher_name,
                    topic=sink.topic,
                    reason=_plain(one.reason),
                    body=_storable(one.message.event.to_dict()),
                )
                for one in refused
            ]
        )

    def set_aside_unreadable(self, vim_id: str, unreadable: Sequence[Unreadable]) -> bool:
        """Keep notifications that cannot be read. False when stopped before they were safe."""
        return self._write(
            [
                DeadEvent(
                    stage=DeadEvent.Stage.READ,
                    vim_id=vim_id,
                    event_id=str(one.notification.get("message_id") or "")[:100],
                    reason=_plain(one.reason),
                    body=_storable(dict(one.notification)),
                )
                for one in unreadable
            ]
        )

    def _write(self, rows: Sequence[DeadEvent]) -> bool:
        while True:
            try:
                with writing(DATABASE_TIMEOUT):
                    DeadEvent.objects.bulk_create(rows)
            except Retryable as error:
                log.warning("dead events wait for the database", reason=error.reason, waiting=len(rows))
            else:
                for row in rows:
                    metrics.DEAD.labels(row.vim_id).inc()
                    log.error("dead event", event_id=row.event_id, vim=row.vim_id, reason=row.reason)
                return True
            if self._stopping.wait(DATABASE_WAIT):
                return False


def _plain(text: str) -> str:
    return text.replace("\x00", "")


def _storable(body: dict[str, Any]) -> dict[str, Any]:
    """The body, unless no database could hold it: then at least its reason is kept."""
    try:
        json.dumps(body)
    except (ValueError, TypeError, RecursionError):
        return {"unstorable": "nested too deeply, or no JSON"}
    return body
