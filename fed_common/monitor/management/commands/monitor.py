"""``manage.py monitor``: watches its share of the targets; Tacker's tacker-monitor."""

from __future__ import annotations

import resource
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fed_common.bus.rpc import in_process
from fed_common.core.errors import Invalid
from fed_common.monitor.executor.executor import Executor
from fed_common.telemetry.endpoint import serve_health
from fed_common.telemetry.logging import get_logger, setup_logging

log = get_logger(__name__)


class Command(BaseCommand):
    """Run one executor; run as many as you like, on any number of servers."""

    help = "Watch VIMs and VNFs. Any number of monitors share the targets."

    def add_arguments(self, parser: CommandParser) -> None:
        """The port differs per process on one server."""
        parser.add_argument("--metrics-port", type=int, default=settings.METRICS_PORT, help="0 picks a free one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Watch until SIGTERM or SIGINT, then hand over cleanly. Raises Invalid naming the setting."""
        setup_logging(settings.LOG_LEVEL)
        if in_process(settings.TRANSPORT_URL):
            said = "rabbit://…: fake:// reaches only one process; `manage.py up` runs everything in one"
            raise Invalid("MCFED_TRANSPORT_URL", "fake://", said)
        _open_many_files()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        executor = Executor()
        executor.start()
        server = serve_health(settings.BIND, options["metrics_port"], executor.health)
        log.info("monitor started", metrics_port=server.server_port)
        stopping.wait()
        executor.stop()
        log.info("monitor stopped")


def _open_many_files() -> None:
    """Each http check holds a connection: as many as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
