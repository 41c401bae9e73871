"""``manage.py gateway``: REST, Message Router face, page, live stream, metrics."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from fed_common.broker.serving import serve
from fed_common.telemetry.logging import setup_logging


class Command(BaseCommand):
    """Run one HTTP server; run as many as you like behind a load balancer."""

    help = "Serve REST, the Message Router face, the page and metrics."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Serve until told to stop."""
        setup_logging(settings.LOG_LEVEL)
        serve()
