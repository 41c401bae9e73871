"""A notice as the bindings of a notification. Pure: values are ``bytes`` and ``int``, not yet on any wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from fed_common.core import clock
from fed_common.core.alarm import ITU_NUMBERS, Notice, NoticeKind, Severity
from fed_common.notify.snmp.oids import EVENT_TYPES, OBJECT_TYPES, Object

TEXT, LONG_TEXT = 255, 1024
"""Octets of McfedText and McfedLongText at most."""

NO_TIME = bytes(8)
_TRUE, _FALSE = 1, 2
_UNACKNOWLEDGED, _ACKNOWLEDGED = 1, 2
_MOST = 2**32 - 1


def bindings(notice: Notice, *, delivery_id: str, system: str) -> dict[Object, bytes | int]:
    """Every object of the MIB that an alarm's notification has, in its order. ``Object.SEQUENCE`` is unsigned."""
    about = notice.about
    severity = Severity.CLEARED if notice.kind is NoticeKind.CLEARED else notice.severity
    values: dict[Object, bytes | int] = {
        Object.ALARM_ID: text(notice.alarm_id),
        Object.SEQUENCE: notice.sequence & _MOST,
        Object.DELIVERY_ID: text(delivery_id),
        Object.ALARM_NAME: text(notice.name),
        Object.VIM_ID: text(about.vim_id),
        Object.OBJECT_TYPE: OBJECT_TYPES[about.type],
        Object.OBJECT_ID: text(about.id),
        Object.OBJECT_NAME: text(about.name),
        Object.TENANT_ID: text(about.tenant_id),
        Object.HOST: text(about.host),
        Object.EVENT_TYPE: EVENT_TYPES[notice.category],
        Object.PROBABLE_CAUSE: text(notice.probable_cause),
        Object.PERCEIVED_SEVERITY: ITU_NUMBERS[severity],
        Object.SPECIFIC_PROBLEM: text(notice.specific_problem),
        Object.RAISED_TIME: date_and_time(notice.raised_at or _event_time(notice, NoticeKind.RAISED)),
        Object.CHANGED_TIME: date_and_time(notice.changed_at),
        Object.CLEARED_TIME: date_and_time(notice.cleared_at or _event_time(notice, NoticeKind.CLEARED)),
        Object.ACK_STATE: _ACKNOWLEDGED if notice.acknowledged_at else _UNACKNOWLEDGED,
        Object.ROOT_CAUSE: _TRUE if notice.root_cause else _FALSE,
        Object.CORRELATED_IDS: joined(notice.correlated),
        Object.ADDITIONAL_TEXT: text(notice.reason, LONG_TEXT),
        Object.REPORTING_SYSTEM: text(system),
    }
    return values


def _event_time(notice: Notice, kind: NoticeKind) -> str:
    return notice.event_time if notice.kind is kind else ""


def text(value: str, most: int = TEXT) -> bytes:
    """UTF-8, cut at the end of a character; what UTF-8 cannot say is replaced."""
    return value.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").encode()


def joined(ids: Iterable[str]) -> bytes:
    """As many whole ids as fit, with blanks."""
    kept = b""
    for one in ids:
        longer = b" ".join(filter(None, (kept, text(one))))
        if len(longer) > LONG_TEXT:
            break
        kept = longer
    return kept


def date_and_time(iso: str) -> bytes:
    """SNMPv2-TC's DateAndTime in UTC, to a tenth of a second; ``NO_TIME`` when it is none."""
    moment = clock.parse(iso)
    if moment is None:
        return NO_TIME
    moment = moment.astimezone(UTC)
    tenth = moment.microsecond // 100_000
    rest = (moment.month, moment.day, moment.hour, moment.minute, moment.second, tenth)
    return moment.year.to_bytes(2, "big") + bytes(rest) + b"+\x00\x00"
