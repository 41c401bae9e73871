"""An event's traits: what rules compare, and the form Ceilometer gives an event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fed_common.core import clock
from fed_common.core.model import Event

TEXT, INTEGER, FLOAT, DATETIME = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Seen:
    """One event as rules look at it. Make it once per event.

    ``project``  whose rules hear it, besides those that hear every project; empty: of none.
    ``traits``   every value by its name, and of the event itself ``event_type``, ``message_id``, ``generated``.
    """

    event_type: str
    project: str
    traits: Mapping[str, Any]

    @classmethod
    def of(cls, event: Event) -> Seen:
        """The event as rules look at it."""
        itself = {"event_type": event.type, "message_id": event.id, "generated": event.occurred_at}
        traits = {**values_of(event), **itself}
        project = traits.get("project_id") or traits.get("tenant_id") or ""
        return cls(event.type, str(project), traits)


def is_time(name: str) -> bool:
    """Whether text under this name is a moment, as in ``launched_at``."""
    return name.endswith("_at")


def alarm_event(event: Event) -> dict[str, Any]:
    """The event as Ceilometer would have built it, with our own words as further traits."""
    return {
        "message_id": event.id,
        "event_type": event.type,
        "generated": _naive(event.occurred_at),
        "traits": [trait for name, value in values_of(event).items() if (trait := _trait(name, value))],
        "raw": {},
        "message_signature": None,
    }


def values_of(event: Event) -> Mapping[str, Any]:
    """Every value the event carries, by the name of its trait; the house's own words win."""
    ours = {
        "instance_id": event.instance_id,
        "resource_id": event.instance_id or event.host,
        "project_id": event.tenant_id,
        "tenant_id": event.tenant_id,
        "display_name": event.instance_name,
        "host": event.host,
        "state": event.state,
        "old_state": event.old_state,
        "state_description": event.state_description,
        "vim_id": event.vim_id,
        "kind": event.kind.value,
        "phase": event.phase.value,
    }
    return {**event.payload, **event.traits, **{name: value for name, value in ours.items() if value}}


def _trait(name: str, value: Any) -> list[Any] | None:
    """``[name, type, value]``; None for what is empty or no single value."""
    if isinstance(value, bool | int):
        return [name, INTEGER, int(value)]
    if isinstance(value, float):
        return [name, FLOAT, value]
    if not isinstance(value, str) or not value:
        return None
    moment = clock.parse(value) if is_time(name) else None
    return [name, DATETIME, _naive(moment)] if moment else [name, TEXT, value]


def _naive(moment: datetime) -> str:
    """UTC without a zone, as OpenStack writes it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
