"""What Nova tells of its services, read as facts about hosts. Only the versioned format tells of them.

Up and disabled are what the administrator decided, forced down is what a fault detector decided. Nova
sends nothing when a service merely stops reporting: that has to be polled.
Source: nova/objects/service.py, doc/notification_samples/service-*.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fed_common.core.kinds import Kind

COMPUTE = "nova-compute"
DELETED = "service.delete"
_STATES = {Kind.HOST_DOWN: "down", Kind.HOST_DISABLED: "disabled", Kind.HOST_UP: "up"}


def host_kind(event_type: str, service: Mapping[str, Any]) -> Kind:
    """HOST_DOWN when forced down, HOST_DISABLED when disabled or deleted, else HOST_UP.

    Deleting a compute service is administration, not a fault: Nova refuses it while the host has servers.
    """
    if service.get("forced_down") is True:
        return Kind.HOST_DOWN
    if service.get("disabled") is True or event_type == DELETED:
        return Kind.HOST_DISABLED
    return Kind.HOST_UP


def host_payload(kind: Kind, service: Mapping[str, Any]) -> dict[str, Any]:
    """The service's fields, and the host's state and its reason under the keys an instance has."""
    return {**service, "state": _STATES[kind], "state_description": service.get("disabled_reason") or ""}
