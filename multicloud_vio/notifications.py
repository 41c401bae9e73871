"""Nova's notifications, legacy and versioned, read as Events. Pure, and never raises on any JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, TypeGuard

from fed_common.core import clock
from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import OPT_OUT, DropReason
from fed_common.core.model import Event
from fed_common.core.watchdog import CLEARED_TYPE, OFF, SET_TRAIT, WatchdogAction, event_traits, event_type
from fed_common.interfaces.source import Ignored, Reading, Unreadable
from multicloud_generic.openstack.opt_out import opts_out
from multicloud_generic.openstack.watchdog import watchdog_action
from multicloud_vio.hosts import COMPUTE, host_kind, host_payload
from multicloud_vio.kinds import LEGACY, Meaning, meaning
from multicloud_vio.versioned import data, legacy_payload

LONGEST_ID = 100
_NOTHING: Mapping[str, Any] = {}


class _Arrival(NamedTuple):
    """A notification, where it came from and when."""

    notification: Mapping[str, Any]
    vim_id: str
    received_at: datetime


def to_event(notification: Mapping[str, Any], vim_id: str, received_at: datetime) -> Reading:
    """The fact a notification tells, the reason why it tells none, or why it cannot be read.

    ``notification`` has oslo's keys message_id, publisher_id, event_type, priority, payload,
    timestamp, and ``request_id`` of the sender's context. The same notification always gives the
    same event but for ``received_at``.
    """
    name, payload = notification.get("event_type"), notification.get("payload")
    if not isinstance(name, str) or not name:
        return Unreadable("event_type is not a text", notification)
    known = meaning(name)
    if isinstance(known, DropReason):
        return Ignored(known, name)
    if not isinstance(payload, dict):
        return Unreadable("payload is not an object", notification)
    arrival = _Arrival(notification, vim_id, received_at)
    if known.wire == LEGACY:
        return _instance_event(arrival, known, payload, _NOTHING)
    fields = data(payload)
    if not fields:
        return Unreadable("payload has no nova_object.data", notification)
    if known.kind is None:
        return _host_event(arrival, known, fields)
    return _instance_event(arrival, known, legacy_payload(fields), fields)


def _instance_event(
    arrival: _Arrival, known: Meaning, payload: dict[str, Any], fields: Mapping[str, Any]
) -> Reading:
    if not _is_id(payload.get("instance_id")):
        return Unreadable(f"instance_id is not a text of 1 to {LONGEST_ID} characters", arrival.notification)
    kind = known.kind or Kind.OTHER
    if kind is Kind.UPDATE and payload.get("state") == "error" and payload.get("old_state") != "error":
        kind = Kind.ERROR
    traits = _traits(arrival.notification, payload)
    if power_state := _text(fields.get("power_state")):
        traits["power_state"] = power_state
    if known.phase is Phase.ERROR and (reason := _text(payload.get("message")) or _text(payload.get("exception"))):
        traits["exception"] = reason
    image, specs = _image_and_specs(payload, fields)
    if any(opts_out(words) for words in (image, payload.get("metadata"), specs)):
        traits[OPT_OUT] = "disabled"
    if wanted := watchdog_action(image, specs):
        traits[SET_TRAIT] = wanted
    if kind is Kind.WATCHDOG:
        return _watchdog_event(arrival, known, payload, traits)
    return _event(arrival, known, kind, payload, traits)


def _image_and_specs(payload: Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[object, object]:
    """The image's properties, which a versioned payload has not, and the flavor's extra specs."""
    if fields:
        return None, data(fields.get("flavor")).get("extra_specs")
    return payload.get("image_meta"), payload.get("extra_specs")


def _watchdog_event(arrival: _Arrival, known: Meaning, payload: dict[str, Any], traits: dict[str, str]) -> Reading:
    """Nova itself tells none: an agent beside it does, see docs/specs/event.md."""
    cleared = known.type == CLEARED_TYPE or payload.get("cleared") is True
    if traits.get(SET_TRAIT) == OFF:
        return Ignored(DropReason.WATCHDOG_OFF, known.type)
    action = _text(payload.get("action")) or traits.get(SET_TRAIT, "")
    if action not in ("", *WatchdogAction):
        return Unreadable(f"action is none of {', '.join(WatchdogAction)}", arrival.notification)
    told = known._replace(type=event_type(cleared=cleared))
    return _event(arrival, told, Kind.WATCHDOG, payload, {**traits, **event_traits(action, cleared=cleared)})


def _host_event(arrival: _Arrival, known: Meaning, service: Mapping[str, Any]) -> Reading:
    if service.get("binary") != COMPUTE:
        return Ignored(DropReason.NOT_COMPUTE, known.type)
    if not _is_id(service.get("host")):
        return Unreadable(f"host is not a text of 1 to {LONGEST_ID} characters", arrival.notification)
    kind = host_kind(known.type, service)
    payload = host_payload(kind, service)
    return _event(arrival, known, kind, payload, _traits(arrival.notification, payload))


def _event(
    arrival: _Arrival, known: Meaning, kind: Kind, payload: dict[str, Any], traits: dict[str, str]
) -> Event:
    notification, vim_id, received_at = arrival
    get = payload.get
    message_id = notification.get("message_id")
    return Event(
        id=message_id if _is_id(message_id) else _own_id(notification),
        type=known.type,
        vim_id=vim_id,
        instance_id=_text(get("instance_id")),
        kind=kind,
        phase=known.phase,
        state=_text(get("state")),
        occurred_at=clock.parse(notification.get("timestamp")) or received_at,
        received_at=received_at,
        old_state=_text(get("old_state")),
        state_description=_text(get("state_description")),
        old_state_description=_text(get("old_task_state")),
        launched_at=_text(get("launched_at")),
        instance_name=_text(get("display_name")),
        host=_text(get("host")),
        tenant_id=_text(get("tenant_id")),
        fact=_fact(known.type, payload, notification.get("request_id")),
        wire=known.wire,
        traits=traits,
        payload=payload,
    )


def _fact(event_type: str, payload: Mapping[str, Any], request_id: object) -> str:
    """Equal for both copies of a fact. Not the publisher: the two formats name different ones."""
    words = (
        event_type,
        _text(payload.get("instance_id")) or _text(payload.get("host")),
        _text(request_id),
        _text(payload.get("old_state")),
        _text(payload.get("state")),
        _text(payload.get("old_task_state")),
        _text(payload.get("state_description")),
        _text(payload.get("volume_id")),
    )
    return blake2b("\x1f".join(words).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _traits(notification: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, str]:
    traits = {
        "publisher_id": _text(notification.get("publisher_id")),
        "request_id": _text(notification.get("request_id")),
        "priority": _text(notification.get("priority")),
        "flavor": _text(payload.get("instance_type")),
        "image": _text(payload.get("image_ref_url")).rpartition("/")[2],
        "node": _text(payload.get("node")),
        "availability_zone": _text(payload.get("availability_zone")),
    }
    return {name: value for name, value in traits.items() if value}


def _own_id(notification: Mapping[str, Any]) -> str:
    """A stable id for a notification that came without one."""
    try:
        text = json.dumps(dict(notification), sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):  # nested beyond reason: what is on top has to do
        text = "\x1f".join(f"{key}={_text(notification[key])}" for key in sorted(notification, key=str))
    return "nova-" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
