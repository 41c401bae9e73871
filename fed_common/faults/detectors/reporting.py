"""Reports on their way: detectors must not wait for the database, and nothing they saw is lost with it."""

from __future__ import annotations

import threading
from collections import OrderedDict

from fed_common.core.errors import GatewayError, Retryable
from fed_common.interfaces.detector import HostReport, Report
from fed_common.telemetry.logging import get_logger

AGAIN = 0.5
STOP_TIMEOUT = 5.0

log = get_logger(__name__)


class Reporting:
    """One thread that stores reports in the order they were made; of one host only the newest matters."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._waiting: OrderedDict[tuple[str, str], HostReport] = OrderedDict()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="host-reports", daemon=True)
        self._thread.start()

    def put(self, said: HostReport) -> None:
        """Have it stored soon; from any thread, never waits."""
        with self._changed:
            self._waiting[said.vim_id, said.host] = said
            self._changed.notify()

    def stop(self) -> None:
        """Store what waits, if the database takes it at once. Safe to call twice."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(STOP_TIMEOUT)

    def _run(self) -> None:
        while said := self._next():
            try:
                self._report(said)
            except Retryable as error:
                log.warning("a host's report waits", host=said.host, down=said.down, reason=error.reason)
                if self._stopping.wait(AGAIN):
                    return
                continue
            except GatewayError as error:
                log.error("a host's report was refused", host=said.host, down=said.down, reason=str(error))
            except Exception:
                log.exception("a host's report is lost", host=said.host, down=said.down)
            self._done(said)

    def _next(self) -> HostReport | None:
        """The oldest, as soon as there is one; None: it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
            return next(iter(self._waiting.values()), None)

    def _done(self, said: HostReport) -> None:
        """Unless something newer of that host came meanwhile."""
        with self._changed:
            if self._waiting.get((said.vim_id, said.host)) is said:
                del self._waiting[said.vim_id, said.host]
