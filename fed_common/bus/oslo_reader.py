"""Reads notifications through any driver of oslo.messaging, by its public listener."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import oslo_messaging
from oslo_messaging.notify.listener import NotificationServerBase

from fed_common.core.model import NotificationTransport

PRIORITIES = ("audit", "critical", "debug", "error", "info", "sample", "warn")


class _AllPriorities:
    """What oslo.messaging asks of a dispatcher before it binds the queues."""

    supported_priorities = PRIORITIES


class _Server(NotificationServerBase):  # type: ignore[misc]
    """oslo.messaging's server without its pool of workers."""

    def __init__(
        self, transport: Any, targets: Sequence[Any], pool: str | None, put: Callable[[list[Any]], None]
    ) -> None:
        super().__init__(transport, targets, _AllPriorities(), "threading", pool=pool)
        self._put = put

    def _on_incoming(self, incoming: Sequence[Any]) -> None:
        self._put(list(incoming))

    def _process_incoming(self, incoming: Sequence[Any]) -> None:
        raise NotImplementedError("messages go to the queue of arrivals")


class OsloReader:
    """A notification reader for the drivers that have no reader of their own."""

    def __init__(self, bus: Any, transport: NotificationTransport) -> None:
        self._bus, self._transport = bus, transport
        self.connected = False

    def read(self, put: Callable[[list[Any]], None], stop: threading.Event) -> None:
        """Put what arrives until ``stop``; returns after the last acknowledgement was sent."""
        targets = [
            oslo_messaging.Target(exchange=self._transport.exchange, topic=topic)
            for topic in self._transport.topics
        ]
        server = _Server(self._bus, targets, self._transport.pool or None, put)
        server.start(override_pool_size=1)
        self.connected = True
        stop.wait()
        self.connected = False
        server.stop()
        server.wait()

    def notification(self, incoming: Any) -> Mapping[str, Any]:
        """The message with the sender's request id, without the rest of the sender's context."""
        return {**incoming.message, "request_id": incoming.ctxt.get("request_id")}

    def acknowledge(self, batch: Sequence[Any]) -> None:
        """Tell the bus that the batch is safe."""
        for incoming in batch:
            incoming.acknowledge()

    def give_back(self, batch: Sequence[Any]) -> None:
        """Put the batch back on the bus."""
        for incoming in batch:
            incoming.requeue()
