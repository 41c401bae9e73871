"""Rules over events: what a caller of Aodh's API calls an alarm. Nouns; reading and matching are beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from fed_common.core.alarm import AlarmState, EventCategory, RuleSeverity


class RuleType(StrEnum):
    """The types of Aodh that work on events."""

    EVENT = "event"
    COMPOSITE = "composite"


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison, as it was sent. ``traits.`` before a field says nothing more."""

    field: str
    op: str
    value: str
    type: str = ""

    @property
    def trait(self) -> str:
        """The name of what is compared: see ``core.traits.Seen.traits``."""
        return self.field.removeprefix("traits.")


@dataclass(frozen=True, slots=True)
class Condition:
    """An event's type as a glob, and terms that all hold."""

    event_type: str = "*"
    query: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """``and`` or ``or`` over conditions, which are numbered as in ``Rule.conditions``, and further trees."""

    op: str
    parts: tuple[int | Tree, ...]


@dataclass(frozen=True, slots=True)
class TimeConstraint:
    """A window that begins whenever the cron expression says so and is ``duration`` seconds long."""

    name: str
    start: str
    duration: int
    timezone: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Extras:
    """What rules of ours may say beyond Aodh's, all of it off by default: the key ``multicloud`` of an alarm.

    ``clear``         what takes the rule back to ``ok``, for the same managed object.
    ``clear_after``   seconds after which it goes back to ``ok`` by itself; 0: never.
    ``absent_after``  of an event rule: its events are waited for; it goes to ``alarm`` when none came for so many
                      seconds, and to ``ok`` with the next; 0: they raise it.
    ``within``        of a composite: seconds within which its events must have been seen.
    ``same``          of a composite: the trait that must have one value in all of its events; empty: any.
    ``correlation``   rules of one word make one alarm of one object in the table.
    ``under_host``    says nothing of an instance whose host has an open fault: the host's alarm stands for it.
    ``group_wait``    seconds, at most 0.1, that an action waits for others of one host fault and one consumer.
    """

    clear: Condition | None = None
    clear_after: float = 0.0
    absent_after: float = 0.0
    within: float = 60.0
    same: str = ""
    correlation: str = ""
    under_host: bool = False
    group_wait: float = 0.0
    category: EventCategory = EventCategory.PROCESSING_ERROR
    probable_cause: str = ""

    @property
    def per_object(self) -> bool:
        """Whether the objects are remembered that the rule is in alarm for."""
        return self.clear is not None or self.absent_after > 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule ready to be evaluated. Its state is in the database only.

    ``project_id``  hears the events of this project; empty: of every project, and those of none.
    ``conditions``  one of an event rule, several of a composite, whose ``tree`` joins them.
    """

    id: UUID
    name: str
    project_id: str
    conditions: tuple[Condition, ...]
    tree: Tree | None = None
    severity: RuleSeverity = RuleSeverity.LOW
    repeat: bool = False
    time_constraints: tuple[TimeConstraint, ...] = ()
    actions: Mapping[AlarmState, tuple[str, ...]] = field(default_factory=dict)
    extras: Extras = Extras()
