"""The numbers of MCFED-ALARM-MIB.txt below the enterprise's own. Pure."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

from fed_common.core.alarm import EventCategory, NoticeKind, ObjectType
from fed_common.core.errors import Invalid

Oid = tuple[int, ...]

MIB = Path(__file__).with_name("MCFED-ALARM-MIB.txt")
SYS_UP_TIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
SNMP_TRAP_OID: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)

_ENTERPRISES: Oid = (1, 3, 6, 1, 4, 1)
_ROOT = re.compile(r"\{ enterprises [\d ]+\}")


class Notification(IntEnum):
    """Below ``<enterprise>.0``. 4 and 5 are reserved."""

    RAISE = 1
    CLEAR = 2
    CHANGE = 3
    HEARTBEAT = 4
    LIST_REBUILT = 5
    ACKNOWLEDGED = 6
    TEST = 7


class Object(IntEnum):
    """Below ``<enterprise>.1``, in the order in which a notification carries them."""

    ALARM_ID = 1
    SEQUENCE = 2
    DELIVERY_ID = 3
    ALARM_NAME = 4
    VIM_ID = 5
    OBJECT_TYPE = 6
    OBJECT_ID = 7
    OBJECT_NAME = 8
    TENANT_ID = 9
    HOST = 10
    EVENT_TYPE = 11
    PROBABLE_CAUSE = 12
    PERCEIVED_SEVERITY = 13
    SPECIFIC_PROBLEM = 14
    RAISED_TIME = 15
    CHANGED_TIME = 16
    CLEARED_TIME = 17
    ACK_STATE = 18
    ROOT_CAUSE = 19
    CORRELATED_IDS = 20
    ADDITIONAL_TEXT = 21
    REPORTING_SYSTEM = 22


NOTIFICATIONS = {
    NoticeKind.RAISED: Notification.RAISE,
    NoticeKind.CHANGED: Notification.CHANGE,
    NoticeKind.CLEARED: Notification.CLEAR,
    NoticeKind.ACKNOWLEDGED: Notification.ACKNOWLEDGED,
    NoticeKind.TEST: Notification.TEST,
}

OBJECT_TYPES = {ObjectType.VIM: 1, ObjectType.HOST: 2, ObjectType.INSTANCE: 3, ObjectType.VNF: 4}

EVENT_TYPES = {
    EventCategory.COMMUNICATIONS: 2,
    EventCategory.QOS: 3,
    EventCategory.PROCESSING_ERROR: 4,
    EventCategory.EQUIPMENT: 5,
    EventCategory.ENVIRONMENTAL: 6,
}
"""IANAItuEventType's."""


def oid(text: str, *, field: str) -> Oid:
    """``1.3.6.1`` or ``.1.3.6.1`` as numbers. Raises Invalid naming the field."""
    parts = text.removeprefix(".").split(".")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() and int(part) < 2**32 for part in parts):
        raise Invalid(field, text, "an object identifier: numbers with dots")
    return tuple(int(part) for part in parts)


def enterprise(text: str) -> Oid:
    """The setting as numbers. Raises Invalid: it is not below 1.3.6.1.4.1."""
    numbers = oid(text, field="MCFED_ENTERPRISE_OID")
    if numbers[:6] != _ENTERPRISES or len(numbers) == 6:
        raise Invalid("MCFED_ENTERPRISE_OID", text, "1.3.6.1.4.1.<your number>, and more behind it")
    return numbers


def notification(root: Oid, which: Notification) -> Oid:
    """What snmpTrapOID.0 says of it."""
    return (*root, 0, int(which))


def instance(root: Oid, which: Object) -> Oid:
    """The name of the binding that carries it."""
    return (*root, 1, int(which), 0)


def mib(root: Oid) -> str:
    """The module, put to this enterprise."""
    arcs = " ".join(str(arc) for arc in root[len(_ENTERPRISES) :])
    return _ROOT.sub(f"{{ enterprises {arcs} }}", MIB.read_text(encoding="utf-8"), count=1)
