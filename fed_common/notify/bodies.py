"""What a consumer is told over HTTP, as bytes; docs/specs/notify.md has both forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fed_common.core.alarm import Notice
from fed_common.interfaces.notifier import Packet
from fed_common.publishers.formats.encoding import encode

AODH, NATIVE = "aodh", "native"


def body_of(packet: Packet, form: str) -> bytes:
    """One notice by itself; several as ``{"group": …, "alarms": […]}``, each with its delivery's id beside it."""
    render = FORMS[form]
    if len(packet.notices) == 1:
        return encode(render(packet.notices[0]))
    ids: Sequence[str] = packet.delivery_ids
    alarms = [{**render(one), "delivery_id": id} for one, id in zip(packet.notices, ids, strict=True)]
    return encode({"group": packet.notices[0].group, "alarms": alarms})


def aodh(notice: Notice) -> Mapping[str, Any]:
    """Exactly the seven keys of Aodh's own notifier."""
    return {
        "alarm_name": notice.name,
        "alarm_id": notice.alarm_id,
        "severity": notice.rule_severity,
        "previous": notice.previous,
        "current": notice.current,
        "reason": notice.reason,
        "reason_data": {"type": "event", "event": notice.event},
    }


FORMS: dict[str, Callable[[Notice], Mapping[str, Any]]] = {AODH: aodh, NATIVE: Notice.to_dict}
