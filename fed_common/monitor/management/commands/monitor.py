"""``manage.py monitor``: watches its share of the targets; Tacker's tacker-monitor."""

from __future__ import annotations

import resource

from fed_common.events.worker_command import WorkerCommand
from fed_common.monitor.executor.executor import Executor


class Command(WorkerCommand):
    """Run one executor."""

    help = "Watch VIMs and VNFs. Any number of monitors share the targets."
    kind = "monitor"
    needs_bus = True

    def parts(self) -> tuple[Executor]:
        """Who asks."""
        _open_many_files()
        return (Executor(),)


def _open_many_files() -> None:
    """Each http check holds a connection: as many as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
