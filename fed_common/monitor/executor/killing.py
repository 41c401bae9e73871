"""Ending monitor actions: at once here, then told to a conductor until it has heard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from queue import SimpleQueue

from fed_common.core.errors import Retryable
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

TRY_AGAIN_AFTER = 1.0

log = get_logger(__name__)


class Killing:
    """Safe to share between threads."""

    def __init__(
        self,
        drop: Callable[[str], bool],
        actions_of: Callable[[str], Collection[str]],
        killed: Callable[[str], str],
    ) -> None:
        """``drop``: stop watching an action, whether it was watched. ``actions_of``: those of a subject.

        ``killed`` tells a conductor; raises Retryable.
        """
        self._drop, self._actions_of, self._killed = drop, actions_of, killed
        self._untold: SimpleQueue[str] = SimpleQueue()
        self._stopping = threading.Event()
        self._stale = ""
        self._thread = threading.Thread(target=self._run, name="killing", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call under way."""
        self._stopping.set()
        self._untold.put("")
        self._thread.join()

    def kill(self, action_id: str) -> None:
        """End this action. One that is not watched here: nothing happens but a word in the log."""
        if self._drop(action_id):
            log.info("an action is killed", action=action_id)
            self._untold.put(action_id)
        else:
            self._ignore(action_id)

    def kill_subject(self, subject: str) -> None:
        """End whatever action this VIM or VNF has now."""
        for action_id in (actions := list(self._actions_of(subject))):
            self.kill(action_id)
        if not actions:
            self._ignore(subject)

    def _ignore(self, whom: str) -> None:
        metrics.STALE_KILLS.inc()
        if whom != self._stale:
            log.warning("a kill of what is not watched here is ignored", whom=whom[:100])
        self._stale = whom

    def _run(self) -> None:
        while not self._stopping.is_set():
            if action_id := self._untold.get():
                self._tell(action_id)

    def _tell(self, action_id: str) -> None:
        while not self._stopping.is_set():
            try:
                answer = self._killed(action_id)
                metrics.MONITOR_CALLS.labels("killed", "answered").inc()
                return log.info("a conductor knows of the kill", action=action_id, answer=answer)
            except Retryable as error:
                metrics.MONITOR_CALLS.labels("killed", "failed").inc()
                log.warning("a kill is told again", action=action_id, reason=error.reason)
                self._stopping.wait(TRY_AGAIN_AFTER)
        return None
