"""``manage.py listener``: reads the notifications of its share of the VIMs."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fed_common.events.listening import Listening
from fed_common.events.routes import Routes
from fed_common.telemetry.endpoint import serve_health
from fed_common.telemetry.logging import get_logger, setup_logging

log = get_logger(__name__)


class Command(BaseCommand):
    """Run one listener; run as many as you like, on any number of servers."""

    help = "Listen to the notifications of the VIMs that push. Any number of listeners share the VIMs."

    def add_arguments(self, parser: CommandParser) -> None:
        """The port differs per process on one server."""
        parser.add_argument("--metrics-port", type=int, default=settings.METRICS_PORT, help="0 picks a free one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Listen until SIGTERM or SIGINT, then hand over cleanly."""
        setup_logging(settings.LOG_LEVEL)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        routes = Routes()
        routes.start()
        listening = Listening(routes)
        listening.start()
        server = serve_health(settings.BIND, options["metrics_port"], lambda: _health(routes, listening))
        log.info("listener started", metrics_port=server.server_port)
        stopping.wait()
        listening.stop()
        routes.stop()
        log.info("listener stopped")


def _health(routes: Routes, listening: Listening) -> dict[str, Any]:
    return {"ok": listening.ready, "revision": routes.current.revision, "vims": listening.vims()}
