"""``manage.py poller``: looks at its share of the VIMs that do not push, and minds those that do."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fed_common.events.polling.polling import Polling
from fed_common.events.routes import Routes
from fed_common.telemetry.endpoint import serve_health
from fed_common.telemetry.logging import get_logger, setup_logging

log = get_logger(__name__)


class Command(BaseCommand):
    """Run one poller; run as many as you like, on any number of servers."""

    help = "Poll the VIMs that have to be polled. Any number of pollers share the VIMs."

    def add_arguments(self, parser: CommandParser) -> None:
        """The port differs per process on one server."""
        parser.add_argument("--metrics-port", type=int, default=settings.METRICS_PORT, help="0 picks a free one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Poll until SIGTERM or SIGINT, then hand over cleanly."""
        setup_logging(settings.LOG_LEVEL)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        routes = Routes()
        routes.start()
        polling = Polling(routes)
        polling.start()
        server = serve_health(settings.BIND, options["metrics_port"], lambda: _health(routes, polling))
        log.info("poller started", metrics_port=server.server_port)
        stopping.wait()
        polling.stop()
        routes.stop()
        log.info("poller stopped")


def _health(routes: Routes, polling: Polling) -> dict[str, Any]:
    return {"ok": polling.ready, "revision": routes.current.revision, "vims": polling.vims()}
