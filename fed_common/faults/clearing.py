"""How all of it is taken back: only what was changed by us, and only where it is still as we left it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from fed_common.core import clock
from fed_common.core.model import Event
from fed_common.events.routes import Tables
from fed_common.faults import facts
from fed_common.faults.calls import Calls
from fed_common.faults.cloud import ACTIVE, GONE, IS_NOW, FaultyCloud, cloud_of
from fed_common.faults.finding import FOUND
from fed_common.faults.marking import Marking
from fed_common.faults.models import FaultedInstance
from fed_common.faults.opening import close
from fed_common.faults.telling import Ears, Subscribers, Telling, cut
from fed_common.faults.turn import Turn
from fed_common.topics.database import reachable

Outcome = FaultedInstance.Outcome
UNSETTLED = (Outcome.WAITING, Outcome.RESET, Outcome.FAILED)


def clear(turn: Turn, routes: Tables, pool: ThreadPoolExecutor) -> None:
    """Do it all, or what is left of it. Raises Over, Retryable: somebody goes on."""
    fault, cloud = turn.fault, cloud_of(turn.fault.vim)
    marking = _begin_marking(turn, cloud)
    try:
        failed = _take_back(turn, routes, cloud, pool) if FOUND in fault.stages and not fault.cleared_at else ""
    finally:
        refused = _end_marking(turn, marking)
    close(turn, "; ".join(filter(None, (refused, failed))))


def _begin_marking(turn: Turn, cloud: FaultyCloud | str) -> Marking | None:
    if isinstance(cloud, str) or not turn.fault.marked_down:
        return None
    return Marking(turn, cloud, down=False, tried_before=True)


def _end_marking(turn: Turn, marking: Marking | None) -> str:
    """Why it failed, or empty; then the next clearing tries it again."""
    if marking is None:
        return ""
    marking.finish()
    turn.write(marked_down=bool(marking.failed))
    return f"the cloud still holds the host for down: {marking.failed}" if marking.failed else ""


def _take_back(turn: Turn, routes: Tables, cloud: FaultyCloud | str, pool: ThreadPoolExecutor) -> str:
    """Why some of it could not be, or empty."""
    fault = turn.fault
    _tell(turn, routes, [facts.host_up(fault, clock.now())])
    with reachable():
        rows = [row for row in fault.instances.all() if row.is_faulted]
    if not isinstance(cloud, str):
        ours = [row for row in rows if row.tries and row.outcome in UNSETTLED]
        Calls(turn, pool, lambda _batch: None).make(ours, cloud.take_back)
    states = {row.instance_id: state for row in rows if (state := _state_now(row))}
    with reachable():
        events = facts.taken_back(fault, states, rows, clock.now())
    _tell(turn, routes, events)
    facts.keep(fault.vim.full_id, events)
    failed = sum(row.outcome == Outcome.FAILED for row in rows)
    return f"{failed} of {len(rows)} instances could not be taken back" if failed else ""


def _tell(turn: Turn, routes: Tables, events: Sequence[Event]) -> None:
    if events:
        Telling(turn, Ears(routes), cut(events)).finish()
        Telling(turn, Subscribers(routes), cut(events)).finish()


def _state_now(row: FaultedInstance) -> str:
    """What is to be told of an instance that we told to be in error; empty: nothing, it is still, or is gone."""
    if row.outcome == Outcome.RESTORED:
        return ACTIVE
    if (row.tries and row.outcome in UNSETTLED) or row.reason == GONE:
        return ""
    if row.reason.startswith(IS_NOW):
        return row.reason.removeprefix(IS_NOW)
    return row.old_state  # the cloud was never told
