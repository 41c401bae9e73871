"""The options of an SNMP target, and the URLs that say them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fed_common.core.errors import Invalid

VERSIONS = ("2c", "3")
AUTH = ("MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512")
PRIV = ("DES", "AES", "AES-192", "AES-256")
LEVELS = ("noAuthNoPriv", "authNoPriv", "authPriv")
SHORTEST_KEY = 8
_ADDRESS = "snmp://host:162 with options behind a '?'"


@dataclass(frozen=True, slots=True)
class SnmpConfig:
    """One trap receiver. ``inform``: it has to confirm, so that nothing is lost unnoticed.

    ``community``  of version 2c.
    ``level``      of version 3; empty: what the keys allow.
    """

    host: str
    port: int = 162
    version: str = "2c"
    inform: bool = False
    community: str = field(default="public", metadata={"secret": True}, repr=False)
    user: str = ""
    auth: str = "SHA-256"
    auth_key: str = field(default="", metadata={"secret": True}, repr=False)
    priv: str = "AES"
    priv_key: str = field(default="", metadata={"secret": True}, repr=False)
    level: str = ""

    @property
    def security_level(self) -> str:
        """One of LEVELS."""
        return self.level or LEVELS[bool(self.auth_key) + bool(self.auth_key and self.priv_key)]


def checked(config: SnmpConfig) -> SnmpConfig:
    """The config itself. Raises Invalid naming the option that cannot be used, no secret in it."""
    if not config.host or not config.host.isprintable() or any(mark in config.host for mark in "/@ "):
        raise Invalid("options.host", config.host, "a host name or an address")
    if not 0 < config.port < 65536:
        raise Invalid("options.port", config.port, "1 to 65535")
    for name, allowed in (("version", VERSIONS), ("auth", AUTH), ("priv", PRIV), ("level", ("", *LEVELS))):
        if getattr(config, name) not in allowed:
            raise Invalid(f"options.{name}", getattr(config, name), [one for one in allowed if one])
    if config.version == "2c":
        _check_community(config)
    else:
        _check_user(config)
    return config


def options_of(url: str) -> Mapping[str, Any]:
    """The options that an ``snmp://`` URL says. Raises Invalid, no secret in it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid("url", "***", _ADDRESS) from None
    if not host or port == 0 or parts.username or parts.password or parts.path.strip("/") or parts.fragment:
        raise Invalid("url", "***", _ADDRESS)
    options: dict[str, Any] = {"host": host} | ({"port": port} if port else {})
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _READ or name in options:
            raise Invalid("url", f"{name}=***", f"each once: {', '.join(_READ)}")
        options[name] = _READ[name](value)
    return options


def _check_community(config: SnmpConfig) -> None:
    if not config.community or len(config.community) > 255:
        raise Invalid("options.community", "***", "1 to 255 characters")
    if config.user or config.auth_key or config.priv_key or config.level:
        raise Invalid("options.version", "2c", "3 for a user with keys")


def _check_user(config: SnmpConfig) -> None:
    if not 1 <= len(config.user.encode()) <= 32:
        raise Invalid("options.user", config.user, "1 to 32 octets")
    needed = LEVELS.index(config.security_level)
    for place, name in enumerate(("auth_key", "priv_key"), start=1):
        key = getattr(config, name)
        if (needed >= place or key) and len(key) < SHORTEST_KEY:
            raise Invalid(f"options.{name}", "***", f"{SHORTEST_KEY} characters or more")
    if config.priv_key and not config.auth_key:
        raise Invalid("options.priv_key", "***", "together with auth_key")


def _flag(value: str) -> bool:
    if value not in ("0", "1"):
        raise Invalid("url", f"inform={value}", ("0", "1"))
    return value == "1"


_READ: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(("version", "community", "user", "auth", "auth_key", "priv", "priv_key", "level"), str),
    "inform": _flag,
}
