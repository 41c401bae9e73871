"""Who calls over HTTP: a token in a header, or the page's cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from fed_common.access import tokens
from fed_common.access.models import Role
from fed_common.access.tokens import Identity

COOKIE = "mcfed_token"
CHALLENGE = 'Bearer realm="multicloud"'
ANONYMOUS = Identity("anonymous", Role.ADMIN)


class TokenAuthentication(BaseAuthentication):
    """``X-Auth-Token``, ``Authorization: Bearer``, or the cookie ``mcfed_token``."""

    def authenticate(self, request: Request) -> tuple[Identity, None] | None:
        """See ``identity_of``."""
        identity = identity_of(request._request)
        return (identity, None) if identity else None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """What a 401 says in WWW-Authenticate."""
        return CHALLENGE


def identity_of(request: HttpRequest) -> Identity | None:
    """Who calls; ``None`` when nothing was brought to tell it.

    Raises AuthenticationFailed for a token that is none, PermissionDenied for a change that a page of
    another origin makes in the name of this browser's user.
    """
    if settings.AUTH == "none":
        return _at_home(request, ANONYMOUS)
    if token := _header_token(request):
        return _recognised(token)
    cookie = request.COOKIES.get(COOKIE)
    return _at_home(request, _recognised(cookie)) if cookie else None


def _recognised(token: str) -> Identity:
    identity = tokens.authenticate(token)
    if identity is None:
        raise AuthenticationFailed("the token is unknown, revoked or expired")
    return identity


def _header_token(request: HttpRequest) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return request.headers.get("X-Auth-Token") or (value.strip() if scheme.lower() == "bearer" else "")


def _at_home(request: HttpRequest, identity: Identity) -> Identity:
    """A browser adds the cookie by itself, so it proves nothing unless our own page asks."""
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.get_host()
    if foreign and request.method not in SAFE_METHODS:
        raise PermissionDenied(f"the origin {origin!r} is not this gateway: bring the token in X-Auth-Token")
    return identity
