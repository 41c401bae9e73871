"""The VIO spring: Nova notifications, legacy and versioned, read as Events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fed_common.bus.envelope import Malformed
from fed_common.bus.listen import NotificationIntake
from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.model import Vim
from fed_common.interfaces.source import EventSource, Listener, Reading, Unreadable
from multicloud_vio.notifications import to_event


class NovaNotificationSource(EventSource):
    """Listens to one VIM's notification bus; one worker, so order per instance holds."""

    def __init__(self, vim: Vim) -> None:
        """Raises Invalid when the VIM's transport cannot be used."""
        if vim.transport is None:
            raise Invalid("transport.url", None, "the URL of the VIM's notification bus")
        self._vim_id = str(vim.id)
        self._intake = NotificationIntake(vim.transport, self._tell, self._hear)

    def start(self, listener: Listener) -> None:
        """See EventSource."""
        self._listener = listener
        self._intake.start()

    def stop(self, *, timeout: float) -> None:
        """See EventSource."""
        self._intake.stop(timeout=timeout)

    @property
    def connected(self) -> bool:
        """See EventSource."""
        return self._intake.connected

    def _hear(self, notifications: Sequence[Mapping[str, Any] | Malformed]) -> Sequence[Any] | None:
        received_at = clock.now()
        return self._listener.hear([self._reading(one, received_at) for one in notifications])

    def _tell(self, heard: Sequence[Any]) -> bool:
        return self._listener.tell(heard)

    def _reading(self, notification: Mapping[str, Any] | Malformed, received_at: datetime) -> Reading:
        if isinstance(notification, Malformed):
            return Unreadable(notification.reason, {"body": notification.body})
        return to_event(notification, self._vim_id, received_at)
