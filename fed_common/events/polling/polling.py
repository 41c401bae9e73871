"""One poller process: the VIMs it owns, looked at, watched, or left to their listeners."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from fed_common.core.errors import GatewayError, Retryable
from fed_common.events.models import PollState, Role
from fed_common.events.ownership import RENEW_EVERY, Ownership, connected_listeners, own_name
from fed_common.events.pipeline import Pipeline
from fed_common.events.polling.jobs import Jobs
from fed_common.events.polling.poll import Mode, Poll
from fed_common.events.polling.polled_vim import PolledVim, PolledVims
from fed_common.events.polling.told import Lookout, ToldByPoll, set_fallback
from fed_common.events.polling.watching import Watching, can_watch
from fed_common.events.routes import Routes
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.interfaces.registry import Registry
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

HOLD = 4 * RENEW_EVERY  # until then a listener that comes back knows that it has to wait

log = get_logger(__name__)


@dataclass
class _Owned:
    """A VIM that is polled here.

    ``heard_at``  when its listener was last connected, by this process's clock.
    ``holding``   whether its listener was told to wait; ``None``: not told anything yet.
    """

    poll: Poll
    watching: Watching | None
    heard_at: float
    holding: bool | None = None

    def stop(self) -> None:
        self.poll.stop()
        if self.watching:
            self.watching.stop()


class Polling:
    """Keeps looking at every VIM this process owns."""

    def __init__(self, routes: Routes) -> None:
        self._ownership = Ownership(own_name(), Role.POLLER)
        self._routes = routes
        self._plugins: Registry[CloudPlugin] = Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)
        self._vims = PolledVims()
        self._jobs = Jobs()
        self._owned: dict[str, _Owned] = {}
        self._unusable: dict[str, PolledVim] = {}
        self._stopping = threading.Event()
        self._settled = False
        self._thread = threading.Thread(target=self._run, name="polling", daemon=True)

    def start(self) -> None:
        """Begin to claim VIMs and to look at them; returns at once."""
        self._jobs.start()
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing any more, and give the VIMs up."""
        self._stopping.set()
        self._thread.join()
        for vim_id in list(self._owned):
            self._drop(vim_id)
        self._jobs.stop()
        try:
            self._ownership.leave()
        except Retryable as error:
            log.warning("the leases will run out by themselves", reason=error.reason)

    @property
    def ready(self) -> bool:
        """Whether the first share of VIMs was taken."""
        return self._settled

    def vims(self) -> dict[str, dict[str, object]]:
        """The VIMs owned now: what polling is to each, and whether its last look failed."""
        return {
            vim_id: {"mode": one.poll.mode.value, "failing": one.poll.failing}
            for vim_id, one in list(self._owned.items())
        }

    def health(self) -> dict[str, Any]:
        """What the process says of itself."""
        return {"ok": self.ready, "revision": self._routes.current.revision, "vims": self.vims()}

    def _run(self) -> None:
        while not self._stopping.is_set() and not self._routes.loaded.wait(RENEW_EVERY):
            log.info("waiting for the routing table")
        while not self._stopping.is_set():
            try:
                self._follow()
                self._settled = True
            except Retryable as error:
                log.warning("polling goes on without the database", reason=error.reason)
            except Exception:
                log.exception("polling goes on as it was")
            metrics.POLLED.set(len(self._owned))
            self._stopping.wait(RENEW_EVERY)

    def _follow(self) -> None:
        """One turn: whose VIMs, which of them changed, who is heard, who was asked for. Raises Retryable."""
        vims = self._vims.refresh()
        ours = self._ownership.share(vims)
        for vim_id, one in list(self._owned.items()):
            if vim_id not in ours or vims[vim_id] != one.poll.polled:
                self._drop(vim_id)
        for vim_id in sorted(ours - self._owned.keys()):
            if self._unusable.get(vim_id) != vims[vim_id]:
                self._take(vims[vim_id])
        if any(one.poll.polled.pushes for one in self._owned.values()):
            self._switch(connected_listeners(), time.monotonic())
        self._hurry()

    def _take(self, polled: PolledVim) -> None:
        try:
            plugin = self._plugins.get(polled.vim.type)()
        except GatewayError as error:
            log.error("a VIM cannot be polled", vim=polled.id, reason=str(error))
            self._unusable[polled.id] = polled
            return
        told = None if polled.pushes else ToldByPoll(Lookout(polled.id))
        pipeline = Pipeline(polled.id, self._routes, told)
        poll = Poll(polled, plugin, pipeline, lambda: self._may_tell(polled.id))
        watching = Watching(poll) if can_watch(plugin) else None
        self._owned[polled.id] = _Owned(poll, watching, time.monotonic())
        if watching:
            watching.start()
        else:
            self._jobs.put(poll)
        log.info("polling", vim=polled.id, mode=poll.mode, poller=self._ownership.owner)

    def _drop(self, vim_id: str) -> None:
        self._jobs.remove(vim_id)
        self._owned.pop(vim_id).stop()

    def _may_tell(self, vim_id: str) -> bool:
        """Still ours, and no listener came back meanwhile; while the database is down, all goes on as before."""
        one = self._owned.get(vim_id)
        try:
            if one is None or not self._ownership.holds(vim_id):
                return False
            return one.poll.mode is not Mode.FALLBACK or vim_id not in connected_listeners()
        except Retryable:
            return True

    def _switch(self, connected: Collection[str], now: float) -> None:
        """Poll in place of listeners that are not connected for a while, until they are again."""
        for vim_id, one in self._owned.items():
            if not one.poll.polled.pushes:
                continue
            if vim_id in connected:
                one.heard_at = now
            mode = Mode.RECONCILE if now - one.heard_at < settings.FALLBACK_AFTER else Mode.FALLBACK
            if mode is not one.poll.mode:
                log.warning("polling changes its part", vim=vim_id, mode=mode)
                one.poll.switch(mode)
                self._jobs.put(one.poll, first_in=settings.RECONCILE_SETTLE if mode is Mode.RECONCILE else HOLD)
            hold = mode is Mode.FALLBACK or (bool(one.holding) and one.poll.busy)
            if hold != one.holding:
                set_fallback(one.poll.polled.key, on=hold)
                one.holding = hold

    def _hurry(self) -> None:
        """Look now at those somebody asked for."""
        keys = {one.poll.polled.key: one.poll for one in self._owned.values() if not one.watching}
        with reachable():
            asked = dict(
                PollState.objects.filter(vim__in=keys, asked_at__isnull=False).values_list("vim", "asked_at")
            )
        for key, moment in asked.items():
            poll = keys[key]
            poll.asked_at = moment
            if poll.answered != moment and poll.mode is not Mode.RECONCILE:
                self._jobs.hurry(poll.polled.id)
