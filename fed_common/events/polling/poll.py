"""One VIM's looks: compared with what is known, told, and only then kept as known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

from django.conf import settings

from fed_common.core import clock
from fed_common.core.differences import Change, HostChange, Knowledge, events_of, host_changes, instance_changes
from fed_common.core.errors import CloudFailed, GatewayError, Retryable
from fed_common.core.instances import Sweep
from fed_common.events.models import Role
from fed_common.events.ownership import living
from fed_common.events.pipeline import Pipeline
from fed_common.events.polling.ledger import Ledger
from fed_common.events.polling.polled_vim import PolledVim
from fed_common.events.polling.settling import Settling
from fed_common.events.polling.told import remember_told
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.inventory import known
from fed_common.inventory.models import Vim
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)


class Mode(StrEnum):
    """What polling is to a VIM: its only spring, a second opinion on its listener, or in place of it."""

    POLL = "poll"
    RECONCILE = "reconcile"
    FALLBACK = "fallback"


class Poll:
    """The looks at one VIM, one at a time.

    ``may_tell`` is asked right before telling, whether that is still ours to do.
    """

    def __init__(
        self, polled: PolledVim, plugin: CloudPlugin, pipeline: Pipeline, may_tell: Callable[[], bool]
    ) -> None:
        self.polled, self.plugin = polled, plugin
        self.failing = False
        self.asked_at: datetime | None = None
        self.answered: datetime | None = None
        self._pipeline, self._may_tell = pipeline, may_tell
        self._mode = self._looked_in = Mode.RECONCILE if polled.pushes else Mode.POLL
        self._ledger = Ledger(polled)
        self._settling = Settling(settings.RECONCILE_SETTLE)
        self._last: datetime | None = None
        self._looks = 0
        self._turn = threading.Lock()
        self._stopped = False

    @property
    def mode(self) -> Mode:
        """What polling is to the VIM now."""
        return self._mode

    @property
    def settling(self) -> bool:
        """Whether the last look showed differences that have to be seen again before they are told."""
        return self._settling.waiting

    @property
    def busy(self) -> bool:
        """Whether a look is under way, which may still tell what it began to tell."""
        return self._turn.locked()

    def switch(self, mode: Mode) -> None:
        """From now on; a look that is under way tells nothing any more."""
        self._mode = mode

    def stop(self) -> None:
        """Tell nothing any more. Safe to call twice."""
        self._stopped = True
        self._pipeline.stop()

    def look(self) -> None:
        """Ask the cloud once and take what it shows. Never raises."""
        with self._turn, metrics.SWEEP_SECONDS.labels(self.polled.id).time():
            if self._stopped:
                return
            self.answered = self.asked_at
            mode, vim = self._begin(), self.polled.vim
            try:
                sweep = self.plugin.list_instances(vim, since=self._since(), timeout=self.polled.timeout)
            except Exception as error:
                self.failed(error)
            else:
                self.take(sweep, mode)

    def take(self, sweep: Sweep, mode: Mode) -> bool:
        """Tell and keep what a look shows; False when only a new whole look can tell it."""
        try:
            taken = self._take(sweep, mode)
        except Retryable as error:
            log.warning("a look waits for the database", vim=self.polled.id, reason=error.reason)
            taken = False
        self._last, self._looks = (sweep.taken_at, self._looks + 1) if taken else (None, 0)
        return taken

    def answers(self) -> None:
        """The cloud answered."""
        self.failing = False
        metrics.SWEEPS.labels(self.polled.id, "done").inc()
        metrics.LAST_SWEEP.labels(self.polled.id).set_to_current_time()
        self._set_status(Vim.Status.REACHABLE)

    def failed(self, error: Exception) -> None:
        """The cloud did not answer: nothing is told of its VMs, and the next look is a whole one."""
        self.failing, self._looks = True, 0
        metrics.SWEEPS.labels(self.polled.id, "failed").inc()
        if isinstance(error, GatewayError):
            self._set_status(
                Vim.Status.UNREACHABLE, error.reason if isinstance(error, CloudFailed) else str(error)
            )
            return
        log.error("a plugin failed in a way it should not", vim=self.polled.id, exc_info=error)
        self._set_status(Vim.Status.UNREACHABLE, f"the plugin failed: {type(error).__name__}")

    def _set_status(self, status: str, reason: str = "") -> None:
        """Where executors live, they and the conductors say whether a VIM can be reached."""
        try:
            if not living(Role.EXECUTOR):
                known.set_status(self.polled.key, status, reason)
        except Retryable as error:
            log.warning("the status of a VIM is not written", vim=self.polled.id, reason=error.reason)

    def _begin(self) -> Mode:
        """The mode of the look that begins. While a listener tells, and after it, what is known is read anew."""
        mode = self._mode
        if mode is Mode.RECONCILE or mode is not self._looked_in:
            self._ledger.forget()
            self._last, self._looks, self._looked_in = None, 0, mode
        return mode

    def _since(self) -> datetime | None:
        """Between whole looks only what changed is asked for."""
        whole = self._looks % max(settings.POLL_FULL_EVERY, 1) == 0
        return None if whole or self._last is None else self._last

    def _take(self, sweep: Sweep, mode: Mode) -> bool:
        knowledge = self._ledger.knowledge()
        if not self._ledger.begun(sweep):
            self._ledger.begin(sweep)
            self.answers()
            return self._ledger.begun(sweep)
        self.answers()
        self._ledger.begin_hosts(sweep)
        changes = list(instance_changes(self.polled.id, knowledge.instances, sweep))
        hosts = list(host_changes(self.polled.id, knowledge.hosts, sweep))
        if mode is Mode.RECONCILE:
            changes, hosts = self._settled(knowledge, changes, hosts, sweep)
        if not self._tell(changes, hosts, mode):
            return False
        self._ledger.keep(changes, hosts)
        return True

    def _settled(
        self, knowledge: Knowledge, changes: list[Change], hosts: list[HostChange], sweep: Sweep
    ) -> tuple[list[Change], list[HostChange]]:
        """Without what a notification told better during the look, and what may still be on the way."""
        before, now = knowledge.instances, time.monotonic()
        older = [one for one in changes if one.id not in before or before[one.id].since <= sweep.taken_at]
        self._settling.begin()
        return self._settling.ripe(older, now), self._settling.ripe(hosts, now)

    def _tell(self, changes: Sequence[Change], hosts: Sequence[HostChange], mode: Mode) -> bool:
        events = events_of(changes, hosts)
        if not events:
            return True
        if self._stopped or mode is not self._mode or not self._may_tell():
            return False
        if not self._pipeline.process(events):
            return False
        if mode is not Mode.POLL:
            remember_told(self.polled.id, changes, after=self._last, until=clock.now())
        return True
