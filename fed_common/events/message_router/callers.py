"""Who calls the Message Router face, and what they may do to a topic. Blocking: reads the database."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled

from fed_common.access.apikeys import Signature, signed_by
from fed_common.access.authentication import address_of, recognise
from fed_common.access.models import Role
from fed_common.access.tokens import Identity
from fed_common.events.message_router.answers import Mr, Refusal
from fed_common.topics import admin
from fed_common.topics.database import reachable
from fed_common.topics.models import TopicAccess


@dataclass(frozen=True, slots=True)
class Caller:
    """A token's identity, an api key, both, or nobody."""

    identity: Identity | None = None
    key: str = ""

    @property
    def name(self) -> str:
        """As the real Message Router names callers in its refusals."""
        return self.key or (self.identity.name if self.identity else "(no user)")

    @property
    def restricted(self) -> bool:
        """Whether the token is for some VIMs only: topics carry every VIM's events, so it is good for none."""
        return self.identity is not None and bool(self.identity.vims)

    def may(self, role: Role) -> bool:
        """Whether the token gives this role here."""
        return self.identity is not None and not self.restricted and self.identity.may(role)


def caller_of(request: HttpRequest) -> Caller:
    """Who signed or sent a token; wrong credentials are as good as none.

    Raises Refusal for a page of another origin that uses a visitor's browser to write here, and for an
    address that brought too many wrong tokens.
    """
    token, signature = _token(request), _signature(request)
    if not (token or signature.auth) and _foreign(request):
        raise denied(Caller())
    with reachable():
        identity = _identity(token, request) if token else None
        key = signed_by(signature) if signature.auth else None
    return Caller(identity, key or "")


def require_publish(request: HttpRequest, topic: str) -> None:
    """Raises Refusal unless the caller may write to the topic."""
    caller, owner = caller_of(request), admin.owner_of(topic)
    allowed = caller.may(Role.OPERATOR) or _key_may(caller, owner, topic, admin.WRITE)
    if not allowed and not _open(owner):
        raise Refusal(
            _status(caller), Mr.PUBLISH, f"Error while publishing data to topic.Access denied for {caller.name}"
        )


def require_consume(request: HttpRequest, topic: str) -> None:
    """Raises Refusal unless the caller may read the topic."""
    caller, owner = caller_of(request), admin.owner_of(topic)
    allowed = caller.may(Role.READER) or _key_may(caller, owner, topic, admin.READ)
    public = settings.TOPIC_ANONYMOUS_READ and topic.startswith("unauthenticated.") and not owner
    if not allowed and not public and not _open(owner):
        raise Refusal(
            _status(caller), Mr.CONSUME, f"Error while reading data from topic.Access denied for {caller.name}"
        )


def require_ownership(caller: Caller, topic: str) -> None:
    """Raises Refusal unless the caller owns the topic or operates the gateway."""
    owner = admin.owner_of(topic)
    if not (owner and caller.key == owner) and not caller.may(Role.OPERATOR) and not _open(owner):
        raise denied(caller)


def require_role(caller: Caller, role: Role) -> None:
    """Raises Refusal unless the caller's token gives the role."""
    if settings.AUTH != "none" and not caller.may(role):
        raise denied(caller)


def require_known(caller: Caller) -> None:
    """Raises Refusal unless the caller may look at the list of topics: any role, any api key."""
    if not caller.key:
        require_role(caller, Role.READER)


def denied(caller: Caller) -> Refusal:
    """401 for nobody, 403 for somebody who may not."""
    status = 403 if caller.identity or caller.key else 401
    return Refusal(status, Mr.NOT_PERMITTED, f"Access Denied.{caller.name} may not do this")


def _status(caller: Caller) -> int:
    """401 as the real one says to everybody; 403 where another token of the same person would do."""
    return 403 if caller.restricted else 401


def _identity(token: str, request: HttpRequest) -> Identity | None:
    try:
        return recognise(token, address_of(request))
    except Throttled as error:
        wait = str(error.wait)  # type: ignore[attr-defined] # the stubs have forgotten it
        raise Refusal(429, Mr.TOO_MANY, str(error), headers={"Retry-After": wait}) from None
    except (AuthenticationFailed, PermissionDenied):  # Keystone knows it, but it is good for nothing here
        return None


def _open(owner: str) -> bool:
    """Without authentication everything is open, but what an api key took for itself."""
    return settings.AUTH == "none" and not owner


def _key_may(caller: Caller, owner: str, topic: str, right: TopicAccess.Right) -> bool:
    return bool(caller.key) and (owner in ("", caller.key) or admin.may(topic, right, caller.key))


def _foreign(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    return request.method != "GET" and origin is not None and urlsplit(origin).netloc != request.get_host()


def _signature(request: HttpRequest) -> Signature:
    given = request.headers
    return Signature(
        auth=given.get("X-CambriaAuth") or given.get("X-Auth") or "",
        date=given.get("X-CambriaDate") or given.get("X-Date") or given.get("Date") or "",
        nonce=given.get("X-Nonce") or "",
    )


def _token(request: HttpRequest) -> str:
    """From ``X-Auth-Token``, ``Authorization: Bearer`` or the password of ``Authorization: Basic``."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if token := request.headers.get("X-Auth-Token"):
        return token
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return ""
