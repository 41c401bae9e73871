"""One conductor process: it judges what executors report, does what policies say, and acts on host faults."""

from __future__ import annotations

import threading
from typing import Any

from django.conf import settings

from fed_common.bus.rpc import RpcServer
from fed_common.core.errors import Retryable
from fed_common.events.models import Role
from fed_common.events.ownership import RENEW_EVERY, Ownership, own_name
from fed_common.events.routes import Routes
from fed_common.faults.inspector import Inspector
from fed_common.monitor.conductor.endpoints import Endpoints
from fed_common.monitor.conductor.holding import reason_to_hold
from fed_common.monitor.conductor.reconciling import Reconciling
from fed_common.monitor.conductor.telling import Telling
from fed_common.monitor.rpc import CONDUCTOR_TOPIC, EXCHANGE
from fed_common.monitor.vnfs.runner import Runner
from fed_common.telemetry.logging import get_logger

THE_ONE = "reconciler"

log = get_logger(__name__)


class Conductor:
    """Any number run, on any number of servers. One of them is elected to reconcile and to tell."""

    def __init__(self, routes: Routes) -> None:
        self.name = own_name()
        self._ownership = Ownership(self.name, Role.CONDUCTOR)
        self._runner = Runner(self.name, reason_to_hold)
        self._telling = Telling(routes, self._holds_the_lease)
        self._reconciling = Reconciling(self._holds_the_lease, self._runner.wake)
        self._inspector = Inspector(routes)
        self._server = RpcServer(
            settings.TRANSPORT_URL,
            exchange=EXCHANGE,
            topic=CONDUCTOR_TOPIC,
            server=self.name,
            endpoints=[Endpoints(self._runner.wake, self._telling.wake)],
        )
        self._elected, self._announced = False, False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="conductor", daemon=True)

    def start(self) -> None:
        """Begin; returns at once, or as soon as the bus was tried."""
        self._thread.start()
        self._runner.start()
        self._telling.start()
        self._reconciling.start()
        self._inspector.start()
        self._server.start()

    def stop(self) -> None:
        """Answer what is under way, and let others go on at once."""
        self._server.stop()
        self._stopping.set()
        self._thread.join()
        self._inspector.stop()
        self._reconciling.stop()
        self._telling.stop()
        self._runner.stop()
        try:
            self._ownership.leave()
        except Retryable as error:
            log.warning("the lease will run out by itself", reason=error.reason)

    @property
    def ready(self) -> bool:
        """Whether the others know of it and the bus was reached."""
        return self._announced and self._server.listening

    def health(self) -> dict[str, Any]:
        """What the process says of itself."""
        return {"ok": self.ready, "name": self.name, "elected": self._elected, "bus": self._server.listening}

    def _holds_the_lease(self) -> bool:
        """Raises Retryable."""
        return self._elected and self._ownership.holds(THE_ONE)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._elected = bool(self._ownership.share({THE_ONE}))
                self._announced = True
            except Retryable as error:
                log.warning("the conductor goes on without the database", reason=error.reason)
            except Exception:
                log.exception("the conductor goes on as it was")
            self._stopping.wait(RENEW_EVERY)
