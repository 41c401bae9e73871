"""Sending a whole notification, its message id included, through any driver of oslo.messaging.

oslo's own ``Notifier`` gives every notification a new id; a replay and a repeated delivery must keep theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import oslo_messaging

from fed_common.bus.opening import notification_bus
from fed_common.core.errors import Retryable
from fed_common.telemetry.redact import redact

ENVELOPE = 2.0
TRIES_AGAIN = 2


class NotificationSender:
    """Sends to one exchange. Safe to use from several threads."""

    def __init__(self, url: str, exchange: str) -> None:
        """Raises Invalid naming ``transport.url`` when no driver can use it. No I/O."""
        self._exchange = exchange
        self._bus = notification_bus(url)

    def send(self, topic: str, notification: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        """Send to ``topic.<priority>`` as an OpenStack service does; ``context`` has the request id.

        The notification has oslo's keys: message_id, publisher_id, event_type, priority, payload, timestamp.
        Raises Retryable when the bus cannot be reached after a few tries.
        """
        target = oslo_messaging.Target(
            exchange=self._exchange, topic=f"{topic}.{notification['priority'].lower()}"
        )
        try:
            self._bus._send_notification(
                target, dict(context), dict(notification), version=ENVELOPE, retry=TRIES_AGAIN
            )
        except Exception as error:  # each driver has errors of its own
            raise Retryable(f"the notification bus cannot be reached ({redact(str(error))})") from error
