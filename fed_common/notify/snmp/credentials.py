"""How a notification is secured, in pysnmp's numbers; and by which id receivers know our engine."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from django.conf import settings
from pysnmp.entity import config

from fed_common.core.errors import Invalid
from fed_common.notify.snmp.config import SnmpConfig
from fed_common.notify.snmp.oids import enterprise

AUTH = {
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA": config.USM_AUTH_HMAC96_SHA,
    "SHA-224": config.USM_AUTH_HMAC128_SHA224,
    "SHA-256": config.USM_AUTH_HMAC192_SHA256,
    "SHA-384": config.USM_AUTH_HMAC256_SHA384,
    "SHA-512": config.USM_AUTH_HMAC384_SHA512,
}
PRIV = {
    "DES": config.USM_PRIV_CBC56_DES,
    "AES": config.USM_PRIV_CFB128_AES,
    "AES-192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES-256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
}

EPOCH = 1735689600
"""2025-01-01. Our engine's time are the seconds since then, and it has booted once: so all our processes are one
engine to a receiver, whichever of them sends, as long as their clocks agree within its window of 150 s."""
BOOTS = 1

_FORMAT_OCTETS = b"\x05"


@dataclass(frozen=True, slots=True)
class User:
    """Of version 3: what one engine of pysnmp can be told of a name."""

    name: str
    auth: str
    auth_key: str = field(repr=False)
    priv: str
    priv_key: str = field(repr=False)

    @classmethod
    def of(cls, options: SnmpConfig) -> User:
        """The user that sends to this target, with no more keys than its level needs."""
        level = options.security_level
        auth_key = "" if level == "noAuthNoPriv" else options.auth_key
        return cls(
            options.user, options.auth, auth_key, options.priv, options.priv_key if level == "authPriv" else ""
        )

    def add_to(self, engine: object, *, engine_id: object = None) -> None:
        """Have that engine know the user, of its own id or of another's. Slow: keys are derived (20 ms)."""
        auth = (AUTH[self.auth], self.auth_key) if self.auth_key else (config.USM_AUTH_NONE, None)
        priv = (PRIV[self.priv], self.priv_key) if self.priv_key else (config.USM_PRIV_NONE, None)
        config.add_v3_user(engine, self.name, *auth, *priv, securityEngineId=engine_id)


def own_engine_id() -> bytes:
    """The setting, or one of the enterprise's number and the sealing key: every house has another."""
    if settings.SNMP_ENGINE_ID:
        return engine_id(settings.SNMP_ENGINE_ID, field="MCFED_SNMP_ENGINE_ID")
    number = 0x80000000 | enterprise(settings.ENTERPRISE_OID)[6] & 0x7FFFFFFF
    mark = hmac.digest(settings.SEALING_KEY.encode(), b"snmp engine id", "sha256")[:12]
    return number.to_bytes(4, "big") + _FORMAT_OCTETS + mark


def engine_id(text: str, *, field: str) -> bytes:
    """SnmpEngineID of hex digits, with or without 0x. Raises Invalid naming the field."""
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if not 5 <= len(found) <= 32 or found.strip(b"\x00") == b"" or found.strip(b"\xff") == b"":
        raise Invalid(field, text, "5 to 32 octets in hex digits, such as 0x80000000ff0102030405")
    return found
