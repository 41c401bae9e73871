"""Opening a notification bus: the one place that says why a transport URL cannot be used."""

from __future__ import annotations

from typing import Any

import oslo_messaging
from oslo_config import cfg

from fed_common.bus.urls import transport_url
from fed_common.core.errors import Invalid
from fed_common.telemetry.redact import MASK, redact


def notification_bus(url: str) -> Any:
    """oslo.messaging's transport for the URL. No I/O.

    Raises Invalid naming ``transport.url`` when no driver can use it; no message holds a secret.
    """
    try:
        return oslo_messaging.get_notification_transport(cfg.CONF, transport_url(url))
    except Exception as error:
        allowed = f"a URL an oslo.messaging driver can use ({redact(str(error))})"
        raise Invalid("transport.url", MASK, allowed) from error
