"""RPC over oslo.messaging: a server of methods, and a client that calls or casts them.

The wire is that of any oslo.messaging service: exchange, topic, ``topic.server`` and a fanout. A message is
acknowledged before its method runs, so a call that timed out may have been done: methods must bear it twice.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import oslo_messaging
from oslo_config import cfg
from oslo_messaging.rpc.dispatcher import DefaultRPCAccessPolicy, RPCDispatcher

from fed_common.bus.rpc_listener import RpcListeningServer, no_endless_waiting
from fed_common.bus.urls import is_rabbit
from fed_common.core.errors import Invalid, Retryable
from fed_common.telemetry.logging import get_logger
from fed_common.telemetry.redact import MASK, redact

VERSION = "1.0"
FIRST_TRY_WITHIN, TRY_AGAIN_AFTER, STOP_WITHIN = 3.0, 1.0, 5.0
CAST_WITHIN, SEND_WITHIN = 1.0, 1.0
SENDERS = 16
_OPTIONS = {
    "rabbit_retry_interval": "1",
    "rabbit_retry_backoff": "0",
    "rabbit_interval_max": "1",
    "kombu_reconnect_delay": "0.2",
    "heartbeat_timeout_threshold": "10",
}
_IN_PROCESS: Counter[tuple[str, str]] = Counter()

log = get_logger(__name__)


def rpc_transport(url: str) -> Any:
    """oslo.messaging's RPC transport for the URL. No I/O. Raises Invalid naming MCFED_TRANSPORT_URL."""
    if is_rabbit(url):
        parts = urlsplit(url)
        url = urlunsplit(parts._replace(query=urlencode({**_OPTIONS, **dict(parse_qsl(parts.query))})))
    try:
        transport = oslo_messaging.get_rpc_transport(cfg.CONF, url)
    except Exception as error:
        said = f"a URL an oslo.messaging driver can use ({redact(str(error))})"
        raise Invalid("MCFED_TRANSPORT_URL", MASK, said) from error
    if is_rabbit(url):
        no_endless_waiting(transport._driver)
    return transport


def in_process(url: str) -> bool:
    """Whether this bus reaches only its own process."""
    return urlsplit(url).scheme == "fake"


class RpcServer:
    """Answers on ``topic``, on ``topic.server`` and on the topic's fanout, in threads of its own."""

    def __init__(
        self,
        url: str,
        *,
        exchange: str,
        topic: str,
        server: str,
        endpoints: Sequence[object],
        threads: int = 16,
    ) -> None:
        """``endpoints``: objects whose public methods take the context, then the message's arguments by name.

        At most ``threads`` of them run at a time. No I/O. Raises Invalid naming MCFED_TRANSPORT_URL.
        """
        self._transport = rpc_transport(url)
        self._target = oslo_messaging.Target(exchange=exchange, topic=topic, server=server, version=VERSION)
        self._dispatcher = RPCDispatcher(list(endpoints), None, DefaultRPCAccessPolicy)
        self._workers = threads
        self._key = (exchange, topic) if in_process(url) else None
        self._server: RpcListeningServer | None = None
        self._tried, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"rpc-{topic}", daemon=True)

    @property
    def listening(self) -> bool:
        """Whether the bus was reached; when it breaks later, the driver mends that by itself."""
        return self._server is not None

    def start(self) -> None:
        """Begin to answer; where the bus is down, as soon as it can be reached. Returns after a first try."""
        self._thread.start()
        self._tried.wait(FIRST_TRY_WITHIN)

    def stop(self) -> None:
        """Answer what is under way and end. Safe to call twice. Waits no longer than STOP_WITHIN."""
        self._stopping.set()
        ending = threading.Thread(target=self._end, name="rpc-stop", daemon=True)
        ending.start()
        ending.join(STOP_WITHIN)  # while the bus is down the driver does not let go

    def _listen(self) -> None:
        while not self._stopping.is_set() and self._server is None:
            server = RpcListeningServer(self._transport, self._target, self._dispatcher, "threading")
            try:
                server.start(override_pool_size=self._workers)
                self._server = server
                if self._key:
                    _IN_PROCESS[self._key] += 1
            except Exception as error:
                said = redact(str(error)).partition("\n")[0]
                log.warning("an RPC server tries again", topic=self._target.topic, reason=said)
                self._stopping.wait(TRY_AGAIN_AFTER)
            self._tried.set()

    def _end(self) -> None:
        if self._thread.ident:
            self._thread.join()
        server, self._server = self._server, None
        if server is not None:
            if self._key:
                _IN_PROCESS[self._key] -= 1
            server.stop()
            server.wait()
            if not self._key:  # in one process all share what this would close
                self._transport.cleanup()


class RpcClient:
    """Calls methods of the servers of one topic. Safe to share between threads.

    oslo.messaging can hold its caller for ten seconds and more when RabbitMQ hangs. So every message is sent
    by a thread that may be left behind, of which there are few.
    """

    def __init__(self, url: str, *, exchange: str, topic: str) -> None:
        """No I/O. Raises Invalid naming MCFED_TRANSPORT_URL."""
        target = oslo_messaging.Target(exchange=exchange, topic=topic, version=VERSION)
        self._client = oslo_messaging.get_rpc_client(rpc_transport(url), target)
        self._key = (exchange, topic) if in_process(url) else None
        self._free = threading.BoundedSemaphore(SENDERS)

    def call(self, method: str, *, server: str = "", timeout: float, **arguments: Any) -> Any:
        """The answer of any server, or of ``server``. Raises Retryable: none in time, but it may be done."""
        prepared = self._client.prepare(server=server or None, timeout=timeout, retry=0)
        return self._sent(method, lambda: prepared.call({}, method, **arguments), timeout + SEND_WITHIN)

    def cast(self, method: str, *, server: str = "", fanout: bool = False, **arguments: Any) -> None:
        """Send and wait for no answer; nobody need be there. Returns within about CAST_WITHIN seconds.

        Raises Retryable: the bus cannot be reached, or does not say in time that it took the message.
        """
        prepared = self._client.prepare(server=server or None, fanout=fanout or None, retry=0)
        self._sent(method, lambda: prepared.cast({}, method, **arguments), CAST_WITHIN)

    def _sent(self, method: str, send: Callable[[], Any], within: float) -> Any:
        if self._key and not _IN_PROCESS[self._key]:
            raise Retryable(f"nobody of this process answers {method}, and the bus reaches no other")
        answer: Future[Any] = Future()
        if not self._free.acquire(timeout=within):
            raise Retryable(f"{method} was not sent: the bus does not take what was sent before")
        threading.Thread(target=self._send, args=(send, answer), name=f"rpc-{method}", daemon=True).start()
        try:
            return answer.result(within)
        except (TimeoutError, oslo_messaging.MessagingTimeout) as error:
            raise Retryable(f"nobody answered {method} in time") from error
        except Exception as error:  # each driver has errors of its own; a server's are told by their text
            said = redact(str(error)).partition("\n")[0][:300]
            raise Retryable(f"{method} failed: {said or type(error).__name__}") from error

    def _send(self, send: Callable[[], Any], answer: Future[Any]) -> None:
        try:
            answer.set_result(send())
        except BaseException as error:
            answer.set_exception(error)
        finally:
            self._free.release()
