"""Pushed events keep what is known of the instances fresh, beside the river and never in its way."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from fed_common.core.errors import Retryable
from fed_common.core.model import Event
from fed_common.inventory import known
from fed_common.inventory.state_history import Step, step_of
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

FLUSH_EVERY = 0.5
MOST_STEPS = 50_000

log = get_logger(__name__)


@dataclass(slots=True)
class _Noted:
    """What is to be written of one instance or host: its newest event, and the states it went through."""

    newest: Event
    steps: list[Step] = field(default_factory=list)


class Recorder:
    """What the events of each VIM say, written twice a second. Thread-safe.

    What is not written yet when the process dies is seen by the next look at the cloud. While the database is
    away MOST_STEPS changes of state are kept, beyond them the last one of each instance.
    """

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], _Noted] = {}
        self._steps = 0
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
        """These were told, in this order. Costs microseconds each."""
        with self._turn:
            for event in events:
                if event.state:
                    self._note(event)

    def flush(self) -> None:
        """Write what was noted; what cannot be written now waits."""
        with self._turn:
            noted, self._noted, self._steps = self._noted, {}, 0
        by_vim: dict[str, list[_Noted]] = {}
        for (vim_id, _), one in noted.items():
            by_vim.setdefault(vim_id, []).append(one)
        for vim_id, ones in by_vim.items():
            steps = {one.newest.instance_id: one.steps for one in ones if one.steps}
            try:
                known.write_heard(vim_id, [one.newest for one in ones], steps)
            except Retryable as error:
                log.warning("what notifications said is kept later", vim=vim_id, reason=error.reason)
                self._keep(ones)

    def _note(self, event: Event) -> None:
        one = self._noted.get((event.vim_id, event.key))
        if one is None:
            one = self._noted[event.vim_id, event.key] = _Noted(event)
        one.newest = event
        if event.instance_id and not (one.steps and one.steps[-1].state == event.state):
            self._add(one.steps, step_of(event))

    def _add(self, steps: list[Step], step: Step) -> None:
        if self._steps >= MOST_STEPS and steps:
            steps[-1] = step
            metrics.STATES_LOST.inc()
            return
        steps.append(step)
        self._steps += 1

    def _keep(self, ones: Iterable[_Noted]) -> None:
        """What could not be written comes before what was noted since."""
        with self._turn:
            for old in ones:
                now = self._noted.setdefault((old.newest.vim_id, old.newest.key), old)
                if now is not old:
                    later, now.steps = now.steps, []
                    self._steps -= len(later)
                    for step in (*old.steps, *later):
                        self._add(now.steps, step)
                else:
                    self._steps += len(old.steps)

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_EVERY):
            self._flush_safely()
        self._flush_safely()

    def _flush_safely(self) -> None:
        try:
            self.flush()
        except Exception:
            log.exception("what notifications said is not kept")
