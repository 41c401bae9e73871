"""``manage.py poller``: looks at its share of the VIMs that do not push, and minds those that do."""

from __future__ import annotations

from fed_common.events.polling.polling import Polling
from fed_common.events.routes import Routes
from fed_common.events.worker_command import WorkerCommand


class Command(WorkerCommand):
    """Run one poller."""

    help = "Poll the VIMs that have to be polled. Any number of pollers share the VIMs."
    kind = "poller"

    def parts(self) -> tuple[Routes, Polling]:
        """Where events go, and what finds them."""
        routes = Routes()
        return routes, Polling(routes)
