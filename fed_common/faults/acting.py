"""What is done at once for a host that failed: it is told, it is marked, its instances are set to error."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from fed_common.core.kinds import Kind
from fed_common.core.model import Event
from fed_common.events.polling.told import remember_house
from fed_common.events.routes import Tables
from fed_common.faults import facts
from fed_common.faults.alarming import Alarming
from fed_common.faults.calls import Calls, keep
from fed_common.faults.cloud import FaultyCloud, cloud_of
from fed_common.faults.marking import Marking
from fed_common.faults.models import FaultedInstance, HostFault
from fed_common.faults.telling import Subscribers, Telling, cut
from fed_common.faults.turn import Turn

Outcome, State = FaultedInstance.Outcome, HostFault.State
ERROR_SET, MARKED = "T03", "T04"
MARK_FIRST = 1.0
"""Seconds that the host is ahead of its instances: else its few calls would wait behind theirs in the cloud."""


def act(turn: Turn, routes: Tables, pool: ThreadPoolExecutor) -> None:
    """Do it all, or what is left of it. Raises Over, Retryable: somebody goes on."""
    alarms, marking = Alarming(turn, routes), None
    try:
        alarms.begin()
        cloud = cloud_of(turn.fault.vim)
        marking = _begin_marking(turn, cloud)
        alarms.finish()
        others = Telling(turn, Subscribers(routes), cut(alarms.events))
        try:
            if marking:
                marking.finish(within=MARK_FIRST)
            _set_error(turn, cloud, [row for row in alarms.rows if row.outcome == Outcome.WAITING], pool)
            _keep(turn, alarms.events, alarms.rows)
        except BaseException:
            others.stop()
            raise
    finally:
        alarms.stop()
        failed = _end_marking(turn, marking)
    others.finish()
    _end(turn, alarms.rows, failed or (cloud if isinstance(cloud, str) else ""), partial=bool(failed))


def _begin_marking(turn: Turn, cloud: FaultyCloud | str) -> Marking | None:
    if isinstance(cloud, str) or MARKED in turn.fault.stages:
        return None
    return Marking(turn, cloud, down=True, tried_before=turn.fault.marked_down)


def _end_marking(turn: Turn, marking: Marking | None) -> str:
    """Why it failed, or empty."""
    if marking is None:
        return ""
    marking.finish()
    if not marking.failed and not marking.refused:
        turn.note(MARKED, marking.at)
    turn.write(marked_down=marking.is_ours)
    return marking.failed


def _set_error(
    turn: Turn, cloud: FaultyCloud | str, rows: Sequence[FaultedInstance], pool: ThreadPoolExecutor
) -> None:
    """Only now that the alarms are out: they wait for no cloud."""
    if isinstance(cloud, str):
        for row in rows:
            row.outcome, row.reason = Outcome.LEFT, cloud
        keep(rows)
        return

    def told(batch: Sequence[FaultedInstance]) -> None:
        ids = [row.instance_id for row in batch]
        within = settings.FAULT_CALL_TIMEOUT
        remember_house(turn.fault.vim.full_id, ids, Kind.ERROR, facts.UPDATE, within=within)

    Calls(turn, pool, told).make(rows, cloud.set_error)
    if any(row.outcome == Outcome.RESET for row in rows):
        turn.note(ERROR_SET)


def _keep(turn: Turn, events: Sequence[Event], rows: Sequence[FaultedInstance]) -> None:
    """What the cloud was told, the inventory says."""
    done = {row.instance_id for row in rows if row.outcome == Outcome.RESET}
    facts.keep(turn.fault.vim.full_id, [event for event in events if event.instance_id in done])


def _end(turn: Turn, rows: Sequence[FaultedInstance], reason: str, *, partial: bool) -> None:
    failed = sum(row.outcome == Outcome.FAILED for row in rows)
    if failed:
        said = f"{failed} of {len(rows)} instances could not be set to error"
        reason = f"{reason}; {said}" if reason else said
    state = State.PARTIAL if partial or failed else State.DONE
    turn.end(state, told=True, reason=reason, owner="", expires_at=None)
