"""Alarms in the words of ETSI GS NFV-SOL 003 v3.3.1, VNF Fault Management interface 1.3.0. Pure.

What a VNFM would call a VNF instance is our managed object; one that is a VM or a host is named as the
faulty resource besides.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fed_common.core.alarm import EventCategory, ManagedObject, Notice, NoticeKind, ObjectType

VERSION = "1.3.0"
UNACKNOWLEDGED, ACKNOWLEDGED = "UNACKNOWLEDGED", "ACKNOWLEDGED"
COMPUTE, STORAGE, NETWORK = "COMPUTE", "STORAGE", "NETWORK"
RAISED_OR_CHANGED, CLEARED, REBUILT = (
    "AlarmNotification",
    "AlarmClearedNotification",
    "AlarmListRebuiltNotification",
)
_LEVELS = {
    ObjectType.VIM: "VIM",
    ObjectType.HOST: "OS::Nova::Hypervisor",
    ObjectType.INSTANCE: "OS::Nova::Server",
}
_IDENTITY = uuid.UUID("6f5c1f1e-6d0c-5c3a-9a53-3c1f0a4be003")


def alarm_of(
    notice: Notice, base: str, details: Mapping[str, Any] | None = None, children: Sequence[str] = ()
) -> dict[str, Any]:
    """The Alarm; ``base`` is the URL of the interface, ``children`` the alarms that came of it."""
    about = notice.about
    optional = {
        "vnfcInstanceIds": [about.id] if about.type is ObjectType.INSTANCE else [],
        "rootCauseFaultyResource": faulty_resource(notice),
        "alarmChangedTime": notice.changed_at,
        "alarmClearedTime": notice.cleared_at,
        "alarmAcknowledgedTime": notice.acknowledged_at,
        "faultType": notice.specific_problem,
        "correlatedAlarmIds": [*notice.correlated, *children],
        "faultDetails": _details(notice, details or {}),
    }
    return {
        "id": notice.alarm_id,
        "managedObjectId": about.id,
        "alarmRaisedTime": notice.raised_at,
        "ackState": ACKNOWLEDGED if notice.acknowledged_at else UNACKNOWLEDGED,
        "perceivedSeverity": notice.severity.value,
        "eventTime": notice.event_time,
        "eventType": notice.category.value,
        "probableCause": notice.probable_cause or notice.specific_problem,
        "isRootCause": notice.root_cause,
        **{name: value for name, value in optional.items() if value},
        "_links": {"self": {"href": f"{base}/alarms/{notice.alarm_id}"}},
    }


def notification_of(notice: Notice, subscription_id: str, base: str, at: str) -> dict[str, Any]:
    """What a subscriber is POSTed. Its id is the same for all subscribers, and at every try."""
    links: dict[str, Any] = {"subscription": {"href": f"{base}/subscriptions/{subscription_id}"}}
    common = {
        "id": str(uuid.uuid5(_IDENTITY, f"{notice.alarm_id}:{notice.sequence}:{notice.kind}")),
        "notificationType": notification_type(notice.kind),
        "subscriptionId": subscription_id,
        "timeStamp": at,
    }
    if notice.kind is NoticeKind.CLEARED:
        links["alarm"] = {"href": f"{base}/alarms/{notice.alarm_id}"}
        return {**common, "alarmId": notice.alarm_id, "alarmClearedTime": notice.cleared_at, "_links": links}
    if notice.kind is NoticeKind.TEST:
        return {**common, "_links": {**links, "alarms": {"href": f"{base}/alarms"}}}
    return {**common, "alarm": alarm_of(notice, base), "_links": links}


def notification_type(kind: NoticeKind) -> str:
    """Which notification tells it. A test asks the subscriber to read the list anew, which never hurts."""
    return {NoticeKind.CLEARED: CLEARED, NoticeKind.TEST: REBUILT}.get(kind, RAISED_OR_CHANGED)


def resource_type(category: EventCategory) -> str:
    """What kind of resource is at fault: a trouble of communications is one of the network."""
    return NETWORK if category is EventCategory.COMMUNICATIONS else COMPUTE


def faulty_resource(notice: Notice) -> dict[str, Any]:
    """The resource where the fault is; empty for a VNF, which is none. An instance's may be its host."""
    about = notice.about
    if about.type not in _LEVELS:
        return {}
    if about.type is ObjectType.INSTANCE and about.host and notice.correlated:
        about = ManagedObject(about.vim_id, ObjectType.HOST, about.host)
    handle = {
        "vimConnectionId": about.vim_id,
        "resourceId": about.id,
        "vimLevelResourceType": _LEVELS[about.type],
    }
    return {"faultyResource": handle, "faultyResourceType": resource_type(notice.category)}


def _details(notice: Notice, details: Mapping[str, Any]) -> list[str]:
    told = [f"{name}: {value}" for name, value in details.items() if isinstance(value, str | int | float)]
    comments = details.get("comments", ())
    return [notice.name, *told, *(f"{one['by']}: {one['text']}" for one in comments)]
