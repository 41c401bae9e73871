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

BATCH = 500
TRY_AGAIN_AFTER = 1.0

log = get_logger(__name__)
AcceptBatch = Callable[[Sequence[Mapping[str, Any] | Malformed]], bool]


class NotificationIntake:
    """One VIM's notifications, handed to ``accept`` from one thread.

    ``accept`` answers True once the batch is safe, False to stop: then nothing of the batch is
    acknowledged and the cloud keeps it. A batch it fails on goes back to the cloud and comes again.
    """

    def __init__(self, transport: NotificationTransport, accept: AcceptBatch) -> None:
        """Raises Invalid naming ``transport.url`` when no driver can use it. No I/O."""
        self._accept = accept
        self._arrived: SimpleQueue[list[Any]] = SimpleQueue()
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self._reader = _reader(transport)
        self._threads = [
            threading.Thread(target=self._read, name="intake-read", daemon=True),
            threading.Thread(target=self._work, name="intake-work", daemon=True),
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

    def _work(self) -> None:
        going = True
        while going and not self._stopping.is_set():
            batch = _take(self._arrived)
            going = not batch or self._hand_over(batch)
        self._drained.set()

    def _hand_over(self, batch: Sequence[Any]) -> bool:
        try:
            accepted = self._accept([self._reader.notification(one) for one in batch])
        except Exception:
            log.exception("a batch was not accepted and goes back to the cloud", messages=len(batch))
            self._reader.give_back(batch)
            return not self._stopping.wait(TRY_AGAIN_AFTER)
        if accepted:
            self._reader.acknowledge(batch)
        return accepted


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
