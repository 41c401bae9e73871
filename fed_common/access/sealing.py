"""Secrets at rest: sealed with a key that lives outside the database. The only place they are clear."""

from __future__ import annotations

from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from fed_common.core.errors import Permanent


def seal(clear: str) -> str:
    """The sealed form of a secret; differs on every call."""
    return _box().encrypt(clear.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret again. Raises Permanent when it was sealed with another key."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Permanent("a stored secret was sealed with another sealing key") from None


@cache
def _box() -> Fernet:
    return Fernet(settings.SEALING_KEY.encode())
