"""What may be asked of the table: a trouble is there, or it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from fed_common.core.alarm import EventCategory, ManagedObject, Severity

LONGEST, LONGEST_PROBLEM = 255, 100


class Key(NamedTuple):
    """What a listed alarm is found by."""

    vim_id: str
    object_type: str
    object_id: str
    problem: str


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


def key_of(about: ManagedObject, problem: str) -> Key:
    """As the table's columns hold it."""
    return Key(about.vim_id, about.type.value, about.id[:LONGEST], problem[:LONGEST_PROBLEM])
