"""Whether a transport URL can be used, and whether its bus can be reached now."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import amqp  # type: ignore[import-untyped]
import oslo_messaging
from oslo_config import cfg
from oslo_utils import strutils

from fed_common.bus.urls import is_rabbit, transport_url
from fed_common.core.errors import GatewayError, Invalid, Permanent, Retryable
from fed_common.interfaces.registry import installed
from fed_common.telemetry.redact import MASK, redact

FIELD = "transport.url"
FORM = "driver://user:password@host:port/virtual_host, special letters of user and password as %XX"
LONGEST = 2000
_WITHOUT_HOST = ("fake", "kombu+memory")
_PORTS = {"rabbit": 5672, "kafka": 9092}


def drivers() -> list[str]:
    """The drivers of oslo.messaging on this machine."""
    return sorted(point.name for point in installed("oslo.messaging.drivers"))


def check_url(url: str) -> None:
    """Raises Invalid naming ``transport.url``, its password masked, unless a driver can use it. No I/O."""
    shown = MASK if any(letter.isspace() for letter in url) else redact(url)
    if len(url) > LONGEST:
        raise Invalid(FIELD, shown[:100], f"at most {LONGEST} characters")
    if url.partition(":")[0].partition("+")[0] not in drivers():
        raise Invalid(FIELD, shown, f"{FORM}; drivers: {', '.join(drivers())}")
    try:
        hosts = _parse(url).hosts
        usable = all(host.hostname and 0 < (host.port or 1) < 65536 for host in hosts)
    except ValueError:
        usable = False
    if shown == MASK or not usable or not (hosts or urlsplit(url).scheme in _WITHOUT_HOST):
        raise Invalid(FIELD, shown, FORM)
    _check_options(url, shown)


def check_transport(url: str, timeout: float) -> None:
    """Connect and say goodbye: to RabbitMQ with the URL's TLS options and credentials, else by TCP only.

    Good when one of several hosts is. Raises Invalid (see ``check_url``), Retryable when no host can
    be reached within about ``timeout`` seconds, Permanent when the bus refuses us. No message holds a secret.
    """
    check_url(url)
    parsed = _parse(url)
    deadline = time.monotonic() + timeout
    refusal: GatewayError | None = None
    for place, host in enumerate(parsed.hosts):
        share = max(0.1, (deadline - time.monotonic()) / (len(parsed.hosts) - place))
        try:
            return _connect(parsed, host, share)
        except (Permanent, Retryable) as error:
            refusal = error
    if refusal:
        raise refusal
    return None


def _parse(url: str) -> Any:
    return oslo_messaging.TransportURL.parse(cfg.CONF, url)


def _check_options(url: str, shown: str) -> None:
    if urlsplit(url).scheme in _WITHOUT_HOST:
        return  # no options; and closing a transport of this process closes it for all its users
    try:
        oslo_messaging.get_notification_transport(cfg.CONF, transport_url(url)).cleanup()
    except Exception as error:
        raise Invalid(FIELD, shown, f"options of the driver behind '?' ({redact(str(error))})") from error


def _connect(url: Any, host: Any, timeout: float) -> None:
    port = host.port or _PORTS.get(url.transport)
    if port is None:
        return
    try:
        if is_rabbit(str(url)):
            _greet(url, host, port, timeout)
        else:
            socket.create_connection((host.hostname, port), timeout).close()
    except amqp.exceptions.AccessRefused as error:
        raise Permanent(f"{host.hostname}:{port} refuses the credentials") from error
    except amqp.exceptions.AMQPError as error:
        raise Permanent(f"{host.hostname}:{port}: {redact(str(error))}") from error
    except OSError as error:
        raise Retryable(f"{host.hostname}:{port}: {error or type(error).__name__}") from error


def _greet(url: Any, host: Any, port: int, timeout: float) -> None:
    connection = amqp.Connection(
        host=f"[{host.hostname}]:{port}" if ":" in host.hostname else f"{host.hostname}:{port}",
        userid=host.username or "guest",
        password=host.password or "guest",
        virtual_host=url.virtual_host or "/",
        ssl=_tls(url, host),
        connect_timeout=timeout,
        read_timeout=timeout,
        write_timeout=timeout,
    )
    try:
        connection.connect()
        connection.close()
    finally:
        connection.collect()


def _tls(url: Any, host: Any) -> dict[str, Any] | bool:
    """As oslo.messaging's RabbitMQ driver reads its ``ssl`` options."""
    given = url.query
    if not strutils.bool_from_string(given.get("ssl", "")):
        return False
    names = {"ssl_key_file": "keyfile", "ssl_cert_file": "certfile", "ssl_ca_file": "ca_certs"}
    options: dict[str, Any] = {ours: given[name] for name, ours in names.items() if given.get(name)}
    if "ca_certs" in options:
        one = len(url.hosts) == 1
        options |= {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": host.hostname if one else None}
    return options or True
