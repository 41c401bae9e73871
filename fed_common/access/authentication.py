"""Who calls over HTTP: a token in a header, or the page's cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from fed_common.access import keystone, throttle, tokens
from fed_common.access.models import Role
from fed_common.access.tokens import Identity

COOKIE = "mcfed_token"
CHALLENGE = 'Bearer realm="multicloud"'
ANONYMOUS = Identity("anonymous", Role.ADMIN)


class TokenAuthentication(BaseAuthentication):
    """``X-Auth-Token``, ``Authorization: Bearer``, or the cookie ``mcfed_token``."""

    def authenticate(self, request: Request) -> tuple[Identity, None] | None:
        """See ``identity_of``; Throttled: this caller asks too often."""
        identity = identity_of(request._request)
        if identity is None:
            return None
        throttle.check(identity)
        return identity, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """What a 401 says in WWW-Authenticate."""
        return CHALLENGE


def identity_of(request: HttpRequest) -> Identity | None:
    """Who calls; ``None`` when nothing was brought to tell it.

    Raises AuthenticationFailed for a token that is none, PermissionDenied for a change that a page of
    another origin makes in the name of this browser's user, and what ``recognise`` raises.
    """
    if settings.AUTH == "none":
        return _at_home(request, ANONYMOUS)
    if token := _header_token(request):
        return _recognised(token, request)
    cookie = request.COOKIES.get(COOKIE)
    return _at_home(request, _recognised(cookie, request)) if cookie else None


def recognise(token: str, address: str) -> Identity | None:
    """Whose token this is, ours or Keystone's; ``None``: nobody's, and counted against the address.

    Raises Throttled when too many wrong ones came from there, and what ``keystone.authenticate`` raises.
    """
    asked = settings.AUTH == "keystone"
    identity = (asked and keystone.remembered(token)) or tokens.authenticate(token)
    if identity is None and asked:
        throttle.check_address(address)
        identity = keystone.authenticate(token)
    if identity is None:
        throttle.failed(address)
    return identity


def address_of(request: HttpRequest) -> str:
    """Where the request comes from, for counting."""
    return str(request.META.get("REMOTE_ADDR", ""))


def _recognised(token: str, request: HttpRequest) -> Identity:
    identity = recognise(token, address_of(request))
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
