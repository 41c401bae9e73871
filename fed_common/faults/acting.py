"""What is done at once for a host that failed: it is told, it is marked, its instances are set to error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from fed_common.core import clock
from fed_common.core.kinds import Kind
from fed_common.core.model import Event
from fed_common.events.polling.told import remember_house
from fed_common.events.routes import Tables
from fed_common.faults import facts
from fed_common.faults.calls import Calls
from fed_common.faults.cloud import FaultyCloud, cloud_of
from fed_common.faults.finding import FOUND, affected
from fed_common.faults.marking import Marking
from fed_common.faults.models import FaultedInstance, HostFault
from fed_common.faults.telling import Ears, Subscribers, Telling, cut
from fed_common.faults.turn import Turn
from fed_common.topics.database import reachable, writing

Outcome, State = FaultedInstance.Outcome, HostFault.State
ERROR_SET, MARKED, NOTIFIED, TRANSFORMED, EVALUATED = "T03", "T04", "T05", "T06", "T07"
TIMEOUT = 10.0
AT_ONCE = 500
MARK_FIRST = 1.0
"""Seconds that the host is ahead of its instances: else its few calls would wait behind theirs in the cloud."""


def act(turn: Turn, routes: Tables, pool: ThreadPoolExecutor) -> None:
    """Do it all, or what is left of it. Raises Over, Retryable: somebody goes on."""
    fault = turn.fault
    cloud = cloud_of(fault.vim)
    rows = affected(fault)
    marking = _begin_marking(turn, cloud)
    try:
        events = _tell_alarms(turn, routes, rows)
        others = Telling(turn, Subscribers(routes), cut(events))
        try:
            if marking:
                marking.finish(within=MARK_FIRST)
            _set_error(turn, cloud, [row for row in rows if row.outcome == Outcome.WAITING], pool)
            _keep(turn, events, rows)
        except BaseException:
            others.stop()
            raise
    finally:
        failed = _end_marking(turn, marking)
    others.finish()
    _end(turn, rows, failed or (cloud if isinstance(cloud, str) else ""), partial=bool(failed))


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


def _events(fault: HostFault, rows: Sequence[FaultedInstance]) -> Iterator[Sequence[Event]]:
    """Made piece by piece: the first ones are told before the last ones are made."""
    at = clock.parse(fault.stages[FOUND]) or clock.now()
    yield [facts.host_down(fault, at)]
    for some in cut([row for row in rows if row.is_faulted]):
        with reachable():
            yield facts.in_error(fault, some, at)


def _tell_alarms(turn: Turn, routes: Tables, rows: Sequence[FaultedInstance]) -> list[Event]:
    """What was told."""
    told: list[Event] = []

    def noted() -> Iterator[Sequence[Event]]:
        for some in _events(turn.fault, rows):
            turn.note(TRANSFORMED)
            told.extend(some)
            yield some

    turn.note(NOTIFIED)
    Telling(turn, Ears(routes), noted()).finish()
    turn.note(EVALUATED)
    turn.write()
    return told


def _set_error(
    turn: Turn, cloud: FaultyCloud | str, rows: Sequence[FaultedInstance], pool: ThreadPoolExecutor
) -> None:
    """Only now that the alarms are out: they wait for no cloud."""
    if isinstance(cloud, str):
        for row in rows:
            row.outcome, row.reason = Outcome.LEFT, cloud
        with writing(TIMEOUT):
            FaultedInstance.objects.bulk_update(rows, ["outcome", "reason"], AT_ONCE)
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
