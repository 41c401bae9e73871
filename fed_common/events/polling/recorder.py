"""Pushed events keep what is known of the instances fresh, beside the river and never in its way."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from fed_common.core.errors import Retryable
from fed_common.core.model import Event
from fed_common.inventory import known
from fed_common.telemetry.logging import get_logger

FLUSH_EVERY = 0.5

log = get_logger(__name__)


class Recorder:
    """The newest event of each instance of each VIM, written twice a second. Thread-safe.

    What is not written yet when the process dies is seen by the next look at the cloud.
    """

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], Event] = {}
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end."""
        self._stopping.set()
        self._thread.join()

    def note(self, events: Iterable[Event]) -> None:
        """These were told, in this order. Costs less than a microsecond each."""
        with self._turn:
            for event in events:
                self._newest[event.vim_id, event.key] = event

    def flush(self) -> None:
        """Write what was noted; what cannot be written now waits, unless newer is noted."""
        with self._turn:
            noted, self._newest = self._newest, {}
        by_vim: dict[str, list[Event]] = {}
        for (vim_id, _), event in noted.items():
            by_vim.setdefault(vim_id, []).append(event)
        for vim_id, events in by_vim.items():
            try:
                known.write_heard(vim_id, events)
            except Retryable as error:
                log.warning("what notifications said is kept later", vim=vim_id, reason=error.reason)
                self._keep(events)

    def _keep(self, events: Iterable[Event]) -> None:
        with self._turn:
            for event in events:
                self._newest.setdefault((event.vim_id, event.key), event)

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_EVERY):
            self._flush_safely()
        self._flush_safely()

    def _flush_safely(self) -> None:
        try:
            self.flush()
        except Exception:
            log.exception("what notifications said is not kept")
