"""Looking at deliveries, trying a dead one again, and forgetting old ones."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict

from fed_common.core import clock
from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.events.queries import LIMIT, LIMIT_MAX, whole_number
from fed_common.notify.models import Delivery
from fed_common.notify.sending import process
from fed_common.notify.sending.claims import LEASE
from fed_common.notify.services import hand_over
from fed_common.topics.database import writing

TIMEOUT = 10.0
FORGET_AT_ONCE = 2_000
CONDITIONS = ("state", "alarm_id", "target", "cause", "limit", "before")


def deliveries_page(query: QueryDict) -> list[Delivery]:
    """The newest that match, at most ``limit``, only those older than the id ``before``.

    ``target`` is a part of the target as it is shown. Raises Invalid naming the parameter.
    """
    for name in query:
        if name not in CONDITIONS:
            raise Invalid(name, query[name], f"no such parameter; parameters: {', '.join(CONDITIONS)}")
    limit = whole_number("limit", query.get("limit", str(LIMIT)), 1, LIMIT_MAX)
    return list(_matching(query).order_by("-id")[:limit])


def find_delivery(delivery_id: UUID) -> Delivery:
    """One of them. Raises NotFound."""
    row = Delivery.objects.filter(pk=delivery_id).first()
    if row is None:
        raise NotFound("delivery", str(delivery_id))
    return row


def retry(delivery_id: UUID) -> Delivery:
    """Begin to try a dead one again, with all its tries, from here. Raises NotFound; Conflict: it is not dead."""
    now = clock.now()
    with writing(TIMEOUT):
        row = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
        if row is None:
            raise NotFound("delivery", str(delivery_id))
        if row.state != Delivery.State.DEAD:
            raise Conflict("delivery", str(delivery_id), f"is {row.state}, not dead")
        row.state, row.tries, row.reason, row.ended_at = Delivery.State.WAITING, 0, "", None
        row.owner, row.expires_at = process.sender_name(), now + LEASE
        row.save()
    hand_over([copy(row)])  # the sender writes in it
    return row


def forget_old_deliveries() -> int:
    """Delete those that ended before the retention, in small bites; how many went. Safe to call often."""
    limit = clock.now() - timedelta(hours=settings.ALARM_RETENTION_HOURS)
    ended = Delivery.objects.filter(created_at__lt=limit).exclude(state=Delivery.State.WAITING)
    gone = 0
    while ids := list(ended.order_by().values_list("id", flat=True)[:FORGET_AT_ONCE]):
        gone += Delivery.objects.filter(id__in=ids).delete()[0]
    return gone


def _matching(query: QueryDict) -> QuerySet[Delivery]:
    rows = Delivery.objects.all()
    if state := query.get("state"):
        if state not in Delivery.State.values:
            raise Invalid("state", state, Delivery.State.values)
        rows = rows.filter(state=state)
    for name, column in (("alarm_id", "alarm_id"), ("cause", "cause"), ("target", "shown__contains")):
        if query.get(name):
            rows = rows.filter(**{column: query[name]})
    if (before := query.get("before")) is not None:
        try:
            rows = rows.filter(id__lt=UUID(before))
        except ValueError:
            raise Invalid("before", before, "the id of a delivery") from None
    return rows
