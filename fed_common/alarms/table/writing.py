"""The one place where troubles enter and leave the table of active alarms.

All writers take turns: whoever holds the row that numbers the changes is the only one who reads and writes
the table, so numbers have no gaps and no two processes raise the same alarm.
"""

from __future__ import annotations

from collections.abc import Sequence

from fed_common.alarms.table.changes import Change, Clear, Raise
from fed_common.alarms.table.sheet import Sheet
from fed_common.notify.models import Delivery
from fed_common.topics.database import writing

__all__ = ["Change", "Clear", "Raise", "write"]

SECONDS = 10.0


def write(changes: Sequence[Change], *, by: str = "") -> list[Delivery]:
    """Apply the changes in their order, in one transaction; doing it again changes nothing.

    Answers with the deliveries to the receivers that want to hear of it: ``notify.services.hand_over`` them
    after the commit. Raises Retryable: nothing of it was done.
    """
    if not changes:
        return []
    with writing(SECONDS):
        sheet = Sheet(by)
        sheet.load(changes)
        for change in changes:
            sheet.apply(change)
        return sheet.store()
