"""Events that passed while the database was away, until it says whether a rule of that moment is about them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from fed_common.core.errors import Retryable
from fed_common.core.model import Event

MOST = 10_000
AGAIN_AFTER = 0.5

Evaluate = Callable[[Sequence[Event]], None]


class LateEvents:
    """Remembers them in their order, and has them evaluated as soon as that is possible. Thread-safe.

    They are gone when the process dies meanwhile: only a rule that was written in the moment before the database
    went away, and that this process had not read yet, can miss one so.
    """

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def keep(self, events: Sequence[Event]) -> bool:
        """Remember these; False: there are too many, they have to wait where they come from."""
        with self._lock:
            if len(self._events) + len(events) > MOST:
                return False
            first = not self._events
            self._events += events
        if first:
            threading.Thread(target=self._run, name="late-events", daemon=True).start()
        return True

    def settle(self) -> None:
        """Evaluate all of them now. Raises Retryable: it is still away."""
        with self._turn:
            while batch := self._events[:]:
                self._evaluate(batch)
                with self._lock:
                    del self._events[: len(batch)]

    def _run(self) -> None:
        pause = threading.Event()
        while self._events:
            pause.wait(AGAIN_AFTER)
            try:
                self.settle()
            except Retryable:
                continue
