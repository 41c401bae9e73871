"""Schemes log and test: one structured line in the gateway's own log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LogConfig:
    """No options."""


class LogNotifier(Notifier):
    """For admins only: whoever may fill the log may hide something in it."""

    name: ClassVar[str] = "log"
    schemes: ClassVar[tuple[str, ...]] = ("log", "test")
    admin_only: ClassVar[bool] = True
    Config: ClassVar[type] = LogConfig

    def __init__(self, config: LogConfig) -> None:
        pass

    @classmethod
    def options_of(cls, url: str) -> Mapping[str, Any]:  # noqa: ARG003
        """None: what stands behind ``log://`` means nothing, as in Aodh."""
        return {}

    @property
    def endpoint(self) -> str:
        """One for all."""
        return "log"

    async def notify(self, packet: Packet, *, timeout: float) -> None:  # noqa: ARG002 - never waits
        """A line for each notice."""
        for notice in packet.notices:
            log.info(
                "alarm",
                delivery=packet.delivery_id,
                kind=notice.kind.value,
                alarm_id=notice.alarm_id,
                name=notice.name,
                severity=notice.severity.value,
                previous=notice.previous,
                current=notice.current,
                reason=notice.reason,
                vim_id=notice.about.vim_id,
                about=notice.about.id,
                sequence=notice.sequence,
            )
