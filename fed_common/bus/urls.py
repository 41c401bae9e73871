"""Transport URLs: the options we add when the VIM's record has none."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

PREFETCH = 1000
_DEFAULTS = {
    "rabbit_qos_prefetch_count": str(PREFETCH),
    "rabbit_retry_interval": "1",
    "rabbit_retry_backoff": "1",
    "rabbit_interval_max": "5",
    "kombu_reconnect_delay": "0.2",
}


def is_rabbit(url: str) -> bool:
    """Whether oslo.messaging's RabbitMQ driver serves this URL."""
    return urlsplit(url).scheme == "rabbit"


def transport_url(url: str) -> str:
    """The URL with our defaults for RabbitMQ: bounded prefetch and quick reconnection.

    Options already in the URL's query win, so a VIM's record can set any option of the driver.
    """
    if not is_rabbit(url):
        return url
    parts = urlsplit(url)
    options = {**_DEFAULTS, **dict(parse_qsl(parts.query))}
    return urlunsplit(parts._replace(query=urlencode(options)))
