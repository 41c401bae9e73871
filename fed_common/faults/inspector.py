"""Acts on host faults, in every conductor process. What one leaves undone another goes on with."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from fed_common.bus.rpc import RpcServer
from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.events.ownership import RENEW_EVERY, own_name
from fed_common.events.routes import Routes
from fed_common.faults.acting import act
from fed_common.faults.claiming import claim, renew
from fed_common.faults.clearing import clear
from fed_common.faults.models import HostFault
from fed_common.faults.rpc import EXCHANGE, TOPIC, Wakes
from fed_common.faults.turn import Over, Turn
from fed_common.faults.warming import Warming
from fed_common.telemetry.logging import get_logger

AT_ONCE = 8
LOOK_EVERY, LOOK_AGAIN_AFTER = 0.1, 1.0
AFTER_A_BUG = timedelta(seconds=5)
STOPS_WITHIN = 10.0

log = get_logger(__name__)


class Inspector:
    """Claims faults and acts on each in a thread of its own; their calls share MCFED_FAULT_THREADS threads."""

    def __init__(self, routes: Routes) -> None:
        self.name = own_name()
        self._routes = routes
        self._stopping, self._woken = threading.Event(), threading.Event()
        self._running: set[UUID] = set()
        self._lock = threading.Lock()
        self._turns = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fault")
        self._calls = ThreadPoolExecutor(settings.FAULT_THREADS, thread_name_prefix="fault-call")
        self._server = RpcServer(
            settings.TRANSPORT_URL,
            exchange=EXCHANGE,
            topic=TOPIC,
            server=self.name,
            endpoints=[Wakes(self.wake)],
            threads=2,
        )
        self._warming = Warming()
        self._thread = threading.Thread(target=self._run, name="inspector", daemon=True)

    def start(self) -> None:
        """Begin; returns at once, or as soon as the bus was tried."""
        self._thread.start()
        self._warming.start()
        self._server.start()

    def wake(self) -> None:
        """There may be something to do; it is found within LOOK_EVERY anyhow. Any thread may call it."""
        self._woken.set()

    def stop(self) -> None:
        """Leave what is under way to the others, which go on with it at once. Safe to call twice."""
        self._server.stop()
        self._warming.stop()
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(STOPS_WITHIN)
        self._turns.shutdown(wait=True)
        self._calls.shutdown(wait=True)

    def health(self) -> dict[str, Any]:
        """What it says of itself."""
        return {"acting": len(self._ours()), "bus": self._server.listening}

    def _run(self) -> None:
        renewed = 0.0
        while not self._stopping.is_set():
            wait = LOOK_EVERY
            try:
                if time.monotonic() - renewed >= RENEW_EVERY:
                    renewed = time.monotonic()
                    renew(self.name, self._ours())
                if self._routes.loaded.is_set():
                    self._claim()
            except Retryable as error:
                log.warning("host faults wait for the database", reason=error.reason)
                wait = LOOK_AGAIN_AFTER
            except Exception:  # a thread that ends would end all inspecting of this process
                log.exception("host faults could not be claimed")
                wait = LOOK_AGAIN_AFTER
            self._woken.wait(wait)
            self._woken.clear()

    def _claim(self) -> None:
        ours = self._ours()
        free = AT_ONCE - len(ours)
        for fault in claim(self.name, free, ours) if free else ():
            with self._lock:
                self._running.add(fault.pk)
            self._turns.submit(self._take, fault)

    def _ours(self) -> set[UUID]:
        with self._lock:
            return set(self._running)

    def _take(self, fault: HostFault) -> None:
        turn = Turn(fault, self._stopping)
        try:
            self._act(turn)
        finally:
            with self._lock:
                self._running.discard(fault.pk)
            self.wake()

    def _act(self, turn: Turn) -> None:
        about = {"fault": str(turn.fault.pk), "host": turn.fault.host, "state": turn.fault.state}
        step = clear if turn.fault.state == HostFault.State.CLEARING else act
        later = None
        try:
            step(turn, self._routes, self._calls)
            log.info("a host fault was acted on", **about)
        except Over:
            log.info("a host fault is left to who goes on", **about)
        except Retryable as error:
            log.warning("a host fault is gone on with later", reason=error.reason, **about)
        except Exception:
            log.exception("a host fault is tried again", **about)
            later = clock.now() + AFTER_A_BUG
        try:
            turn.release(later)
        except Retryable as error:
            log.info("a host fault is left to its lease", reason=error.reason, **about)
