"""One breaker and one bound per VIM, so that a VIM that does not answer holds up nobody else's calls."""

from __future__ import annotations

import threading
from functools import cache
from types import TracebackType

from django.conf import settings

from fed_common.core.breaker import Breaker, State
from fed_common.core.errors import CloudShut
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

FULL_RETRY_AFTER = 1.0

log = get_logger(__name__)


class Circuit:
    """The way to one VIM. Safe to share between threads."""

    def __init__(self, vim_id: str) -> None:
        self.vim_id = vim_id
        self.breaker = Breaker(failures=settings.BREAKER_FAILURES, rest=settings.BREAKER_SECONDS)
        self._most, self._under_way = settings.VIM_REQUESTS, 0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Count one more call. Raises CloudShut when there are too many."""
        with self._lock:
            if self._under_way >= self._most:
                raise CloudShut(
                    self.vim_id, f"{self._most} calls are under way already", retry_after=FULL_RETRY_AFTER
                )
            self._under_way += 1

    def release(self) -> None:
        """Count one less."""
        with self._lock:
            self._under_way -= 1


class Passage:
    """One call to a VIM: enter, then say ``answered`` or ``failed``; neither: it tells nothing of the VIM."""

    __slots__ = ("_attempt", "_circuit")

    def __init__(self, circuit: Circuit) -> None:
        self._circuit, self._attempt = circuit, 0

    def __enter__(self) -> Passage:
        """Raises CloudShut: the VIM is left alone now, or has enough to do."""
        circuit = self._circuit
        circuit.take()
        self._attempt = circuit.breaker.enter()
        if not self._attempt:
            circuit.release()
            raise CloudShut(
                circuit.vim_id, "it did not answer several times in a row", retry_after=circuit.breaker.retry_after
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._circuit.release()
        if self._attempt:
            self._circuit.breaker.abandoned(self._attempt)

    def answered(self) -> None:
        """The VIM answered, whatever it said."""
        was = self._circuit.breaker.state
        self._circuit.breaker.answered(self._attempt)
        self._attempt = 0
        if was is not State.CLOSED:
            metrics.BREAKER_OPEN.labels(self._circuit.vim_id).set(0)
            log.info("the VIM answers again", vim=self._circuit.vim_id)

    def failed(self) -> None:
        """It was not reached, or did not answer in time. After ``answered``: no matter."""
        if not self._attempt:
            return
        was = self._circuit.breaker.state
        self._circuit.breaker.failed(self._attempt)
        self._attempt = 0
        if was is State.CLOSED and self._circuit.breaker.state is State.OPEN:
            metrics.BREAKER_OPEN.labels(self._circuit.vim_id).set(1)
            log.warning("the VIM is left alone until it answers", vim=self._circuit.vim_id)


class Circuits:
    """Those of every VIM asked so far."""

    def __init__(self) -> None:
        self._known: dict[str, Circuit] = {}

    def through(self, vim_id: str) -> Passage:
        """The passage of one call, to be entered."""
        circuit = self._known.get(vim_id) or self._known.setdefault(vim_id, Circuit(vim_id))
        return Passage(circuit)


@cache
def circuits() -> Circuits:
    """Those of this process."""
    return Circuits()
