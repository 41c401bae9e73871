"""Whether what rules raised still holds when it is written into the table."""

from __future__ import annotations

from collections.abc import Sequence

from fed_common.alarms.models import Rule, TableSequence
from fed_common.alarms.table.changes import Change, Clear, Raise
from fed_common.core.alarm import AlarmState


def still_true(changes: Sequence[Change]) -> list[Change]:
    """Without what rules raised that are in alarm no more, and that nothing here clears: they were reset, switched
    off or deleted a moment ago.

    The table is held from before the question in this transaction: who resets a rule later clears what is written.
    No rule is locked, so no evaluation waits.
    """
    wanted = {one.rule_id for one in changes if isinstance(one, Raise) and one.rule_id}
    if not wanted:
        return list(changes)
    TableSequence.held()
    alive = Rule.objects.filter(pk__in=wanted, state=AlarmState.ALARM, enabled=True, deleted_at=None)
    true = set(alive.order_by().values_list("pk", flat=True))
    kept, cleared = list[Change](), set[str]()
    for one in reversed(changes):
        if isinstance(one, Clear):
            cleared.add(one.problem)
        if isinstance(one, Clear) or one.rule_id is None or one.rule_id in true or one.problem in cleared:
            kept.append(one)
    return kept[::-1]
