"""One listener process: the sources of the VIMs it owns, started and stopped as ownership moves."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from fed_common.core.errors import GatewayError, Permanent, Retryable
from fed_common.core.model import Vim as CoreVim
from fed_common.events.ownership import RENEW_EVERY, Ownership, own_name
from fed_common.events.pipeline import Pipeline
from fed_common.events.polling.recorder import Recorder
from fed_common.events.polling.told import Lookout, ToldByPoll, polled_instead, told_of
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
    told: ToldByPoll

    def stop(self) -> None:
        self.pipeline.stop()
        self.source.stop(timeout=STOP_TIMEOUT)
        metrics.CONNECTED.labels(str(self.vim.id)).set(0)


class Listening:
    """Keeps a source running for every VIM this process owns."""

    def __init__(self, routes: Routes) -> None:
        self._ownership = Ownership(own_name())
        self._routes = routes
        self._plugins: Registry[CloudPlugin] = Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)
        self._recorder = Recorder()
        self._newest_told = 0
        self._stretches: dict[str, _Stretch] = {}
        self._unusable: dict[str, CoreVim] = {}
        self._sealed: set[str] = set()
        self._stopping = threading.Event()
        self._settled = False
        self._thread = threading.Thread(target=self._run, name="listening", daemon=True)

    def start(self) -> None:
        """Begin to claim VIMs and to listen to them; returns at once."""
        self._recorder.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop every source, acknowledge what is safe, and give the VIMs up."""
        self._stopping.set()
        self._thread.join()
        self._follow({})
        self._recorder.stop()
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

    def health(self) -> dict[str, Any]:
        """What the process says of itself."""
        return {"ok": self.ready, "revision": self._routes.current.revision, "vims": self.vims()}

    def _run(self) -> None:
        while not self._stopping.is_set() and not self._routes.loaded.wait(RENEW_EVERY):
            log.info("waiting for the routing table")
        while not self._stopping.is_set():
            try:
                self._follow(self._owned())
                self._heed_polling()
                self._settled = True
            except Retryable as error:
                log.warning("listening goes on without the database", reason=error.reason)
            except Exception:
                log.exception("listening goes on as it was")
            self._report()
            self._stopping.wait(RENEW_EVERY)

    def _owned(self) -> dict[str, CoreVim]:
        pushing = self._pushing()
        connected = {vim_id for vim_id, reading in self.vims().items() if reading}
        ours = self._ownership.share(pushing, connected)
        return {vim_id: vim for vim_id, vim in pushing.items() if vim_id in ours}

    def _pushing(self) -> dict[str, CoreVim]:
        """Every VIM with a transport; one that was sealed with another key is told of once and left out."""
        with reachable():
            rows = list(Vim.objects.filter(enabled=True).exclude(sealed_transport_url=""))
        vims: dict[str, CoreVim] = {}
        for row in rows:
            try:
                vims[row.full_id] = row.to_core()
            except Permanent as error:
                if row.full_id not in self._sealed:
                    log.error("a VIM cannot be listened to", vim=row.full_id, reason=error.reason)
                self._sealed.add(row.full_id)
        return vims

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
        told = ToldByPoll(Lookout(vim_id, lambda: self._newest_told))
        told.hold(held=True)
        told.learn(told_of([vim_id]))
        pipeline = Pipeline(vim_id, self._routes, told, self._recorder.note)
        source.start(pipeline)
        self._stretches[vim_id] = _Stretch(vim, source, pipeline, told)
        log.info("listening", vim=vim_id, listener=self._ownership.owner)

    def _heed_polling(self) -> None:
        """Wait where polling tells in our place until it stops, and know what it told. Raises Retryable."""
        held = polled_instead(self._stretches)
        rows = told_of(self._stretches, behind=self._newest_told)
        self._newest_told = max((row.pk for row in rows), default=self._newest_told)
        for vim_id, stretch in self._stretches.items():
            stretch.told.learn([row for row in rows if row.vim_id == vim_id])
            stretch.told.hold(held=vim_id in held)

    def _report(self) -> None:
        metrics.OWNED.set(len(self._stretches))
        for vim_id, connected in self.vims().items():
            metrics.CONNECTED.labels(vim_id).set(connected)
