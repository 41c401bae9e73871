"""API tokens: made, recognised, revoked. Only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from fed_common.access.models import AccessToken, Role
from fed_common.core import clock
from fed_common.core.errors import Conflict, Invalid, NotFound

KNOWN_FOR = 3.0
KNOWN_MOST = 1000
FIRST_NAME = "first"
_GLOB = re.compile(r"[\w.*?-]{1,201}")

_known: dict[str, tuple[Identity, float]] = {}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: a token's name and role, and the globs of the VIMs it may see; none: all.

    ``project`` is the id of an OpenStack project, for what belongs to one; ``user`` is Keystone's id of the user.
    """

    name: str
    role: Role
    vims: tuple[str, ...] = ()
    project: str = ""
    user: str = ""

    def may(self, role: Role) -> bool:
        """Whether the role held includes ``role``: admin includes operator includes reader."""
        order = list(Role)
        return order.index(self.role) >= order.index(role)

    def sees(self, vim_id: str) -> bool:
        """Whether this VIM, ``{cloud_owner}_{cloud_region_id}``, is one of its own."""
        return not self.vims or any(fnmatchcase(vim_id, glob) for glob in self.vims)

    def vims_regex(self) -> str:
        """What the database chooses the same VIMs by; "": all."""
        globs = (re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".") for glob in self.vims)
        return f"^({'|'.join(globs)})$" if self.vims else ""


def create(name: str, role: str, ttl: timedelta | None = None, vims: Sequence[str] = (), project: str = "") -> str:
    """Make a token that never expires, or after ``ttl``; the token itself is not kept, so keep it.

    ``vims`` are globs of the VIMs it is for; none: all. Raises Invalid: name, role, a glob, the project.
    Conflict: the name is taken.
    """
    if role not in Role.values:
        raise Invalid("role", role, Role.values)
    if not (name.isprintable() and 0 < len(name.strip()) <= 100):
        raise Invalid("name", name, "1 to 100 printable characters")
    for glob in vims:
        if not _GLOB.fullmatch(glob):
            raise Invalid("vims", glob, "a glob of letters, digits, '.', '_', '-', * and ?")
    if not (project.isprintable() and len(project) <= 100):
        raise Invalid("project", project, "at most 100 printable characters")
    token = secrets.token_urlsafe(32)
    _keep(name, role, token, ttl, vims, project)
    return token


def remembered(token: str) -> Identity | None:
    """Whose token this was within the last ``KNOWN_FOR`` seconds. Asks nobody."""
    identity, until = _known.get(digest_of(token), (None, 0.0))
    return identity if time.monotonic() < until else None


def authenticate(token: str) -> Identity | None:
    """Whose token this is; ``None`` when nobody's, or no longer.

    Looked up by digest, so the time taken tells nothing about tokens. A token once recognised is
    remembered for ``KNOWN_FOR`` seconds: so late a revocation in another process is noticed.
    """
    if identity := remembered(token):
        return identity
    digest = digest_of(token)
    _known.pop(digest, None)
    row = AccessToken.objects.filter(digest=digest).first()
    left = (row.expires_at - clock.now()).total_seconds() if row and row.expires_at else KNOWN_FOR
    if row is None or left <= 0:
        return None
    if len(_known) >= KNOWN_MOST:
        _known.clear()
    identity = Identity(row.name, Role(row.role), tuple(row.vims), row.project)
    _known[digest] = (identity, time.monotonic() + min(left, KNOWN_FOR))
    return identity


def revoke(name: str) -> None:
    """Forget a token: at once in this process, within ``KNOWN_FOR`` seconds in others. Raises NotFound."""
    if not AccessToken.objects.filter(name=name).delete()[0]:
        raise NotFound("token", name)
    _known.clear()


def ensure_first_token() -> str:
    """The admin token of a first start, kept in the file ``token`` of MCFED_DATA, mode 600.

    Made, or taken from that file, while there is no token at all; later it is what the file holds, or
    "" when that is no token any more. Safe to call again.
    """
    path: Path = settings.DATA / "token"
    if AccessToken.objects.exists():
        kept = path.read_text().strip() if path.exists() else ""
        return kept if kept and authenticate(kept) else ""
    token = _private_file(path, secrets.token_urlsafe(32))
    _keep(FIRST_NAME, Role.ADMIN, token, None)
    return token


def digest_of(token: str) -> str:
    """What a token is kept and looked up by."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _keep(
    name: str, role: str, token: str, ttl: timedelta | None, vims: Sequence[str] = (), project: str = ""
) -> None:
    row = AccessToken(name=name, role=role, digest=digest_of(token), vims=list(vims), project=project)
    row.expires_at = clock.now() + ttl if ttl is not None else None
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict("token", name) from None


def _private_file(path: Path, content: str) -> str:
    """What the file holds; only its owner may read it when it is new."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(content)
    return content
