"""``manage.py listener``: reads the notifications of its share of the VIMs."""

from __future__ import annotations

from fed_common.events.listening import Listening
from fed_common.events.routes import Routes
from fed_common.events.worker_command import WorkerCommand


class Command(WorkerCommand):
    """Run one listener."""

    help = "Listen to the notifications of the VIMs that push. Any number of listeners share the VIMs."
    kind = "listener"

    def parts(self) -> tuple[Routes, Listening]:
        """Where events go, and what brings them."""
        routes = Routes()
        return routes, Listening(routes)
