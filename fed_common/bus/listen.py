"""Reading a cloud's notifications, in order, acknowledged only once they are safe.

The stock listeners group a batch by priority, wait for a batch to fill and have no place to hold
messages while a sink is down. This one hands over whatever has arrived, in the order of arrival
over all priorities and both formats, and acknowledges a batch only when it was accepted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from fed_common.bus.envelope import Malformed
from fed_common.bus.opening import notification_bus
from fed_common.bus.oslo_reader import OsloReader
from fed_common.bus.rabbit_reader import RabbitReader
from fed_common.bus.urls import is_rabbit
from fed_common.core.errors import Retryable
from fed_common.core.model import NotificationTransport
from fed_common.telemetry.logging import get_logger

BATCH, AHEAD = 500, 1_000
WAIT, TRY_AGAIN_AFTER = 0.05, 1.0
END: tuple[list[Any], list[Any]] = ([], [])
"""Nothing more will be heard."""

log = get_logger(__name__)
Notifications = Sequence[Mapping[str, Any] | Malformed]


class NotificationIntake:
    """One VIM's notifications, handed over in their order, each step from one thread.

    ``hear`` makes something of each batch, None to stop. ``accept`` answers True once that is safe, False to stop:
    then nothing of it is acknowledged and the cloud keeps it. Hearing goes on while ``accept`` waits, for AHEAD
    batches at most. What either fails on goes back to the cloud and comes again.
    """

    def __init__(
        self,
        transport: NotificationTransport,
        accept: Callable[[Sequence[Any]], bool],
        hear: Callable[[Notifications], Sequence[Any] | None] = lambda batch: batch,
    ) -> None:
        """Raises Invalid naming ``transport.url`` when no driver can use it. No I/O."""
        self._hear, self._accept = hear, accept
        self._arrived: SimpleQueue[list[Any]] = SimpleQueue()
        self._heard: SimpleQueue[tuple[list[Any], list[Any]]] = SimpleQueue()
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self._reader = _reader(transport)
        self._threads = [
            threading.Thread(target=self._read, name="intake-read", daemon=True),
            threading.Thread(target=self._listen, name="intake-hear", daemon=True),
            threading.Thread(target=self._tell, name="intake-tell", daemon=True),
        ]

    def start(self) -> None:
        """Connect in the background, for as long as it takes."""
        for thread in self._threads:
            thread.start()

    @property
    def connected(self) -> bool:
        """Whether the bus is being read now."""
        return self._reader.connected

    def stop(self, *, timeout: float) -> None:
        """End the batch in hand, acknowledge it if accepted, leave the rest to the cloud."""
        self._stopping.set()
        self._arrived.put([])
        for thread in reversed(self._threads):
            if thread.ident:
                thread.join(timeout)

    def _read(self) -> None:
        while not self._drained.is_set():
            try:
                self._reader.read(self._arrived.put, self._drained)
            except Retryable as error:
                log.warning("a cloud's bus is tried again", reason=error.reason)
                self._drained.wait(TRY_AGAIN_AFTER)
            except Exception:
                log.exception("reading a cloud's notifications starts again")
                self._drained.wait(TRY_AGAIN_AFTER)

    def _listen(self) -> None:
        going = True
        while going and not self._stopping.is_set():
            batch = _take(self._arrived)
            going = not batch or self._heed(batch)
        self._heard.put(END)

    def _heed(self, batch: list[Any]) -> bool:
        """False: stop."""
        while self._heard.qsize() >= AHEAD:
            if self._stopping.wait(WAIT):
                return False
        try:
            heard = self._hear([self._reader.notification(one) for one in batch])
        except Exception:
            return self._give_back(batch)
        if heard is not None:
            self._heard.put((batch, list(heard)))
        return heard is not None

    def _tell(self) -> None:
        going = True
        while going and not self._stopping.is_set():
            batch, heard = self._take_heard()
            going = bool(batch) and self._hand_over(batch, heard)
        self._drained.set()

    def _take_heard(self) -> tuple[list[Any], list[Any]]:
        """Wait for what was heard first, then take all that is there, up to about a batch."""
        batch, heard = self._heard.get()
        while batch and len(batch) < BATCH and not self._heard.empty():
            more, of_more = self._heard.get()
            if not more:
                self._heard.put(END)
                break
            batch += more
            heard += of_more
        return batch, heard

    def _hand_over(self, batch: Sequence[Any], heard: Sequence[Any]) -> bool:
        """False: stop."""
        try:
            accepted = self._accept(heard)
        except Exception:
            return self._give_back(batch)
        if accepted:
            self._reader.acknowledge(batch)
        return accepted

    def _give_back(self, batch: Sequence[Any]) -> bool:
        """False: stop."""
        log.exception("a batch was not accepted and goes back to the cloud", messages=len(batch))
        self._reader.give_back(batch)
        return not self._stopping.wait(TRY_AGAIN_AFTER)


def _reader(transport: NotificationTransport) -> OsloReader | RabbitReader:
    bus = notification_bus(transport.url)
    return RabbitReader(bus, transport) if is_rabbit(transport.url) else OsloReader(bus, transport)


def _take(arrived: SimpleQueue[list[Any]]) -> list[Any]:
    """Wait for first messages, then take all that is there, up to about a batch."""
    batch = list(arrived.get())
    try:
        while len(batch) < BATCH:
            batch += arrived.get_nowait()
    except Empty:
        pass
    return batch
