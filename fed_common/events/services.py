"""Every change of what is told to whom is one of these verbs; listeners follow it within a second."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError

from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.core.matching import parse_filter
from fed_common.events.models import Subscription
from fed_common.events.sinks import read_sinks
from fed_common.inventory.models import Revision
from fed_common.publishers.embedded import EmbeddedPublisher
from fed_common.topics.database import writing
from fed_common.topics.log import EmbeddedLog

TIMEOUT = 10.0
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def find_subscription(name: str) -> Subscription:
    """The subscription of that name. Raises NotFound."""
    return _row(name)


def create_subscription(body: Mapping[str, Any]) -> Subscription:
    """Make one of ``SubscriptionSerializer``'s fields. Raises Invalid; Conflict; Retryable: no database."""
    name = _checked(body["name"])
    row = Subscription(name=name)
    try:
        with writing(TIMEOUT):
            _put(row, {"filter": {}, "sinks": [], **body})
            Revision.raise_it()
    except IntegrityError:
        raise Conflict("subscription", name) from None
    return row


def save_subscription(body: Mapping[str, Any]) -> tuple[Subscription, bool]:
    """Make it or replace it as a whole, and whether it was made. Safe to call again.

    Raises Invalid; Retryable: no database.
    """
    name = _checked(body["name"])
    with writing(TIMEOUT):
        row = Subscription.objects.select_for_update().filter(name=name).first()
        made = row is None
        row = row or Subscription(name=name)
        _put(row, {"filter": {}, "sinks": [], "enabled": True, **body})
        Revision.raise_it()
    return row, made


def change_subscription(name: str, changes: Mapping[str, Any]) -> Subscription:
    """Change the fields given; filter and sinks each as a whole. Raises Invalid, NotFound, Retryable."""
    with writing(TIMEOUT):
        row = _row(name, for_change=True)
        _put(row, changes)
        Revision.raise_it()
    return row


def remove_subscription(name: str) -> None:
    """Forget it; its sinks get nothing more. Raises NotFound, Retryable."""
    with writing(TIMEOUT):
        _row(name, for_change=True).delete()
        Revision.raise_it()


def _row(name: str, *, for_change: bool = False) -> Subscription:
    rows = Subscription.objects.select_for_update() if for_change else Subscription.objects.all()
    row = rows.filter(name=name).first()
    if row is None:
        raise NotFound("subscription", name)
    return row


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid("name", name, "1 to 100 letters, digits, '.', '_', '-'")
    return name


def _put(row: Subscription, fields: Mapping[str, Any]) -> None:
    if fields.get("name", row.name) != row.name:
        raise Invalid("name", fields["name"], f"{row.name}: a subscription keeps its name")
    if "filter" in fields:
        row.filter = parse_filter(fields["filter"]).to_dict()
    row.enabled = fields.get("enabled", row.enabled)
    sinks = read_sinks(fields["sinks"], list(row.sinks.all()) if row.pk else []) if "sinks" in fields else None
    row.save()
    if sinks is None:
        return
    row.sinks.all().delete()
    for sink in sinks:
        sink.subscription = row
        sink.save()
        if sink.publisher == EmbeddedPublisher.name:  # who asks before the first event waits, and is not told 404
            EmbeddedLog().create(sink.topic)
