"""Who passes a call on: the gateway's own token among the caller's headers, which the cloud never sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS

from fed_common.access import keystone, throttle, tokens
from fed_common.access.authentication import ANONYMOUS, recognise
from fed_common.access.models import Role
from fed_common.access.permissions import require, require_vim
from fed_common.access.tokens import Identity
from fed_common.broker.threads import shared

OWN_HEADER = b"x-multicloud-token"

Given = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and the token that told so; "" where nobody is asked for one."""

    identity: Identity
    token: str = ""

    def require(self, role: Role, vim_id: str) -> None:
        """Raises PermissionDenied: not with this role, not this VIM. Throttled: too often."""
        throttle.check(self.identity)
        require(self.identity, role)
        require_vim(self.identity, vim_id)


async def caller_of(headers: Given, method: str, address: str) -> Caller:
    """Who calls. Raises NotAuthenticated; AuthenticationFailed, Throttled, Retryable: as ``recognise``."""
    if settings.AUTH == "none":
        _refuse_foreign_page(headers, method)
        return Caller(ANONYMOUS)
    candidates = _candidates(headers)
    if not candidates:
        raise NotAuthenticated(
            "bring the gateway's token in X-Multicloud-Token, Authorization: Bearer or X-Auth-Token"
        )
    for token in candidates:
        if identity := _remembered(token):
            return Caller(identity, token)
    for token in candidates:
        if identity := await shared(("recognise", token, address), recognise, token, address):
            return Caller(identity, token)
    raise AuthenticationFailed("the token is unknown, revoked or expired")


def _candidates(headers: Given) -> list[str]:
    """What may be the gateway's token; whoever uses our own header means no other."""
    own = headers.get(OWN_HEADER)
    if own is not None:
        return [own.decode("latin-1")]
    scheme, _, bearer = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    tokens_there = [bearer.strip() if scheme.lower() == "bearer" else ""]
    tokens_there.append(headers.get(b"x-auth-token", b"").decode("latin-1"))
    return [token for token in tokens_there if token]


def _remembered(token: str) -> Identity | None:
    identity = keystone.remembered(token) if settings.AUTH == "keystone" else None
    return identity or tokens.remembered(token)


def _refuse_foreign_page(headers: Given, method: str) -> None:
    """Without tokens, a page of another origin could change clouds through its visitor's browser."""
    origin = headers.get(b"origin")
    if origin is None or method in SAFE_METHODS:
        return
    if urlsplit(origin).netloc != headers.get(b"host", b""):
        raise PermissionDenied(f"the origin {origin.decode('latin-1')!r} is not this gateway")
