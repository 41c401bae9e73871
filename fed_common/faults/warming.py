"""Keeps an inspector signed in at the clouds whose hosts may fail: signing in takes longer than telling them."""

from __future__ import annotations

import threading

from fed_common.core.errors import GatewayError, Retryable
from fed_common.faults.cloud import FaultyCloud, cloud_of, load_plugins
from fed_common.inventory.models import Vim
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

EVERY = 120.0
MOST = 100

log = get_logger(__name__)


class Warming:
    """Asks each such cloud something cheap now and then, one after the other, for MOST of them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="warming", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; a call that is under way is left behind. Safe to call twice."""
        self._stopping.set()

    def _run(self) -> None:
        load_plugins()
        while not self._stopping.is_set():
            try:
                for vim in self._vims():
                    self._warm(vim)
            except Retryable as error:
                log.info("clouds are asked later", reason=error.reason)
            except Exception:
                log.exception("clouds are asked later")
            self._stopping.wait(EVERY)

    def _vims(self) -> list[Vim]:
        """Those whose hosts are known."""
        with reachable():
            return list(Vim.objects.filter(enabled=True, hosts__isnull=False).distinct()[:MOST])

    def _warm(self, vim: Vim) -> None:
        cloud = cloud_of(vim)
        if self._stopping.is_set() or not isinstance(cloud, FaultyCloud) or not cloud.can_be_told:
            return
        try:
            cloud.greet()
        except GatewayError as error:
            log.info("a cloud does not answer an inspector", vim=vim.full_id, reason=str(error))
