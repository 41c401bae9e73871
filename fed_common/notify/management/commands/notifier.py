"""``manage.py notifier``: sends the notices of alarms that nobody else sends any more."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fed_common.notify.sending.sending import Sending
from fed_common.telemetry.endpoint import serve_health
from fed_common.telemetry.logging import get_logger, setup_logging

log = get_logger(__name__)


class Command(BaseCommand):
    """Run one; run as many as you like, on any number of servers."""

    help = "Send what dead processes left of the notices of alarms. Any number of notifiers share it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The port differs per process on one server."""
        parser.add_argument("--metrics-port", type=int, default=settings.METRICS_PORT, help="0 picks a free one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Send until SIGTERM or SIGINT, then finish what is under way."""
        setup_logging(settings.LOG_LEVEL)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        sending = Sending()
        sending.start()
        server = serve_health(settings.BIND, options["metrics_port"], sending.health)
        log.info("notifier started", metrics_port=server.server_port)
        stopping.wait()
        sending.stop()
        log.info("notifier stopped")
