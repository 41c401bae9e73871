"""Api keys of the Message Router: made, shown, changed, and the signatures they make.

A request is signed by ``X-CambriaAuth: key:signature`` (or ``X-Auth``) over the text of
``X-CambriaDate`` (or ``X-Date``, ``Date``), and ``:nonce`` after it when there is an ``X-Nonce``:
``signature = base64(HMAC-SHA1(secret, date[:nonce]))``. Source: DMaaP Message Router,
``DMaaPAuthenticator``. Only the date is signed, so a signature holds for any request of its window.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.conf import settings

from fed_common.access.models import ApiKey
from fed_common.access.sealing import seal, unseal
from fed_common.core import clock
from fed_common.core.errors import NotFound

KEY_LENGTH, SECRET_LENGTH = 16, 24
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request brings to prove its api key. Safe to log: it holds no secret."""

    auth: str
    date: str
    nonce: str = ""


def create_key(email: str, description: str) -> tuple[ApiKey, str]:
    """Make a key; the key and its secret, which is never shown again."""
    secret = _word(SECRET_LENGTH)
    row = ApiKey.objects.create(
        key=_word(KEY_LENGTH), sealed_secret=seal(secret), email=email, description=description
    )
    return row, secret


def show_key(key: str) -> ApiKey:
    """The key's row. Raises NotFound."""
    row = ApiKey.objects.filter(key=key).first()
    if not row:
        raise NotFound("api key", key)
    return row


def list_keys() -> list[str]:
    """Every key, oldest first."""
    return list(ApiKey.objects.order_by("id").values_list("key", flat=True))


def update_key(key: str, *, email: str | None, description: str | None) -> ApiKey:
    """Change what is given. Raises NotFound."""
    row = show_key(key)
    row.email = row.email if email is None else email
    row.description = row.description if description is None else description
    row.save(update_fields=["email", "description"])
    return row


def delete_key(key: str) -> None:
    """Forget the key; it signs nothing any more. Raises NotFound."""
    show_key(key).delete()


def signed_by(signature: Signature) -> str | None:
    """The api key that made this signature now; ``None`` when none did or its date is out of the window."""
    key, _, given = signature.auth.partition(":")
    moment = read_date(signature.date)
    if not moment or abs((clock.now() - moment).total_seconds()) > settings.API_KEY_WINDOW_SECONDS:
        return None
    row = ApiKey.objects.filter(key=key).first() if key.isalnum() else None
    if not row:
        return None
    text = f"{signature.date}:{signature.nonce}" if signature.nonce else signature.date
    wanted = hmac.new(unseal(row.sealed_secret).encode(), text.encode(), hashlib.sha1).digest()
    return key if hmac.compare_digest(wanted, _decoded(given)) else None


def read_date(text: str) -> datetime | None:
    """Read ISO 8601 with a zone, RFC 1123 or asctime (which is in UTC); ``None`` when it is none of them."""
    for read in (datetime.fromisoformat, parsedate_to_datetime, _asctime):
        try:
            moment = read(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return None


def _asctime(text: str) -> datetime:
    return datetime.strptime(text, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)


def _decoded(given: str) -> bytes:
    try:
        return base64.b64decode(given)
    except (binascii.Error, ValueError):
        return b""


def _word(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
