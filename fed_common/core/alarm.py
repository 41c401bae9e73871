"""The nouns of alarms: what a rule may say, and what a person hears of. Pure data.

A rule is what a caller of Aodh's API calls an alarm; an alarm here is one trouble of one managed object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class AlarmState(StrEnum):
    """Of a rule, in Aodh's words."""

    OK = "ok"
    ALARM = "alarm"
    INSUFFICIENT = "insufficient data"


class RuleSeverity(StrEnum):
    """Of a rule, in Aodh's words, the mildest first."""

    LOW = "low"
    MODERATE = "moderate"
    CRITICAL = "critical"


class Severity(StrEnum):
    """Of an alarm: X.733's perceived severity, the worst first. ITU's numbers do not sort: see ``ITU_NUMBERS``."""

    CRITICAL = "CRITICAL"
    MAJOR = "MAJOR"
    MINOR = "MINOR"
    WARNING = "WARNING"
    INDETERMINATE = "INDETERMINATE"
    CLEARED = "CLEARED"


ITU_NUMBERS = {
    Severity.CLEARED: 1,
    Severity.INDETERMINATE: 2,
    Severity.CRITICAL: 3,
    Severity.MAJOR: 4,
    Severity.MINOR: 5,
    Severity.WARNING: 6,
}
"""ITU-ALARM-TC-MIB's ItuPerceivedSeverity (RFC 3877)."""

SEVERITY_OF = {
    RuleSeverity.CRITICAL: Severity.CRITICAL,
    RuleSeverity.MODERATE: Severity.MAJOR,
    RuleSeverity.LOW: Severity.MINOR,
}


class EventCategory(StrEnum):
    """X.733's event types, in the words of ETSI SOL 003."""

    EQUIPMENT = "EQUIPMENT_ALARM"
    COMMUNICATIONS = "COMMUNICATIONS_ALARM"
    PROCESSING_ERROR = "PROCESSING_ERROR_ALARM"
    ENVIRONMENTAL = "ENVIRONMENTAL_ALARM"
    QOS = "QOS_ALARM"


class NoticeKind(StrEnum):
    """What is told of an alarm."""

    RAISED = "raised"
    CHANGED = "changed"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    TEST = "test"


class ObjectType(StrEnum):
    """What kind of thing has the trouble."""

    VIM = "vim"
    HOST = "host"
    INSTANCE = "instance"
    VNF = "vnf"


@dataclass(frozen=True, slots=True)
class ManagedObject:
    """The thing that has the trouble. ``vim_id``, ``type`` and ``id`` name it; the rest helps people."""

    vim_id: str
    type: ObjectType
    id: str
    name: str = ""
    tenant_id: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One transition, with all that any notifier may want to say of it.

    ``alarm_id``       of the rule when a rule's action is told, else of the active alarm.
    ``rule_severity``, ``previous``, ``current``, ``reason``, ``reason_data``  what Aodh's body has.
    ``event``          the event as Ceilometer would have built it (``core.traits.alarm_event``); may be empty.
    ``sequence``       numbers the changes of the active alarm table; 0: none of them.
    ``group``          notices of one group and one target may go out together; empty: alone.
    ``group_wait``     for how long the first of a group may wait for others, in seconds, at most 0.1.
    Times are ISO 8601 with Z, empty where there is none.
    """

    kind: NoticeKind
    alarm_id: str
    name: str
    severity: Severity
    about: ManagedObject
    rule_severity: RuleSeverity = RuleSeverity.LOW
    previous: str = ""
    current: str = ""
    reason: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)
    category: EventCategory = EventCategory.PROCESSING_ERROR
    probable_cause: str = ""
    specific_problem: str = ""
    fault_id: str = ""
    event_time: str = ""
    raised_at: str = ""
    changed_at: str = ""
    cleared_at: str = ""
    acknowledged_at: str = ""
    sequence: int = 0
    root_cause: bool = False
    correlated: Sequence[str] = ()
    group: str = ""
    group_wait: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe; ``from_dict`` reads it back equal. Fields with their default are left out.

        Made for each notice of a burst: the event is shared, not copied.
        """
        plain = {name: value for name in _NOTICE_FIELDS if (value := getattr(self, name))}
        plain["about"] = {name: getattr(self.about, name) for name in _OBJECT_FIELDS}
        if self.correlated:
            plain["correlated"] = list(self.correlated)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Notice:
        """The inverse of ``to_dict``."""
        values = dict(plain)
        about = dict(values["about"])
        values["about"] = ManagedObject(**{**about, "type": ObjectType(about["type"])})
        values["kind"], values["severity"] = NoticeKind(values["kind"]), Severity(values["severity"])
        for name, words in (("rule_severity", RuleSeverity), ("category", EventCategory)):
            if name in values:
                values[name] = words(values[name])
        values["correlated"] = tuple(values.get("correlated", ()))
        return cls(**values)


_NOTICE_FIELDS = tuple(item.name for item in fields(Notice))
_OBJECT_FIELDS = tuple(item.name for item in fields(ManagedObject))
