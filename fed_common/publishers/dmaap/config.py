"""The options of a Message Router sink."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fed_common.core.errors import Invalid
from fed_common.publishers.dmaap.bodies import BODIES


@dataclass(frozen=True, slots=True)
class DmaapConfig:
    """``url`` is the Message Router's root, such as ``http://message-router:3904``.

    Either an api key (requests are signed) or a user with a password (HTTP Basic, AAF), or neither.
    """

    url: str
    body: str = "cambria"
    batch: int = 500
    api_key: str = ""
    api_secret: str = field(default="", metadata={"secret": True}, repr=False)
    username: str = ""
    password: str = field(default="", metadata={"secret": True}, repr=False)
    cafile: str = ""
    verify: bool = True


def checked(config: DmaapConfig) -> DmaapConfig:
    """The config itself. Raises Invalid naming the option that cannot be used."""
    _check_url(config.url)
    if config.body not in BODIES:
        raise Invalid("options.body", config.body, BODIES)
    if not 1 <= config.batch <= 10_000:
        raise Invalid("options.batch", config.batch, "1 to 10000 messages a request")
    if not (config.api_key.isascii() and config.api_key.isprintable()):
        raise Invalid("options.api_key", config.api_key, "printable ASCII")
    if bool(config.api_key) != bool(config.api_secret):
        raise Invalid("options.api_key", config.api_key, "together with api_secret, or neither")
    if config.api_key and config.username:
        raise Invalid("options.username", config.username, "an api key or a user, not both")
    return config


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Invalid("options.url", "***", "http://host:port or https://host:port")
    if parts.username or parts.password:
        raise Invalid("options.url", "***", "a URL without credentials: use username and password")
    if parts.query or parts.fragment:
        raise Invalid("options.url", url, "a URL without query and fragment")
