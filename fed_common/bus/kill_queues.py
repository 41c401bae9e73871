"""One queue ``KILL_ACTION.<subject>`` for each VIM and VNF that is watched, all on one connection.

They are what Tacker's monitor actions declare one oslo.messaging server each for, which would cost a thread,
a connection and three queues a subject. A queue goes when nobody reads it, so that no message waits in it for
whoever watches the subject next. On a bus without such queues there is nothing to do: there kills are fanned out.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from amqp.exceptions import PreconditionFailed  # type: ignore[import-untyped]

from fed_common.bus.rpc import rpc_transport
from fed_common.bus.rpc_listener import QUEUE_OUTLIVES, connect
from fed_common.bus.urls import is_rabbit
from fed_common.telemetry.logging import get_logger
from fed_common.telemetry.redact import redact

METHODS = {"kill": {"action_id"}, "killAction": set(), "update": {"action_id", "parameter"}}
LOOK_EVERY, TRY_AGAIN_AFTER, STOP_WITHIN = 0.05, 1.0, 5.0
AT_ONCE = 200

log = get_logger(__name__)
Hear = Callable[[str, str, dict[str, Any]], None]


class KillQueues:
    """Reads the queues of the subjects added, until they are removed. Safe to share between threads."""

    def __init__(self, url: str, hear: Hear, *, exchange: str = "tacker", topic: str = "KILL_ACTION") -> None:
        """``hear`` gets subject, method and arguments, from a thread of ours. No I/O."""
        self._driver = rpc_transport(url)._driver if is_rabbit(url) else None
        self._hear, self._exchange, self._topic = hear, exchange, topic
        self._wanted: set[str] = set()
        self._changed: deque[str] = deque()
        self._lock = threading.Lock()
        self._strange = ""
        self._link: Any = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kill-queues", daemon=True)

    @property
    def listening(self) -> bool:
        """Whether the queues of all subjects are read now."""
        return self._driver is None or (self._link is not None and not self._changed)

    def start(self) -> None:
        """Begin to read, as soon as the bus can be reached."""
        if self._driver is not None:
            self._thread.start()

    def stop(self) -> None:
        """End; the queues go with the connection."""
        self._stopping.set()
        if self._thread.ident:
            self._thread.join(STOP_WITHIN)

    def add(self, subject: str) -> None:
        """Read its queue, which begins empty. Safe to call twice. No I/O."""
        self._change(subject, self._wanted.add)

    def remove(self, subject: str) -> None:
        """Read it no more. Safe to call twice. No I/O."""
        self._change(subject, self._wanted.discard)

    def _change(self, subject: str, change: Callable[[str], None]) -> None:
        if self._driver is not None:
            with self._lock:
                change(subject)
                self._changed.append(subject)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._serve()
            except Exception as error:
                log.warning(
                    "the kill queues are declared again", reason=redact(str(error)) or type(error).__name__
                )
                self._stopping.wait(TRY_AGAIN_AFTER)

    def _serve(self) -> None:
        """Raises whatever ends the connection or the channel."""
        link = connect(self._driver)
        try:
            link.channel.exchange_declare(
                self._exchange, "topic", durable=link.durable, auto_delete=link.amqp_auto_delete
            )
            if self._strange:
                link.channel.queue_delete(self._strange)
            with self._lock:
                self._changed = deque(self._wanted)
            self._link = link
            self._read(link)
        except PreconditionFailed as error:
            found = re.search(r"queue '([^']*)'", str(error))
            self._strange = found[1] if found else ""  # another program made it, of another kind
            raise
        finally:
            self._link = None
            link.close()

    def _read(self, link: Any) -> None:
        reading: set[str] = set()
        while not self._stopping.is_set():
            for _ in range(min(AT_ONCE, len(self._changed))):
                self._follow(link.channel, self._changed.popleft(), reading)
            try:
                link.connection.drain_events(timeout=0.001 if self._changed else LOOK_EVERY)
            except TimeoutError:
                link.connection.heartbeat_check()

    def _follow(self, channel: Any, subject: str, reading: set[str]) -> None:
        """Make the queue and read it, or let it go, as is wanted now."""
        queue = f"{self._topic}.{subject}"
        wanted = subject in self._wanted
        if wanted and subject not in reading:
            reading.add(subject)
            expires = {"x-expires": QUEUE_OUTLIVES * 1000}
            channel.queue_declare(
                queue, durable=False, exclusive=False, auto_delete=True, arguments=expires, nowait=True
            )
            channel.queue_bind(queue, self._exchange, queue, nowait=True)
            channel.queue_purge(queue, nowait=True)
            channel.basic_consume(queue, queue, no_ack=True, nowait=True, callback=partial(self._arrived, subject))
        elif not wanted and subject in reading:
            reading.discard(subject)
            channel.basic_cancel(queue)

    def _arrived(self, subject: str, message: Any) -> None:
        try:
            method, arguments = _read_envelope(message.body)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("a message to a monitor action cannot be read", subject=subject, reason=str(error)[:200])
            return
        try:
            self._hear(subject, method, arguments)
        except Exception:
            log.exception("a message to a monitor action came to nothing", subject=subject, method=method)


def _read_envelope(body: Any) -> tuple[str, dict[str, Any]]:
    """Method and arguments in oslo.messaging's envelope. Raises ValueError & co when it is none of ours."""
    inner = orjson.loads(body)
    if "oslo.message" in inner:
        inner = orjson.loads(inner["oslo.message"])
    method, arguments = inner["method"], inner.get("args") or {}
    if not isinstance(arguments, dict) or set(arguments) != METHODS.get(method):
        raise ValueError(f"no method {str(method)[:50]!r} with the arguments {str(list(arguments))[:100]}")
    return method, arguments
