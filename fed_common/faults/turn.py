"""One process's turn at a fault: what it may still do, and what it writes down."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from fed_common.core import clock
from fed_common.faults.models import HostFault
from fed_common.topics.database import reachable, writing

TIMEOUT = 10.0


class Over(Exception):
    """The turn ended: the fault is another's, or in another state, or the process stops."""


class Turn:
    """Held by ``owner`` while the fault is his and in the state in which he took it. Thread-safe."""

    def __init__(self, fault: HostFault, stopping: threading.Event) -> None:
        self.fault, self.stopping = fault, stopping
        self._lock = threading.Lock()

    def goes_on(self) -> bool:
        """Whether the turn lasts. Raises Retryable."""
        if self.stopping.is_set():
            return False
        with reachable():
            held = HostFault.objects.filter(pk=self.fault.pk, owner=self.fault.owner, state=self.fault.state)
            return held.filter(expires_at__gt=Now()).exists()

    def require(self) -> None:
        """Raises Over, Retryable."""
        if not self.goes_on():
            raise Over

    def note(self, stage: str, at: datetime | None = None) -> None:
        """Remember when this was reached first; written with the next ``write``."""
        with self._lock:
            self.fault.stages.setdefault(stage, clock.iso(at or clock.now()))

    def write(self, **columns: Any) -> None:
        """Keep columns and the stages. Raises Retryable."""
        with self._lock, writing(TIMEOUT):
            mine = HostFault.objects.filter(pk=self.fault.pk, owner=self.fault.owner)
            mine.update(stages=self.fault.stages, **columns)
        for name, value in columns.items():
            setattr(self.fault, name, value)

    def end(self, state: HostFault.State, **columns: Any) -> None:
        """Leave it in that state, unless it is in another one by now. Raises Retryable."""
        with self._lock, writing(TIMEOUT):
            mine = HostFault.objects.filter(pk=self.fault.pk, owner=self.fault.owner, state=self.fault.state)
            mine.update(state=state, stages=self.fault.stages, **columns)

    def release(self, next_try_at: datetime | None) -> None:
        """Let others go on, at once or from then on. Raises Retryable."""
        with writing(TIMEOUT):
            mine = HostFault.objects.filter(pk=self.fault.pk, owner=self.fault.owner)
            mine.update(owner="", expires_at=None, next_try_at=next_try_at)
