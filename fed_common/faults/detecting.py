"""The detectors of one process: they watch the hosts of the VIMs it owns, and what they see is reported."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from fed_common.core import clock
from fed_common.core.errors import GatewayError, Retryable
from fed_common.events.models import Role
from fed_common.events.ownership import RENEW_EVERY, Ownership, own_name
from fed_common.faults import services
from fed_common.faults.models import WatchedHost
from fed_common.faults.watching import DOWN, UP, config_of, detectors
from fed_common.interfaces.detector import Detector, HostReport
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

NEVER_UP = "it was never up: there is nothing to report"

log = get_logger(__name__)
Hosts = dict[tuple[str, str], Any]


class Detecting:
    """Keeps every detector told which hosts are its own here."""

    def __init__(self) -> None:
        self._ownership = Ownership(own_name(), Role.DETECTOR)
        self._detectors: dict[str, Detector] = {}
        self._watching: dict[str, Hosts] = {}
        self._configs: dict[tuple[str, str], Any] = {}
        self._stopping = threading.Event()
        self._settled = False
        self._thread = threading.Thread(target=self._run, name="detecting", daemon=True)

    def start(self) -> None:
        """Start every detector there is; one that cannot start is told of and left out. Returns at once."""
        known = detectors()
        for name in known.names():
            try:
                self._detectors[name] = known.get(name)()
                self._detectors[name].start(report)
            except Exception:
                log.exception("a detector cannot be used", detector=name)
                self._detectors.pop(name, None)
        self._thread.start()

    def stop(self) -> None:
        """Stop them all, and give the VIMs up."""
        self._stopping.set()
        self._thread.join()
        for detector in self._detectors.values():
            detector.stop()
        try:
            self._ownership.leave()
        except Retryable as error:
            log.warning("the leases will run out by themselves", reason=error.reason)

    @property
    def ready(self) -> bool:
        """Whether the first share of VIMs was taken."""
        return self._settled

    def health(self) -> dict[str, int]:
        """How many hosts each detector watches here."""
        return {name: len(self._watching.get(name, ())) for name in self._detectors}

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
                self._settled = True
            except Retryable as error:
                log.warning("detecting goes on without the database", reason=error.reason)
            except Exception:
                log.exception("detecting goes on as it was")
            self._stopping.wait(RENEW_EVERY)

    def _follow(self) -> None:
        """One turn: whose hosts, and which of them changed. Raises Retryable."""
        with reachable():
            wanted = WatchedHost.objects.filter(enabled=True, vim__enabled=True, detector__in=self._detectors)
            rows = list(wanted.select_related("vim"))
        ours = self._ownership.share({row.vim.full_id for row in rows})
        hosts: dict[str, Hosts] = defaultdict(dict)
        self._configs = {_said(row): self._config(row) for row in rows}
        for row in rows:
            config = self._configs[_said(row)]
            if row.vim.full_id in ours and config is not None:
                hosts[row.detector][row.vim.full_id, row.host] = config
        for name, detector in self._detectors.items():
            if hosts[name] != self._watching.get(name, {}):
                detector.watch(hosts[name])
                self._watching[name] = hosts[name]

    def _config(self, row: WatchedHost) -> Any:
        """None: it cannot be used, which is told of once."""
        if _said(row) in self._configs:
            return self._configs[_said(row)]
        try:
            return config_of(row)
        except GatewayError as error:
            log.error("a host cannot be watched", host=row.host, detector=row.detector, reason=str(error))
            return None


def _said(row: WatchedHost) -> tuple[str, str]:
    return row.detector, row.sealed_options


def report(said: HostReport) -> None:
    """What a detector of the house says, kept with the host's row and made a fault, or taken back.

    A host that was never up is not down: its address may be wrong. Up matters only where the same detector said
    down before: it knows nothing of what others reported. Raises Retryable.
    """
    with reachable():
        rows = WatchedHost.objects.filter(vim__full_id=said.vim_id, host=said.host, detector=said.source)
        before = rows.values_list("state", flat=True).first()
        if before == "" and said.down:
            rows.exclude(reason=NEVER_UP).update(reason=NEVER_UP, changed_at=clock.now())
            return
    if said.down or before in (None, DOWN):
        services.report(said)
    with reachable():
        now = DOWN if said.down else UP
        rows.exclude(state=now).update(state=now, reason=said.cause, changed_at=clock.now())
