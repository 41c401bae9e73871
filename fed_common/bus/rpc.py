"""RPC over oslo.messaging: a server of methods, and a client that calls or casts them.

The wire is that of any oslo.messaging service: exchange, topic, ``topic.server`` and a fanout. A message is
acknowledged before its method runs, so a call that timed out may have been done: methods must bear it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import oslo_messaging
from oslo_config import cfg

from fed_common.bus.urls import is_rabbit
from fed_common.core.errors import Invalid, Retryable
from fed_common.telemetry.redact import MASK, redact

VERSION = "1.0"
_OPTIONS = {
    "rabbit_retry_interval": "1",
    "rabbit_retry_backoff": "1",
    "rabbit_interval_max": "5",
    "kombu_reconnect_delay": "0.2",
    "heartbeat_timeout_threshold": "10",
}


def rpc_transport(url: str) -> Any:
    """oslo.messaging's RPC transport for the URL. No I/O. Raises Invalid naming MCFED_TRANSPORT_URL."""
    if is_rabbit(url):
        parts = urlsplit(url)
        url = urlunsplit(parts._replace(query=urlencode({**_OPTIONS, **dict(parse_qsl(parts.query))})))
    try:
        return oslo_messaging.get_rpc_transport(cfg.CONF, url)
    except Exception as error:
        said = f"a URL an oslo.messaging driver can use ({redact(str(error))})"
        raise Invalid("MCFED_TRANSPORT_URL", MASK, said) from error


class RpcServer:
    """Answers on ``topic``, on ``topic.server`` and on the topic's fanout, in threads of its own."""

    def __init__(self, url: str, *, exchange: str, topic: str, server: str, endpoints: Sequence[object]) -> None:
        """``endpoints``: objects whose public methods take the context, then the message's arguments by name."""
        target = oslo_messaging.Target(exchange=exchange, topic=topic, server=server, version=VERSION)
        self._server = oslo_messaging.get_rpc_server(
            rpc_transport(url),
            target,
            list(endpoints),
            executor="threading",
            access_policy=oslo_messaging.DefaultRPCAccessPolicy,
        )

    def start(self) -> None:
        """Begin to answer; where the bus is down, as soon as it can be reached."""
        self._server.start()

    def stop(self) -> None:
        """Answer what is under way and end."""
        self._server.stop()
        self._server.wait()


class RpcClient:
    """Calls methods of the servers of one topic. Safe to share between threads."""

    def __init__(self, url: str, *, exchange: str, topic: str) -> None:
        """No I/O. Raises Invalid naming MCFED_TRANSPORT_URL."""
        target = oslo_messaging.Target(exchange=exchange, topic=topic, version=VERSION)
        self._client = oslo_messaging.get_rpc_client(rpc_transport(url), target)

    def call(self, method: str, *, server: str = "", timeout: float, **arguments: Any) -> Any:
        """The answer of any server, or of ``server``. Raises Retryable: none in time, but it may be done."""
        return self._sent(
            "call", self._client.prepare(server=server or None, timeout=timeout, retry=0), method, arguments
        )

    def cast(self, method: str, *, server: str = "", fanout: bool = False, **arguments: Any) -> None:
        """Send and wait for no answer; nobody need be there. Raises Retryable: the bus cannot be reached."""
        prepared = self._client.prepare(server=server or None, fanout=fanout or None, retry=0)
        self._sent("cast", prepared, method, arguments)

    def _sent(self, verb: str, prepared: Any, method: str, arguments: dict[str, Any]) -> Any:
        try:
            return getattr(prepared, verb)({}, method, **arguments)
        except oslo_messaging.MessagingTimeout as error:
            raise Retryable(f"nobody answered {method} in time") from error
        except Exception as error:  # each driver has errors of its own; a server's are told by their text
            raise Retryable(f"{method} failed: {redact(str(error))[:300]}") from error
