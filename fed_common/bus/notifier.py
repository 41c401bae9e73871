"""Sending notifications that are known to have arrived.

oslo.messaging's own Notifier logs a failure and returns as if nothing had been, so this uses the
transport beneath it, which waits for RabbitMQ's publisher confirm and raises.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import oslo_messaging
from amqp.exceptions import (  # type: ignore[import-untyped]
    AMQPError,
    IrrecoverableChannelError,
    IrrecoverableConnectionError,
)
from kombu.exceptions import KombuError
from oslo_config import cfg

from fed_common.bus.check import FIELD, check_url
from fed_common.bus.urls import is_rabbit
from fed_common.core import clock
from fed_common.core.errors import Invalid, Retryable
from fed_common.telemetry.redact import redact

OPERATOR_PAUSE = 30.0
# how long a frozen RabbitMQ can hold one attempt; a URL's own options win
_OPTIONS = {"heartbeat_timeout_threshold": "10", "kombu_reconnect_delay": "0"}


class ConfirmedNotifier:
    """Sends to one bus. Connects when first used; may be called from several threads."""

    def __init__(self, url: str, exchange: str) -> None:
        """No I/O. Raises Invalid naming ``transport.url`` when it is none of a RabbitMQ."""
        check_url(url)
        if not is_rabbit(url):
            raise Invalid(FIELD, redact(url), "rabbit://…: the other drivers do not confirm")
        self._url, self._exchange = url, exchange
        self._transport = _transport(url)

    def send(self, topic: str, *, priority: str, event_type: str, publisher_id: str, payload: Any) -> None:
        """Put one notification on the queue ``{topic}.{priority}``, which is made when it is missing.

        Returns when RabbitMQ has confirmed it, after one attempt. Raises Retryable; whether the
        notification arrived is then unknown.
        """
        target = oslo_messaging.Target(exchange=self._exchange, topic=f"{topic}.{priority}")
        notification = {
            "message_id": str(uuid.uuid4()),
            "publisher_id": publisher_id,
            "event_type": event_type,
            "priority": priority.upper(),
            "payload": payload,
            "timestamp": str(clock.now().replace(tzinfo=None)),
        }
        try:
            self._transport._send_notification(target, {}, notification, version=2.0, retry=0)
        except (IrrecoverableConnectionError, IrrecoverableChannelError) as error:
            raise Retryable(f"RabbitMQ refuses: {error}", retry_after=OPERATOR_PAUSE) from error
        except (oslo_messaging.MessagingException, KombuError, AMQPError, OSError) as error:
            raise Retryable(f"RabbitMQ did not take it: {error}") from error

    def close(self) -> None:
        """Close all connections. Safe to call twice; a later send connects again."""
        old, self._transport = self._transport, _transport(self._url)
        old.cleanup()


def _transport(url: str) -> Any:
    parts = urlsplit(url)
    options = {**_OPTIONS, **dict(parse_qsl(parts.query))}
    return oslo_messaging.get_notification_transport(
        cfg.CONF, urlunsplit(parts._replace(query=urlencode(options)))
    )
