"""What the commands that serve no REST share: they run until they are told to end, and hand over cleanly."""

from __future__ import annotations

import signal
import threading
from abc import abstractmethod
from typing import Any, ClassVar, Protocol

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fed_common.bus.rpc import in_process
from fed_common.core.errors import Invalid
from fed_common.telemetry.collector import leave_loaded_alone
from fed_common.telemetry.endpoint import serve_health
from fed_common.telemetry.logging import get_logger, setup_logging

ONE_PROCESS = "rabbit://…: fake:// reaches only one process; `manage.py up` runs everything in one"

log = get_logger(__name__)


class Part(Protocol):
    """Something that runs in threads of its own."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End, with what is under way."""


class HealthyPart(Part, Protocol):
    """One that can say how it is."""

    def health(self) -> dict[str, Any]:
        """See ``telemetry.endpoint.Health``."""


class WorkerCommand(BaseCommand):
    """One process of a kind; run as many as you like, on any number of servers.

    ``kind``       what the log calls it.
    ``needs_bus``  whether it is of no use on a bus that other processes do not reach.
    """

    kind: ClassVar[str]
    needs_bus: ClassVar[bool] = False
    requires_system_checks = ()  # they load every view

    @abstractmethod
    def parts(self) -> tuple[*tuple[Part, ...], HealthyPart]:
        """What runs, in the order in which it is started. The last one tells the health of the process."""

    def add_arguments(self, parser: CommandParser) -> None:
        """The port differs per process on one server."""
        parser.add_argument("--metrics-port", type=int, default=settings.METRICS_PORT, help="0 picks a free one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Work until SIGTERM or SIGINT. Raises Invalid naming the setting it cannot work with."""
        setup_logging(settings.LOG_LEVEL)
        if self.needs_bus and in_process(settings.TRANSPORT_URL):
            raise Invalid("MCFED_TRANSPORT_URL", settings.TRANSPORT_URL, ONE_PROCESS)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        parts = self.parts()
        for part in parts:
            part.start()
        leave_loaded_alone()
        server = serve_health(settings.BIND, options["metrics_port"], parts[-1].health)
        log.info(f"{self.kind} started", metrics_port=server.server_port)
        stopping.wait()
        for part in reversed(parts):
            part.stop()
        log.info(f"{self.kind} stopped")
