"""Who hears of the table: the receivers with a filter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from fed_common.alarms.table.notices import Told
from fed_common.core.alarm_filter import AlarmFilter, parse_alarm_filter
from fed_common.core.errors import Invalid
from fed_common.notify.models import Delivery, Receiver
from fed_common.notify.services import deliveries_of
from fed_common.telemetry.logging import get_logger
from fed_common.topics.statements import insert

log = get_logger(__name__)


def deliveries_to_receivers(told: Sequence[Told], now: datetime) -> list[Delivery]:
    """A delivery for each change and each receiver that wants it, stored. Call it in the transaction."""
    rows = Receiver.objects.filter(enabled=True, filter__isnull=False).order_by().values_list("name", "filter")
    receivers = [(f"receiver://{name}", _parsed(name, json.dumps(plain))) for name, plain in rows]
    deliveries = [
        delivery
        for one in told
        if (wanting := [target for target, filter in receivers if filter and filter.wants(one.notice, one.before)])
        for delivery in deliveries_of(
            wanting, one.notice, now=now, project_id=one.notice.about.tenant_id, cause=one.cause
        )
    ]
    insert(deliveries)
    return deliveries


@lru_cache(1000)
def _parsed(name: str, text: str) -> AlarmFilter | None:
    """None: it cannot be used, which is said once; nobody else suffers."""
    try:
        return parse_alarm_filter(json.loads(text))
    except Invalid:
        log.exception("a receiver's filter cannot be used: it hears nothing", receiver=name)
        return None
