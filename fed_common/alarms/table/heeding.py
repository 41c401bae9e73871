"""What the table heeds of the river: what the catalogue names is raised and cleared without any rule."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from fed_common.alarms.models import ActiveAlarm
from fed_common.alarms.table.catalogue import Finding, Sign, findings_of
from fed_common.alarms.table.changes import LONGEST, Change, Clear, Key, Raise, key_of
from fed_common.core.alarm import ManagedObject
from fed_common.core.errors import Retryable
from fed_common.core.model import Event
from fed_common.topics.database import reachable

LOOK_AGAIN_AFTER = 2.0


class Heeding:
    """Finds what events change in the table.

    Troubles, and news that certainly end one, have to be written. Other events are mere signs that
    something is fine: they cost one look at the table, and nothing while it cannot be reached. What they
    would have cleared is cleared by the next sign, or by ``expiry.settle``.
    """

    def __init__(self) -> None:
        self._look_at = 0.0

    def changes_of(self, events: Sequence[Event]) -> list[Change]:
        """What is to be written, signs only as far as there is something to clear."""
        found = [finding for event in events for finding in findings_of(event)]
        return self._worth_writing(found) if found else []

    def _worth_writing(self, found: Sequence[Finding]) -> list[Change]:
        signs = [one for one in found if isinstance(one, Sign)]
        troubled = self._open_of(signs) | {
            key_of(one.about, one.problem) for one in found if isinstance(one, Raise)
        }
        changes: list[Change] = []
        for one in found:
            changes += _ended_by(one, troubled) if isinstance(one, Sign) else [one]
        return changes

    def _open_of(self, signs: Sequence[Sign]) -> set[Key]:
        """The open troubles of the objects that seem fine; none while the database is away."""
        ids = {_about(one).id[:LONGEST] for one in signs}
        if not ids or time.monotonic() < self._look_at:
            return set()
        try:
            with reachable():
                rows = ActiveAlarm.objects.filter(object_id__in=ids, cleared_at__isnull=True, rule_id__isnull=True)
                return {Key(*row) for row in rows.order_by().values_list(*Key._fields)}
        except Retryable:
            self._look_at = time.monotonic() + LOOK_AGAIN_AFTER
            return set()


def _ended_by(sign: Sign, troubled: set[Key]) -> list[Clear]:
    about = key_of(_about(sign), sign.clear.problem)
    if not sign.gone:
        return [sign.clear] if about in troubled else []
    same = sorted(key.problem for key in troubled if key[:3] == about[:3])
    return [replace(sign.clear, problem=problem) for problem in same]


def _about(sign: Sign) -> ManagedObject:
    assert sign.clear.about is not None  # noqa: S101 - the catalogue always names it
    return sign.clear.about
