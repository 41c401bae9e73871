"""Callers that Keystone knows: a token asks about itself there, so the gateway needs no account of its own.

Source: OpenStack Identity API v3, ``GET /v3/auth/tokens``: whoever holds a token may validate it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from django.conf import settings
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from fed_common.access.models import Role
from fed_common.access.tokens import Identity, digest_of
from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.telemetry.logging import get_logger

KNOWN_FOR = 60.0
KNOWN_MOST = 1000
TIMEOUT = 5.0
REST = 2.0
LONGEST = 8192

_known: dict[str, tuple[Identity, float]] = {}
_down_until = 0.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What Keystone says of a token; ``project`` is empty when it is not scoped to one."""

    user: str
    project: str
    roles: frozenset[str]
    expires_at: datetime
    user_id: str = ""
    project_id: str = ""


def remembered(token: str) -> Identity | None:
    """Who brought this token within the last ``KNOWN_FOR`` seconds. Asks nobody."""
    identity, until = _known.get(digest_of(token), (None, 0.0))
    return identity if time.monotonic() < until else None


def authenticate(token: str) -> Identity | None:
    """Whose token this is; ``None`` when Keystone does not take it. Blocks for up to ``TIMEOUT`` seconds.

    A revocation at Keystone is noticed within ``KNOWN_FOR`` seconds. Raises Retryable: Keystone is down;
    AuthenticationFailed: not scoped to a project; PermissionDenied: none of its roles counts here.
    """
    told = _ask(token) if _looks_like_one(token) else None
    left = (told.expires_at - clock.now()).total_seconds() if told else 0.0
    if told is None or left <= 0:
        return None
    identity = identity_from(told)
    if len(_known) >= KNOWN_MOST:
        _known.clear()
    _known[digest_of(token)] = (identity, time.monotonic() + min(left, KNOWN_FOR))
    return identity


def identity_from(told: Told) -> Identity:
    """``user@project`` with the largest role that MCFED_KEYSTONE_ROLES gives. Raises as ``authenticate``."""
    if not told.project:
        raise AuthenticationFailed("the Keystone token is not scoped to a project")
    name = f"{told.user}@{told.project}"
    given = {ours for theirs, ours in settings.KEYSTONE_ROLES.items() if theirs.lower() in told.roles}
    largest = next((role for role in reversed(Role) if role in given), None)
    if largest is None:
        raise PermissionDenied(f"{name!r} needs one of the roles {', '.join(settings.KEYSTONE_ROLES)} in Keystone")
    return Identity(name, largest, project=told.project_id, user=told.user_id)


def _looks_like_one(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token and 0 < len(token) <= LONGEST


def _ask(token: str) -> Told | None:
    """Keystone's words. While it does not answer, it is left alone for ``REST`` seconds at a time."""
    global _down_until
    if time.monotonic() < _down_until:
        raise Retryable("Keystone does not answer", retry_after=REST)
    try:
        answer = requests.get(
            f"{settings.KEYSTONE_URL}/v3/auth/tokens?nocatalog",
            headers={"X-Auth-Token": token, "X-Subject-Token": token},
            timeout=TIMEOUT,
            verify=settings.KEYSTONE_CA or True,
            allow_redirects=False,
        )
    except (requests.RequestException, OSError) as error:  # a CA file that is not there is an OSError
        _down_until = time.monotonic() + REST
        raise Retryable(f"Keystone does not answer: {type(error).__name__}", retry_after=REST) from None
    return _read(answer)


def _read(answer: requests.Response) -> Told | None:
    if answer.status_code in (401, 404):
        return None
    try:
        return _told(answer.json()["token"])
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("Keystone answers with something else", status=answer.status_code)
        raise Retryable(f"Keystone answers {answer.status_code} without a token") from None


def _told(token: Mapping[str, Any]) -> Told:
    expires_at = clock.parse(token["expires_at"])
    if expires_at is None:
        raise ValueError("expires_at is no time")
    roles = frozenset(str(role["name"]).lower() for role in token.get("roles") or ())
    user, project = token["user"], token.get("project") or {}
    ids = str(user.get("id", "")), str(project.get("id", ""))
    return Told(user["name"], project.get("name", ""), roles, expires_at, *ids)
