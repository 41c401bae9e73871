"""A cloud that is only slow: every call takes as long as Nova's do under load, and works."""

from __future__ import annotations

import time
from datetime import datetime
from typing import ClassVar

from fed_common.core import clock
from fed_common.core.instances import Sweep
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin

CALL_TAKES = 0.1


class SlowPlugin(CloudPlugin):
    """Its instances are those of the database: it has none to list."""

    name: ClassVar[str] = "slow"
    vim_types: ClassVar[frozenset[str]] = frozenset({"slow"})

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        """See CloudPlugin."""

    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:
        """Nothing, and not all of it."""
        return Sweep((), clock.now(), complete=False)

    def mark_host_down(self, vim: Vim, host: str, *, down: bool, timeout: float) -> None:
        """See CloudPlugin."""
        time.sleep(CALL_TAKES)

    def reset_state(self, vim: Vim, instance_id: str, state: str, *, timeout: float) -> None:
        """See CloudPlugin."""
        time.sleep(CALL_TAKES)
