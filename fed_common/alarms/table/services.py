"""What people do to an alarm of the table."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from fed_common.alarms.models import ActiveAlarm
from fed_common.alarms.table.sheet import LISTED, Sheet
from fed_common.alarms.table.writing import SECONDS
from fed_common.core import clock
from fed_common.core.alarm import NoticeKind
from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.notify.services import hand_over
from fed_common.topics.database import writing

COMMENTS, LONGEST_COMMENT = 20, 2000

Deed = Callable[[Sheet, ActiveAlarm], None]


def acknowledge(alarm_id: UUID, *, by: str) -> ActiveAlarm:
    """Somebody knows of it; a cleared one leaves the list. Raises NotFound, Conflict: somebody did already."""

    def deed(sheet: Sheet, row: ActiveAlarm) -> None:
        if row.acked_at:
            raise Conflict("alarm", str(row.id), f"is acknowledged already, by {row.acked_by}")
        row.acked_at, row.acked_by = sheet.now, by[:200]
        sheet.tell(row, NoticeKind.ACKNOWLEDGED, before=row.severity, reason=f"acknowledged by {by}")

    return _do(alarm_id, by, deed)


def unacknowledge(alarm_id: UUID, *, by: str) -> ActiveAlarm:
    """Nobody cares for it any more. Raises NotFound, Conflict: nobody did."""

    def deed(sheet: Sheet, row: ActiveAlarm) -> None:
        if not row.acked_at:
            raise Conflict("alarm", str(row.id), "is not acknowledged")
        row.acked_at, row.acked_by = None, ""
        sheet.tell(row, NoticeKind.CHANGED, before=row.severity, reason=f"acknowledgement taken back by {by}")

    return _do(alarm_id, by, deed)


def clear(alarm_id: UUID, *, by: str) -> ActiveAlarm:
    """Somebody says it is over. Raises NotFound, Conflict: it is already."""

    def deed(sheet: Sheet, row: ActiveAlarm) -> None:
        if row.cleared_at:
            raise Conflict("alarm", str(row.id), "is cleared already")
        sheet.clear(row, clock.now(), reason=f"cleared by {by}")

    return _do(alarm_id, by, deed)


def comment(alarm_id: UUID, text: str, *, by: str) -> ActiveAlarm:
    """Add a remark; the newest twenty are kept. Raises NotFound, Invalid."""
    if not text.strip() or len(text) > LONGEST_COMMENT:
        raise Invalid("comment", text, f"a text of 1 to {LONGEST_COMMENT} characters")

    def deed(sheet: Sheet, row: ActiveAlarm) -> None:
        said = {"at": clock.iso(sheet.now), "by": by, "text": text}
        row.details = {**row.details, "comments": [*row.details.get("comments", []), said][-COMMENTS:]}
        sheet.tell(row, NoticeKind.CHANGED, before=row.severity, reason=f"{by}: {text}")

    return _do(alarm_id, by, deed)


def _do(alarm_id: UUID, by: str, deed: Deed) -> ActiveAlarm:
    """On a listed alarm, in its turn among the writers."""
    with writing(SECONDS):
        sheet = Sheet(by)
        row = ActiveAlarm.objects.filter(LISTED, pk=alarm_id).first()
        if row is None:
            raise NotFound("alarm", str(alarm_id))
        deed(sheet, row)
        deliveries = sheet.store()
    if deliveries:
        hand_over(deliveries)
    return row
