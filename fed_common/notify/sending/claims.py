"""Who sends what: every process says that it lives, and takes over what is left of those that do not.

The database's clock decides. Rows move from one owner to another as a whole, so the order of a lane is kept: at no
time are the waiting deliveries of one dead process in two hands.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from fed_common.core import clock
from fed_common.core.alarm import Notice
from fed_common.core.errors import Invalid, NotFound, Permanent
from fed_common.notify.models import Delivery, Sender
from fed_common.notify.sending.parcels import Item
from fed_common.notify.targets import target_of_row
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing

LEASE = timedelta(seconds=5)
DATABASE_SECONDS = 5.0
FETCHED_MOST, DEAD_MOST, LANES_MOST = 500, 10, 10_000
OTHERS_AFTER = timedelta(seconds=1)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Deliveries of ours out of the database; ``unusable`` are dead now; ``all`` when there are no more."""

    items: list[Item] = field(default_factory=list)
    unusable: list[Delivery] = field(default_factory=list)
    all: bool = True


def beat(name: str) -> None:
    """Say that this sender lives. Raises Retryable."""
    with writing(DATABASE_SECONDS):
        until = Now() + LEASE
        if not Sender.objects.filter(name=name).update(expires_at=until):
            Sender.objects.create(name=name, expires_at=until)


def leave(name: str) -> None:
    """Leave what is waiting to others, at once. Raises Retryable."""
    with writing(DATABASE_SECONDS):
        _waiting(name).update(expires_at=Now())
        Sender.objects.filter(name=name).update(expires_at=Now() - LEASE)


def adopt(name: str) -> int:
    """Take over the waiting deliveries of senders that are silent; how many. Raises Retryable."""
    with writing(DATABASE_SECONDS):
        silent = Sender.objects.select_for_update(skip_locked=True).filter(expires_at__lt=Now()).exclude(name=name)
        return sum(_inherited(name, dead) for dead in list(silent[:DEAD_MOST]))


def find_orphans() -> None:
    """Make known the owners of waiting deliveries that never said they live. Raises Retryable."""
    with writing(DATABASE_SECONDS):
        expired = Delivery.objects.filter(state=Delivery.State.WAITING, expires_at__lt=Now())
        lost = expired.exclude(owner__in=Sender.objects.values("name")).order_by().values_list("owner", flat=True)
        never = clock.now() - LEASE
        dead = [Sender(name=owner, expires_at=never) for owner in lost.distinct()[:DEAD_MOST]]
        Sender.objects.bulk_create(dead, ignore_conflicts=True)


def fetch(name: str, held: Collection[UUID], full: Collection[str]) -> Fetched:
    """The oldest waiting deliveries of ours that are not held, but none of full endpoints. Raises Retryable."""
    with reachable():
        mine = _waiting(name).exclude(endpoint__in=full).order_by("created_at", "id")
        ids = [id for id in mine.values_list("id", flat=True)[: len(held) + FETCHED_MOST] if id not in held]
        wanted = ids[:FETCHED_MOST]
        rows = mine.filter(id__in=wanted)
        items, unusable = items_of(list(rows))
        return Fetched(items, unusable, all=len(ids) < FETCHED_MOST)


def lanes_of_others(name: str) -> frozenset[str]:
    """The lanes in which somebody else still has something to send that is not quite new. Raises Retryable."""
    with reachable():
        waiting = Delivery.objects.filter(state=Delivery.State.WAITING, created_at__lt=Now() - OTHERS_AFTER)
        lanes = waiting.exclude(owner=name).order_by().values_list("lane", flat=True).distinct()
        return frozenset(lanes[:LANES_MOST])


def items_of(rows: Collection[Delivery]) -> tuple[list[Item], list[Delivery]]:
    """What the rows mean; and those whose target is none any more, marked dead."""
    items, unusable = [], []
    for row in rows:
        try:
            target, notice = row.meant or (target_of_row(row.target), Notice.from_dict(row.notice))
        except (Invalid, NotFound, Permanent, KeyError, TypeError, ValueError) as error:
            row.state, row.reason, row.ended_at = Delivery.State.DEAD, str(error), clock.now()
            unusable.append(row)
        else:
            items.append(Item(row, target, notice))
    return items, unusable


def _inherited(name: str, dead: Sender) -> int:
    rows = _waiting(dead.name)
    moved = rows.filter(expires_at__lt=Now()).update(owner=name, expires_at=Now() + LEASE)
    if moved:
        log.warning("deliveries of a silent sender are taken over", sender=dead.name, deliveries=moved)
    if not rows.exists():
        dead.delete()
    return moved


def _waiting(owner: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(owner=owner, state=Delivery.State.WAITING)
