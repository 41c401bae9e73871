"""The events that tell of a host fault. Their ids are made of the fault's: who tells again tells the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid5

from fed_common.core import instances as core
from fed_common.core.instances import HostState
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.core.model import Event
from fed_common.core.polled import instance_payload
from fed_common.faults.models import FaultedInstance, HostFault
from fed_common.inventory.known import known_of, write_heard
from fed_common.inventory.models import Instance
from fed_common.inventory.state_history import step_of

HOST_DOWN, HOST_UP, UPDATE = "compute.host.down", "compute.host.up", "compute.instance.update"
ERROR = "error"


def host_down(fault: HostFault, at: datetime) -> Event:
    """The host failed."""
    return _host(fault, HOST_DOWN, Kind.HOST_DOWN, HostState.DOWN, HostState.UP, at)


def host_up(fault: HostFault, at: datetime) -> Event:
    """The host is back."""
    return _host(fault, HOST_UP, Kind.HOST_UP, HostState.UP, HostState.DOWN, at)


def in_error(fault: HostFault, rows: Sequence[FaultedInstance], at: datetime) -> list[Event]:
    """One event for each: it is in error."""
    known, update = _known(fault, rows), _Update(fault, at)
    return [update.of(known[row.instance_id], ERROR, row.old_state, Kind.ERROR, row.instance_id) for row in rows]


def taken_back(
    fault: HostFault, states: Mapping[str, str], rows: Sequence[FaultedInstance], at: datetime
) -> list[Event]:
    """One event for each: it is in error no more; ``states``: in what it is now, by id."""
    known, update = _known(fault, rows), _Update(fault, at)
    return [
        update.of(known[id], states[id], ERROR, Kind.UPDATE, f"{id}/clear")
        for row in rows
        if (id := row.instance_id) in states
    ]


def told_ids(fault: HostFault, rows: Iterable[FaultedInstance]) -> list[str]:
    """The ids of the events that say that the host failed."""
    return [_id(fault, HOST_DOWN), *(_id(fault, row.instance_id) for row in rows if row.is_faulted)]


def keep(vim_id: str, events: Sequence[Event]) -> None:
    """Let the inventory say so too: the cloud's own word of it may go no further. Raises Retryable."""
    write_heard(vim_id, events, {event.instance_id: [step_of(event)] for event in events})


def _id(fault: HostFault, what: str) -> str:
    return str(uuid5(fault.id, what))


def _known(fault: HostFault, rows: Sequence[FaultedInstance]) -> dict[str, core.Instance]:
    """What the inventory says of each; of one that it knows no more, what was kept with the fault."""
    ids = [row.instance_id for row in rows]
    found = Instance.objects.filter(vim=fault.vim_id, instance_id__in=ids).order_by()
    known = {one.instance_id: known_of(one).instance for one in found}
    for row in rows:
        if row.instance_id not in known:
            known[row.instance_id] = core.Instance(
                row.instance_id, row.name, row.old_state, host=fault.host, tenant_id=row.tenant_id
            )
    return known


class _Update:
    """Makes the events of a fault's instances; what they share is made once."""

    def __init__(self, fault: HostFault, at: datetime) -> None:
        self._fault, self._at, self._vim_id = fault, at, fault.vim.full_id
        self._traits = _traits(fault)

    def of(self, known: core.Instance, state: str, old_state: str, kind: Kind, named: str) -> Event:
        """The instance went from one state to another."""
        now = replace(known, state=state, state_description="", host=self._fault.host)
        payload = {**instance_payload(now), "old_state": old_state, "old_task_state": known.state_description}
        return Event(
            id=_id(self._fault, named),
            type=UPDATE,
            vim_id=self._vim_id,
            instance_id=now.id,
            kind=kind,
            phase=Phase.MOMENT,
            state=state,
            occurred_at=self._at,
            received_at=self._at,
            old_state=old_state,
            old_state_description=known.state_description,
            launched_at=now.launched_at,
            instance_name=now.name,
            host=now.host,
            tenant_id=now.tenant_id,
            origin=Origin.HOUSE,
            traits={**known.traits, **self._traits},
            payload=payload,
        )


def _host(fault: HostFault, type: str, kind: Kind, state: HostState, before: HostState, at: datetime) -> Event:
    return Event(
        id=_id(fault, type),
        type=type,
        vim_id=fault.vim.full_id,
        instance_id="",
        kind=kind,
        phase=Phase.MOMENT,
        state=state.value,
        occurred_at=at,
        received_at=at,
        old_state=before.value,
        state_description=fault.cause,
        host=fault.host,
        origin=Origin.HOUSE,
        traits=_traits(fault),
        payload={"host": fault.host, "state": state.value, "old_state": before.value, **fault.details},
    )


def _traits(fault: HostFault) -> dict[str, Any]:
    said = {"cause": fault.cause, "source": fault.source, "severity": fault.severity}
    named = {name: value for name, value in said.items() if value}
    return {"fault_id": str(fault.pk), **named, "fenced": fault.fenced}
