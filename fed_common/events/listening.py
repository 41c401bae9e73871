"""One listener process: the sources of the VIMs it owns, started and stopped as ownership moves."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from dataclasses import dataclass

from django.conf import settings

from fed_common.core.errors import GatewayError, Retryable
from fed_common.core.model import Vim as CoreVim
from fed_common.events.ownership import RENEW_EVERY, Ownership
from fed_common.events.pipeline import Pipeline
from fed_common.events.routes import Routes
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.interfaces.registry import Registry
from fed_common.interfaces.source import EventSource
from fed_common.inventory.models import Vim
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

STOP_TIMEOUT = 8.0

log = get_logger(__name__)


@dataclass(frozen=True)
class _Stretch:
    """A VIM that is being listened to."""

    vim: CoreVim
    source: EventSource
    pipeline: Pipeline

    def stop(self) -> None:
        self.pipeline.stop()
        self.source.stop(timeout=STOP_TIMEOUT)
        metrics.CONNECTED.labels(str(self.vim.id)).set(0)


class Listening:
    """Keeps a source running for every VIM this process owns."""

    def __init__(self, routes: Routes) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self._ownership = Ownership(name)
        self._routes = routes
        self._plugins: Registry[CloudPlugin] = Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)
        self._stretches: dict[str, _Stretch] = {}
        self._unusable: dict[str, CoreVim] = {}
        self._stopping = threading.Event()
        self._settled = False
        self._thread = threading.Thread(target=self._run, name="listening", daemon=True)

    def start(self) -> None:
        """Begin to claim VIMs and to listen to them; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop every source, acknowledge what is safe, and give the VIMs up."""
        self._stopping.set()
        self._thread.join()
        self._follow({})
        try:
            self._ownership.leave()
        except Retryable as error:
            log.warning("the leases will run out by themselves", reason=error.reason)

    @property
    def ready(self) -> bool:
        """Whether the first share of VIMs was taken and the bus of each is being read."""
        return self._settled and all(self.vims().values())

    def vims(self) -> dict[str, bool]:
        """The VIMs owned now, and whether each one's bus is being read."""
        return {vim_id: one.source.connected for vim_id, one in list(self._stretches.items())}

    def _run(self) -> None:
        while not self._stopping.is_set() and not self._routes.loaded.wait(RENEW_EVERY):
            log.info("waiting for the routing table")
        while not self._stopping.is_set():
            try:
                self._follow(self._owned())
                self._settled = True
            except Retryable as error:
                log.warning("listening goes on without the database", reason=error.reason)
            except Exception:
                log.exception("listening goes on as it was")
            self._report()
            self._stopping.wait(RENEW_EVERY)

    def _owned(self) -> dict[str, CoreVim]:
        with reachable():
            vims = {str(row.vim_id): row.to_core() for row in Vim.objects.filter(enabled=True)}
        pushing = {vim_id: vim for vim_id, vim in vims.items() if vim.transport}
        ours = self._ownership.share(pushing)
        return {vim_id: vim for vim_id, vim in pushing.items() if vim_id in ours}

    def _follow(self, owned: dict[str, CoreVim]) -> None:
        gone = [key for key, stretch in self._stretches.items() if owned.get(key) != stretch.vim]
        stops = [threading.Thread(target=self._stretches.pop(key).stop) for key in gone]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        for vim_id, vim in owned.items():
            if vim_id not in self._stretches and self._unusable.get(vim_id) != vim:
                self._listen(vim_id, vim)

    def _listen(self, vim_id: str, vim: CoreVim) -> None:
        try:
            source = self._plugins.get(vim.type)().event_source(vim)
        except GatewayError as error:
            log.error("a VIM cannot be listened to", vim=vim_id, reason=str(error))
            self._unusable[vim_id] = vim
            return
        if source is None:
            return
        pipeline = Pipeline(vim_id, self._routes)
        source.start(pipeline.process)
        self._stretches[vim_id] = _Stretch(vim, source, pipeline)
        log.info("listening", vim=vim_id, listener=self._ownership.owner)

    def _report(self) -> None:
        metrics.OWNED.set(len(self._stretches))
        for vim_id, connected in self.vims().items():
            metrics.CONNECTED.labels(vim_id).set(connected)
