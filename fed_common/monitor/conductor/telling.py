"""What the monitor saw, told to the river in the order it happened, once or, after a crash, again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fed_common.core.errors import Retryable
from fed_common.core.model import Event
from fed_common.events.pipeline import Pipeline
from fed_common.events.routes import Routes
from fed_common.monitor.models import LifecycleEvent
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

AT_ONCE = 500
LOOK_EVERY, LOOK_AGAIN_AFTER = 0.1, 1.0
SPRING = "house"

log = get_logger(__name__)


class Telling:
    """Tells while ``elected`` says that this conductor is the one. A sink that is down holds up nothing else."""

    def __init__(self, routes: Routes, elected: Callable[[], bool]) -> None:
        self._routes, self._elected = routes, elected
        self._pipeline = Pipeline(SPRING, routes)
        self._news, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End. What was not told will be by the next."""
        self._stopping.set()
        self._news.set()
        self._pipeline.stop()
        self._thread.join()

    def wake(self) -> None:
        """There is something to tell."""
        self._news.set()

    def tell(self) -> bool:
        """Tell one batch; whether there may be more. Raises Retryable: no database."""
        with reachable():
            rows = LifecycleEvent.objects.filter(event__isnull=False).order_by("pk")[:AT_ONCE]
            untold = dict(rows.values_list("pk", "event"))
        if not untold:
            return False
        events = [Event.from_dict(one) for one in untold.values() if one]
        if not self._pipeline.process(events):
            return False
        with reachable():
            LifecycleEvent.objects.filter(pk__in=untold).update(event=None)
        return True

    def _may_tell(self) -> bool:
        return not self._stopping.is_set() and self._routes.loaded.is_set() and self._elected()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            try:
                wait = LOOK_EVERY
                while self._may_tell() and self.tell():
                    pass
            except Retryable as error:
                log.warning("telling waits for the database", reason=error.reason)
                wait = LOOK_AGAIN_AFTER
            except Exception:
                log.exception("telling tries again")
                wait = LOOK_AGAIN_AFTER
            self._news.wait(wait)
