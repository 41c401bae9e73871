"""Single VIMs out of A&AI: asked for once by however many threads, served as last known while it is down."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from datetime import timedelta

from fed_common.core import clock
from fed_common.core.errors import (
    CloudFailed,
    CloudShut,
    CloudTimeout,
    Conflict,
    GatewayError,
    NotFound,
    Retryable,
)
from fed_common.core.model import VimId
from fed_common.inventory.aai.client import AaiClient
from fed_common.inventory.aai.keeping import Outcome, forget, keep
from fed_common.inventory.aai.mapping import read_region
from fed_common.inventory.models import Vim
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

PAUSE = 10.0
UNKNOWN_FOR, FAILED_FOR = 5.0, 1.0
REMEMBERED = 1000
_EVERYTHING = VimId("", "")

log = get_logger(__name__)


class ReadThrough:
    """A&AI as the source of the VIMs that nobody registered here. Thread-safe."""

    def __init__(self, client: AaiClient, ttl: float) -> None:
        """``ttl``: seconds for which an answer is good."""
        self._client = client
        self._ttl = timedelta(seconds=ttl)
        self._lock = threading.Lock()
        self._flights: dict[VimId, Future[Vim]] = {}
        self._refused: dict[VimId, tuple[GatewayError, float]] = {}
        self._refreshing = threading.Lock()
        self._paused: dict[VimId, float] = {}

    def is_due(self, row: Vim) -> bool:
        """Whether A&AI ought to be asked again. Memory only; False for what was registered here."""
        if row.source != Vim.Source.AAI or (row.read_at and clock.now() < row.read_at + self._ttl):
            return False
        pauses = (self._paused.get(_EVERYTHING, 0.0), self._paused.get(row.vim_id, 0.0))
        return time.monotonic() >= max(pauses)

    def refreshed(self, row: Vim) -> Vim:
        """The VIM as A&AI tells it now, else as it is; one thread at a time asks, so a slow A&AI holds up one.

        Raises NotFound: A&AI has it no longer.
        """
        if not self._refreshing.acquire(blocking=False):
            return row
        try:
            return self._read(row.vim_id)
        except (CloudFailed, Conflict, Retryable) as error:
            self._pause(row.vim_id, error)
            metrics.AAI_STALE.labels(str(row.vim_id)).inc()
            log.warning("a VIM is served as last known", vim=str(row.vim_id), reason=str(error))
            return row
        finally:
            self._refreshing.release()

    def found(self, vim_id: VimId) -> Vim:
        """A VIM that is not known here. Raises NotFound, CloudFailed & co, Conflict, Retryable.

        An answer that there is none is believed for some seconds, a failure for one.
        """
        with self._lock:
            error, until = self._refused.get(vim_id, (None, 0.0))
            if error and time.monotonic() < until:
                raise error
            flight, mine = self._flights.get(vim_id), False
            if flight is None:
                flight, mine = self._flights.setdefault(vim_id, Future()), True
        if mine:
            self._fly(vim_id, flight)
        return flight.result()

    def _fly(self, vim_id: VimId, flight: Future[Vim]) -> None:
        try:
            flight.set_result(_stored(vim_id) or self._read(vim_id))
        except Exception as error:
            if isinstance(error, GatewayError):
                self._refuse(vim_id, error)
            flight.set_exception(error)
        finally:
            with self._lock:
                del self._flights[vim_id]

    def _read(self, vim_id: VimId) -> Vim:
        region = self._client.region(vim_id)
        if region is None:
            forget(vim_id)
            raise NotFound("VIM", str(vim_id))
        told = read_region(vim_id, region)
        row, outcome = keep(told)
        if outcome is not Outcome.UNCHANGED:
            log.info("A&AI told of a VIM", vim=str(vim_id), outcome=outcome, notes=list(told.notes))
        return row

    def _refuse(self, vim_id: VimId, error: GatewayError) -> None:
        seconds = UNKNOWN_FOR if isinstance(error, NotFound) else FAILED_FOR
        with self._lock:
            if len(self._refused) >= REMEMBERED:
                self._refused.clear()
            self._refused[vim_id] = (error, time.monotonic() + seconds)

    def _pause(self, vim_id: VimId, error: GatewayError) -> None:
        """A&AI that does not answer is left alone for a while, for one wrong record only this VIM is."""
        whom = _EVERYTHING if isinstance(error, CloudTimeout | CloudShut) else vim_id
        self._paused[whom] = time.monotonic() + PAUSE


def _stored(vim_id: VimId) -> Vim | None:
    """Another thread or process may have been faster."""
    with reachable():
        return Vim.objects.filter(full_id=str(vim_id)).first()
