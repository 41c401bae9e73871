"""How a VIM's own API is reached: address, credentials, TLS. What callers send, what is kept, what is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from fed_common.access.sealing import seal, unseal
from fed_common.core.errors import Invalid, Permanent
from fed_common.core.model import Credentials
from fed_common.inventory.models import Vim
from fed_common.telemetry.redact import MASK

URL_FORM = "http://host:port/path or https://host:port/path, without user, password, query and fragment"
LONGEST_URL = 2000
_HOLDS_NO_SECRET = re.compile(r"[\w+.-]*(:/*[\w.-]*(:\d*)?(/[\w.~%/-]*)?)?")
_AGAIN = f"the password itself: {MASK} stands for the one kept only while auth_url names the same host"


def shown_credentials(vim: Vim) -> dict[str, str] | None:
    """Without the password; nothing of them when they were sealed with another key."""
    if not vim.sealed_credentials:
        return None
    kept = _kept(vim)
    return {**asdict(kept), "password": MASK} if kept else dict.fromkeys(Credentials.__slots__, MASK)


def put_endpoint(vim: Vim, fields: Mapping[str, Any]) -> None:
    """Set what is given of ``auth_url``, ``credentials`` and ``tls``, the latter two field by field.

    Does not save. A password goes on to where it went before, and nowhere else: a new host needs it again.
    Raises Invalid; no value that may hold a secret is told.
    """
    moved = False
    if "auth_url" in fields:
        before, vim.auth_url = vim.auth_url, checked_url(fields["auth_url"])
        moved = bool(vim.auth_url) and _host(vim.auth_url) != _host(before)
    if "credentials" in fields:
        _put_credentials(vim, fields["credentials"], moved=moved)
    elif moved and vim.sealed_credentials:
        raise Invalid("credentials.password", None, _AGAIN)
    tls = fields.get("tls", {})
    vim.tls_verify = tls.get("verify", vim.tls_verify)
    if "ca" in tls:
        vim.tls_ca = checked_ca(tls["ca"])


def checked_url(url: str) -> str:
    """The URL without a slash at its end; "" stays so. Raises Invalid."""
    if url and not _usable(url):
        raise Invalid("auth_url", url if _HOLDS_NO_SECRET.fullmatch(url) else MASK, URL_FORM)
    return url.rstrip("/")


def checked_ca(pem: str) -> str:
    """The certificates; "": the system's authorities. Raises Invalid, telling nothing of the text."""
    try:
        if pem.strip():
            x509.load_pem_x509_certificates(pem.encode())
    except (ValueError, x509.InvalidVersion):
        raise Invalid("tls.ca", f"{len(pem)} characters", "one or more certificates as PEM") from None
    if "PRIVATE KEY" in pem:
        raise Invalid("tls.ca", MASK, "certificates only: keep the private key to yourself")
    return pem.strip()


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        sound = parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError:  # a port or an IPv6 address that is none
        return False
    plain = url.isprintable() and not any(letter in url for letter in " @?#\\") and len(url) <= LONGEST_URL
    return sound and plain and parts.scheme in ("http", "https")


def _is_host(name: str) -> bool:
    return name.replace(".", "").replace("-", "").replace("_", "").replace(":", "").replace("%", "").isalnum()


def _host(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _put_credentials(vim: Vim, given: Mapping[str, str] | None, *, moved: bool) -> None:
    if given is None:
        vim.sealed_credentials = ""
        return
    if given == shown_credentials(vim) and not moved:
        return
    kept = _kept(vim)
    fields = {**(asdict(kept) if kept else {}), **given}
    if given.get("password", MASK) == MASK:
        if moved or kept is None:
            raise Invalid(
                "credentials.password", given.get("password"), _AGAIN if moved else "the password itself"
            )
        fields["password"] = kept.password
    if "username" not in fields:
        raise Invalid("credentials.username", None, "a value")
    wanted = Credentials(**fields)
    if wanted != kept:
        vim.sealed_credentials = seal(json.dumps(asdict(wanted)))


def _kept(vim: Vim) -> Credentials | None:
    try:
        return Credentials(**json.loads(unseal(vim.sealed_credentials))) if vim.sealed_credentials else None
    except Permanent:
        return None
