"""VES 7.2.1 (ONAP VES Event Listener, CommonEventFormat 30.2.1).

A VM that falls into state error raises the fault ``Fault_MultiCloud_VMFailure``, leaving that state
clears it; everything else is a notification. The names, ids and words of the fault are those of
ONAP's own VES agents, because Holmes pairs raise and clear by sourceId, sourceName and event name.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fed_common.core import clock
from fed_common.core.kinds import Kind, Phase
from fed_common.core.model import Event
from fed_common.publishers.formats.encoding import encode

FAULT = "Fault_MultiCloud_VMFailure"
CLEARED = f"{FAULT}Cleared"
NOTIFICATION = "Notification_MultiCloud_VMStateChange"
ERROR_STATE = "error"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def ves(event: Event) -> bytes:
    """The body of one POST to a VES collector: ``{"event": {commonEventHeader, …Fields}}``."""
    if _failed(event):
        body = _fault(event, FAULT, "CRITICAL", "Guest_Os_Failure")
    elif _recovered(event):
        body = _fault(event, CLEARED, "NORMAL", "Vm_Restart")
    else:
        body = _notification(event)
    return encode({"event": body})


def _failed(event: Event) -> bool:
    """A failed operation (phase error) whose VM is still well is no fault: nothing would ever clear it."""
    return event.kind is Kind.ERROR or (event.phase is Phase.ERROR and event.state == ERROR_STATE)


def _recovered(event: Event) -> bool:
    return event.old_state == ERROR_STATE and event.state not in ("", ERROR_STATE)


def _fault(event: Event, name: str, severity: str, condition: str) -> dict[str, Any]:
    return {
        "commonEventHeader": _header(event, "fault", name, "High" if severity == "CRITICAL" else "Normal"),
        "faultFields": {
            "faultFieldsVersion": "4.0",
            "alarmCondition": condition,
            "eventSeverity": severity,
            "eventSourceType": "virtualMachine",
            "specificProblem": FAULT,
            "vfStatus": "Active",
            "alarmAdditionalInformation": {"objectType": "VIM", **_additional(event)},
        },
    }


def _notification(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "notificationFieldsVersion": "2.0",
        "changeIdentifier": event.key,
        "changeType": event.kind.value,
        "additionalFields": _additional(event),
    }
    if event.state:
        fields["newState"] = event.state
    if event.old_state:
        fields["oldState"] = event.old_state
    return {
        "commonEventHeader": _header(event, "notification", NOTIFICATION, "Normal"),
        "notificationFields": fields,
    }


def _header(event: Event, domain: str, name: str, priority: str) -> dict[str, Any]:
    microseconds = (event.occurred_at - _EPOCH) // _MICROSECOND
    return {
        "version": "4.1",
        "vesEventListenerVersion": "7.2.1",
        "domain": domain,
        "eventId": event.id,
        "eventName": name,
        "priority": priority,
        "sequence": 0,
        "sourceId": event.key,
        "sourceName": event.instance_name or event.key,
        "reportingEntityId": event.vim_id,
        "reportingEntityName": event.vim_id,
        "startEpochMicrosec": microseconds,
        "lastEpochMicrosec": microseconds,
    }


def _additional(event: Event) -> dict[str, str]:
    texts = {
        "eventTime": clock.iso(event.occurred_at),
        "eventType": event.type,
        "kind": event.kind.value,
        "phase": event.phase.value,
        "state": event.state,
        "stateDescription": event.state_description,
        "vimId": event.vim_id,
        "host": event.host,
        "tenantId": event.tenant_id,
    }
    return {name: text for name, text in texts.items() if text}
