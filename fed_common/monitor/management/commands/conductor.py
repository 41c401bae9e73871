"""``manage.py conductor``: decides on the health of VIMs and VNFs, and does what their policies say."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fed_common.bus.rpc import in_process
from fed_common.core.errors import Invalid
from fed_common.events.routes import Routes
from fed_common.monitor.conductor.conductor import Conductor
from fed_common.telemetry.endpoint import serve_health
from fed_common.telemetry.logging import get_logger, setup_logging

log = get_logger(__name__)


class Command(BaseCommand):
    """Run one conductor; run as many as you like, on any number of servers."""

    help = "Decide on the health of VIMs and VNFs. Any number of conductors share the work."

    def add_arguments(self, parser: CommandParser) -> None:
        """The port differs per process on one server."""
        parser.add_argument("--metrics-port", type=int, default=settings.METRICS_PORT, help="0 picks a free one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Work until SIGTERM or SIGINT, then hand over cleanly."""
        setup_logging(settings.LOG_LEVEL)
        if in_process(settings.TRANSPORT_URL):
            said = "a bus that other processes reach, as rabbit://user:password@host:5672/"
            raise Invalid("MCFED_TRANSPORT_URL", settings.TRANSPORT_URL, said)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        routes = Routes()
        routes.start()
        conductor = Conductor(routes)
        conductor.start()
        server = serve_health(settings.BIND, options["metrics_port"], conductor.health)
        log.info("conductor started", conductor=conductor.name, metrics_port=server.server_port)
        stopping.wait()
        conductor.stop()
        routes.stop()
        log.info("conductor stopped")
