"""``manage.py conductor``: decides on the health of VIMs and VNFs, and does what their policies say."""

from __future__ import annotations

from fed_common.events.routes import Routes
from fed_common.events.worker_command import WorkerCommand
from fed_common.faults.detecting import Detecting
from fed_common.monitor.conductor.conductor import Conductor


class Command(WorkerCommand):
    """Run one conductor."""

    help = "Decide on the health of VIMs and VNFs. Any number of conductors share the work."
    kind = "conductor"
    needs_bus = True

    def parts(self) -> tuple[Routes, Detecting, Conductor]:
        """Where events go, who finds out about hosts, and who decides."""
        routes = Routes()
        return routes, Detecting(), Conductor(routes)
