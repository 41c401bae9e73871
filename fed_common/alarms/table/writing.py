"""The one place that writes the table of active alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from fed_common.core.alarm import EventCategory, ManagedObject, Severity
from fed_common.notify.models import Delivery


@dataclass(frozen=True, slots=True)
class Raise:
    """A trouble is there. Raising what is open already changes it; ``cause`` makes a repeat harmless."""

    about: ManagedObject
    problem: str
    name: str
    severity: Severity
    event_time: datetime
    cause: str
    category: EventCategory = EventCategory.PROCESSING_ERROR
    probable_cause: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    rule_id: UUID | None = None
    fault_id: UUID | None = None
    event: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clear:
    """A trouble is over: that problem of that object; without an object every open one with this ``rule_id``."""

    problem: str
    event_time: datetime
    cause: str
    about: ManagedObject | None = None
    rule_id: UUID | None = None


Change = Raise | Clear


def write(changes: Sequence[Change], *, by: str = "") -> list[Delivery]:
    """Apply the changes in their order, in one transaction; doing it again changes nothing.

    Answers with the deliveries to the receivers that want to hear of it: ``notify.services.hand_over`` them
    after the commit. Raises Retryable: nothing of it was done.
    """
    raise NotImplementedError
