"""One line in the log for each message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LogConfig:
    """No options."""


class LogPublisher(Publisher):
    """Writes what happened to which VM at level INFO; the payload stays out of the log."""

    name: ClassVar[str] = "log"
    Config: ClassVar[type] = LogConfig

    def __init__(self, config: LogConfig) -> None:
        pass

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:  # noqa: ARG002 - never waits
        """Log them; never refuses, never fails."""
        for message in messages:
            event = message.event
            log.info(
                "event logged",
                topic=message.topic,
                event_id=event.id,
                event_type=event.type,
                vim_id=event.vim_id,
                instance_id=event.instance_id,
                kind=event.kind.value,
                phase=event.phase.value,
                state=event.state,
                size=len(message.value),
            )
        return []
