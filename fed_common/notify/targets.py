"""Where notices go: an action's URL or a receiver's name, read once into a notifier that is kept."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.conf import settings

from fed_common.access.sealing import seal, unseal
from fed_common.core.errors import Invalid, NotFound, Permanent
from fed_common.interfaces.notifier import Notifier
from fed_common.interfaces.registry import Registry, parse_config
from fed_common.notify.models import Receiver
from fed_common.telemetry.logging import get_logger

RECEIVER = "receiver"
KEPT, RECEIVER_KEPT_SECONDS = 10_000, 1.0
SHOWN_MOST = 255
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A far side. ``kept`` is what a delivery's row says of it, sealed when it may hold a secret."""

    notifier: Notifier
    kept: str
    shown: str
    endpoint: str
    digest: str


@cache
def notifiers() -> Registry[Notifier]:
    """The notifiers there are."""
    return Registry("notifier", "mcfed.notifiers", settings.NOTIFIERS)


@cache
def schemes() -> Mapping[str, type[Notifier]]:
    """The notifier of each scheme. One that cannot be loaded is left out and said so: it silences nobody else."""
    found: dict[str, type[Notifier]] = {}
    for name in notifiers().names():
        try:
            kind = notifiers().get(name)
        except Exception as error:
            log.error("a notifier cannot be loaded", notifier=name, reason=f"{type(error).__name__}: {error}")
            continue
        found.update(dict.fromkeys(kind.schemes, kind))
    return found


def scheme_of(action: str) -> str:
    """The scheme, lower case. Raises Invalid: it is no URL."""
    scheme, there, _ = action.partition("://")
    if not there or not _SCHEME.fullmatch(scheme):
        raise Invalid("action", shown_of(action), "a URL: scheme://…")
    return scheme.lower()


def target_of(action: str) -> Target:
    """The target of an action. Raises Invalid: scheme or options; NotFound, Permanent: the receiver."""
    if scheme_of(action) == RECEIVER:
        return _receiver_target(action, int(time.monotonic() / RECEIVER_KEPT_SECONDS))
    return _url_target(action)


def target_of_row(kept: str) -> Target:
    """The target of a stored delivery. Raises as ``target_of`` does, and Permanent: sealed with another key."""
    return target_of(kept if "://" in kept else unseal(kept))


def receiver_name(action: str) -> str:
    """The name in ``receiver://name``."""
    return action.partition("://")[2].rstrip("/")


def target_of_receiver(row: Receiver) -> Target:
    """The target of a receiver's row. Raises Invalid, Permanent: its options cannot be used any more."""
    return _configured_target(row.name, row.notifier, row.sealed_options)


def forget_receivers() -> None:
    """A receiver changed in this process: what was known of any is gone."""
    _receiver_target.cache_clear()


def shown_of(action: str) -> str:
    """An action without what may be secret: its user and its query."""
    base, query, _ = action.partition("?")
    scheme, there, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    host = f"***@{host.rpartition('@')[2]}" if "@" in host else host
    return f"{scheme}{there}{host}{slash}{path}{'?***' if query else ''}"[:SHOWN_MOST]


@lru_cache(KEPT)
def _url_target(action: str) -> Target:
    kind = schemes().get(scheme_of(action))
    if kind is None:
        known = ", ".join(f"{scheme}://" for scheme in sorted([*schemes(), RECEIVER]))
        raise Invalid("action", shown_of(action), known)
    return _target(kind, kind.options_of(action), action, secret="?" in action or "@" in action)


@lru_cache(1000)
def _receiver_target(action: str, _moment: int) -> Target:
    name = receiver_name(action)
    row = Receiver.objects.filter(name=name).first()
    if row is None:
        raise NotFound("receiver", name)
    if not row.enabled:
        raise Permanent(f"the receiver {name!r} is switched off")
    return target_of_receiver(row)


@lru_cache(1000)
def _configured_target(name: str, notifier: str, sealed_options: str) -> Target:
    """Kept for as long as its options stay, however often its row is read: a notifier may hold a connection."""
    options = json.loads(unseal(sealed_options)) if sealed_options else {}
    return _target(notifiers().get(notifier), options, f"{RECEIVER}://{name}", secret=False)


def _target(kind: type[Notifier], options: Mapping[str, Any], action: str, *, secret: bool) -> Target:
    notifier = kind(parse_config(kind.Config, options))
    digest = hashlib.sha256(action.encode()).hexdigest()[:16]
    kept = seal(action) if secret else action
    return Target(notifier, kept, shown_of(action), notifier.endpoint[:SHOWN_MOST], digest)
