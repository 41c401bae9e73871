"""``compute.instance.update`` as Nova sends it, for instances of our own making."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

from tests.captures import AmqpMessage, legacy_messages, notification_of

TENANT = "5f705e4f6a9c4a6e8d0c1b2a39481726"


@cache
def _sample() -> dict[str, Any]:
    """A recorded one."""
    found = (notification_of(one) for one in legacy_messages())
    return next(one for one in found if one["event_type"] == "compute.instance.update")["payload"]


def instance_update(
    instance_id: str,
    state: str = "error",
    *,
    old_state: str = "active",
    tenant: str = TENANT,
    message_id: str = "",
    **payload: Any,
) -> AmqpMessage:
    """The message of a change of state, ready for ``tests.replay.replay``."""
    changed = {"instance_id": instance_id, "tenant_id": tenant, "state": state, "old_state": old_state}
    moved = {"state_description": "", "old_task_state": None, "new_task_state": None}
    inner = {
        "message_id": message_id or str(uuid.uuid4()),
        "publisher_id": "compute.host-1",
        "event_type": "compute.instance.update",
        "priority": "INFO",
        "payload": {**_sample(), **changed, **moved, **payload},
        "timestamp": "2026-11-21 08:00:00.000000",
        "_unique_id": uuid.uuid4().hex,
        "_context_request_id": f"req-{uuid.uuid4()}",
    }
    body = json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(inner)})
    first = legacy_messages()[0]
    return first._replace(routing_key="notifications.info", body=body)


def alarm_body(name: str, instance_id: str, *actions: str, state: str = "error", **more: Any) -> dict[str, Any]:
    """The alarm that Doctor's tests create for a VM."""
    query = [
        {"field": "traits.instance_id", "op": "eq", "type": "", "value": instance_id},
        {"field": "traits.state", "op": "eq", "type": "", "value": state},
    ]
    return {
        "name": name,
        "type": "event",
        "description": "VM failure",
        "severity": "moderate",
        "alarm_actions": list(actions),
        "repeat_actions": False,
        "event_rule": {"event_type": "compute.instance.update", "query": query},
        **more,
    }


def instances(count: int) -> Sequence[str]:
    """That many ids."""
    return [str(uuid.uuid4()) for _ in range(count)]
