"""SOL 003's subscriptions: receivers of the alarm table whose notifier is ``sol003``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from glob import escape
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet
from yarl import URL

from fed_common.access.sealing import seal, unseal
from fed_common.access.tokens import Identity
from fed_common.core.alarm import EventCategory, NoticeKind
from fed_common.core.alarm_filter import parse_alarm_filter
from fed_common.core.errors import NotFound
from fed_common.core.sol003 import CLEARED, RAISED_OR_CHANGED, resource_type
from fed_common.notify.guard import check_host
from fed_common.notify.models import Receiver
from fed_common.notify.posting import checked_url
from fed_common.notify.sol003 import Sol003Config, Sol003Notifier, check_callback

PREFIX = "vnffm-"
_KINDS = {
    RAISED_OR_CHANGED: [NoticeKind.RAISED, NoticeKind.CHANGED, NoticeKind.ACKNOWLEDGED],
    CLEARED: [NoticeKind.CLEARED],
}
Sent = Mapping[str, Any]


def subscribe(sent: Sent, caller: object, base: str) -> tuple[Receiver, bool]:
    """Make the subscription, or find the caller's that asks for the same; whether it is new.

    Raises Invalid: its callback or filter; Permanent: the callback does not answer a GET.
    """
    asked = {"callbackUri": sent["callbackUri"], "filter": dict(sent.get("filter", {}))}
    url = checked_url(asked["callbackUri"], field="callbackUri")
    check_host(str(url.host), field="callbackUri")
    for row in subscriptions(caller):
        if config_of(row).asked == asked:
            return row, False
    config = _config(sent, asked, base)
    filter, matches = _filter(asked["filter"], caller)
    check_callback(config)
    row = Receiver.objects.create(
        id=UUID(config.subscription_id),
        name=PREFIX + config.subscription_id,
        notifier=Sol003Notifier.name,
        sealed_options=seal(json.dumps(asdict(config))),
        filter=filter,
        enabled=matches,
        created_by=name_of(caller),
    )
    return row, True


def subscriptions(caller: object) -> QuerySet[Receiver]:
    """Those that this caller made."""
    return Receiver.objects.filter(notifier=Sol003Notifier.name, created_by=name_of(caller)).order_by("created_at")


def find(subscription_id: UUID, caller: object) -> Receiver:
    """One of the caller's. Raises NotFound."""
    row = subscriptions(caller).filter(pk=subscription_id).first()
    if row is None:
        raise NotFound("subscription", str(subscription_id))
    return row


def config_of(row: Receiver) -> Sol003Config:
    """What it was made with. Raises Permanent: sealed with another key."""
    return Sol003Config(**json.loads(unseal(row.sealed_options)))


def shown(row: Receiver, base: str) -> dict[str, Any]:
    """The FmSubscription."""
    asked = config_of(row).asked
    found = {"id": str(row.pk), "callbackUri": asked["callbackUri"]}
    return {
        **found,
        **({"filter": asked["filter"]} if asked["filter"] else {}),
        "_links": {"self": {"href": f"{base}/subscriptions/{row.pk}"}},
    }


def name_of(caller: object) -> str:
    """Who calls, as rows keep it."""
    return caller.name if isinstance(caller, Identity) else "anybody"


def _config(sent: Sent, asked: Sent, base: str) -> Sol003Config:
    basic = sent.get("authentication", {}).get("paramsBasic", {})
    return Sol003Config(
        callback_uri=str(URL(asked["callbackUri"])),
        subscription_id=str(uuid4()),
        base=base,
        asked=asked,
        username=basic.get("userName", ""),
        password=basic.get("password", ""),
    )


def _filter(asked: Sent, caller: object) -> tuple[dict[str, Any], bool]:
    """As receivers have it, and whether anything passes: what no alarm of ours can be is not listened for."""
    categories = set(asked.get("eventTypes") or EventCategory)
    if types := asked.get("faultyResourceTypes"):
        categories &= {one.value for one in EventCategory if resource_type(one) in types}
    told = asked.get("notificationTypes") or list(_KINDS)
    kinds = [kind.value for word in told for kind in _KINDS.get(word, ())]
    vnfs = asked.get("vnfInstanceSubscriptionFilter", {})
    plain = {
        "kinds": kinds,
        "severities": asked.get("perceivedSeverities", []),
        "categories": sorted(categories) if len(categories) < len(EventCategory) else [],
        "probable_causes": asked.get("probableCauses", []),
        "objects": [escape(name) for name in (*vnfs.get("vnfInstanceIds", ()), *vnfs.get("vnfInstanceNames", ()))],
        "vims": list(caller.vims) if isinstance(caller, Identity) else [],
    }
    return parse_alarm_filter(plain).to_dict(), bool(kinds and categories)
