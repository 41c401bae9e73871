"""The reference style: oslo.messaging one message at a time, one POST each, no session, no key.

As ONAP's VIO listener does it, with its configuration mended and acknowledged after the POST.
``python -m tests.bench.reference TRANSPORT_URL EXCHANGE POOL POST_URL``
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import fed_common.bus  # noqa: F401 - oslo.messaging on threads, as for us

import oslo_messaging  # isort: skip
import requests
from oslo_config import cfg


class Endpoint:
    """Posts every payload."""

    def __init__(self, url: str) -> None:
        self._url = url

    def info(self, _context: Any, _publisher: str, _type: str, payload: Any, _metadata: Any) -> Any:
        requests.post(
            self._url, data=json.dumps(payload), headers={"Content-type": "application/json"}, timeout=30
        )
        return oslo_messaging.NotificationResult.HANDLED

    error = info


def main(url: str, exchange: str, pool: str, post_url: str) -> None:
    """Listen until killed."""
    bus = oslo_messaging.get_notification_transport(cfg.CONF, url)
    target = oslo_messaging.Target(exchange=exchange, topic="notifications")
    server = oslo_messaging.get_notification_listener(bus, [target], [Endpoint(post_url)], pool=pool)
    server.start()
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
