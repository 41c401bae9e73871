"""What was known of a cloud and what a look at it shows, compared: the polling spring's facts. Pure.

A fact's id is made of what was known before and when that became known, not of the time of the look:
two pollers that start from the same knowledge give the same fact the same id, and a real repetition,
which starts from newer knowledge, another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from fed_common.core.instances import Host, HostState, Instance, Sweep
from fed_common.core.model import Event
from fed_common.core.operations import Told, facts_between, facts_of_new
from fed_common.core.polled import deleted_event, host_event, instance_event

DELETED, UNKNOWN = "deleted", "unknown"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an instance.

    ``since``       when the gateway came to know it, by the clock of who told.
    ``changed_at``  when its state last changed.
    """

    instance: Instance
    since: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class KnownHost:
    """What is known of a host, and since when."""

    host: Host
    since: datetime


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of a cloud: instances by id, hosts by name. The holder keeps the mappings fresh."""

    instances: dict[str, Known] = field(default_factory=dict)
    hosts: dict[str, KnownHost] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One instance that is not as it was known since then: what is known now, and the facts that tell it."""

    id: str
    now: Known
    events: tuple[Event, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostChange:
    """One host that is not as it was known; ``now`` is ``None`` when it is gone."""

    name: str
    now: KnownHost | None
    events: tuple[Event, ...] = ()


def first_look(sweep: Sweep) -> Knowledge:
    """What the first look at a cloud makes known. It tells nothing."""
    living = (one for one in sweep.instances if one.state != DELETED and one.id not in sweep.gone)
    return Knowledge(
        {one.id: Known(one, sweep.taken_at, _moment(one, sweep)) for one in living},
        {one.name: KnownHost(one, sweep.taken_at) for one in sweep.hosts or ()},
    )


def instance_changes(vim_id: str, known: Mapping[str, Known], sweep: Sweep) -> Iterator[Change]:
    """Every instance the look shows otherwise than it is known."""
    gone = set(sweep.gone)
    for new in sweep.instances:
        if new.state == DELETED:
            gone.add(new.id)
        elif new.id not in gone:
            old = known.get(new.id)
            if old is None or old.instance != new:
                yield from _change(vim_id, old, new, sweep)
    if sweep.complete:
        gone |= known.keys() - {one.id for one in sweep.instances}
    for id in sorted(gone & known.keys()):
        old = known[id]
        if old.instance.state != DELETED:
            yield _deletion(vim_id, id, old, sweep)


def host_changes(vim_id: str, known: Mapping[str, KnownHost], sweep: Sweep) -> Iterator[HostChange]:
    """Every host the look shows otherwise than it is known."""
    if sweep.hosts is None:
        return
    for new in sweep.hosts:
        old = known.get(new.name)
        if old is None or old.host != new:
            before, since = (old.host.state, old.since) if old else (None, None)
            events = () if before == new.state else (host_event(vim_id, before, new, since, sweep.taken_at),)
            yield HostChange(new.name, KnownHost(new, sweep.taken_at), events)
    for name in sorted(known.keys() - {one.name for one in sweep.hosts}):
        yield HostChange(name, None, (_host_gone(vim_id, known[name], sweep),))


def _change(vim_id: str, old: Known | None, new: Instance, sweep: Sweep) -> Iterator[Change]:
    """At most one change. An instance the cloud has lost sight of stays as it was known, or unknown."""
    if new.state == UNKNOWN:
        return
    before = None if old is None or old.instance.state == DELETED else old.instance
    if before is None:
        facts = facts_of_new(new)
    else:
        facts = iter(()) if before.state == UNKNOWN else facts_between(before, new)
    since = old.since if old else None
    happened_at = _moment(new, sweep, after=since)
    events = tuple(_events(vim_id, facts, before, new, since, happened_at, sweep.taken_at))
    same_state = old is not None and before is not None and before.state == new.state
    changed_at = old.changed_at if old and same_state else happened_at
    yield Change(new.id, Known(new, sweep.taken_at, changed_at), events, since)


def _events(
    vim_id: str,
    facts: Iterator[Told],
    old: Instance | None,
    new: Instance,
    since: datetime | None,
    *times: datetime,
) -> Iterator[Event]:
    """In their order; the first one brings the change of state, the others find it done."""
    for told in facts:
        yield instance_event(vim_id, told, old, new, since, *times)
        old = replace(old, state=new.state) if old else None


def _deletion(vim_id: str, id: str, old: Known, sweep: Sweep) -> Change:
    last = replace(old.instance, state=DELETED, state_description="", power_state="")
    event = deleted_event(vim_id, old.instance, last, old.since, sweep.taken_at)
    return Change(id, Known(last, sweep.taken_at, sweep.taken_at), (event,), old.since)


def _host_gone(vim_id: str, old: KnownHost, sweep: Sweep) -> Event:
    """Taken away by an administrator: disabled, as when Nova tells that a compute service was deleted."""
    last = replace(old.host, state=HostState.DISABLED)
    return host_event(vim_id, old.host.state, last, old.since, sweep.taken_at, gone=True)


def _moment(one: Instance, sweep: Sweep, *, after: datetime | None = None) -> datetime:
    """When the change happened: as the cloud says, unless that cannot be; else the time of the look."""
    said = one.changed_at
    if said is None or said > sweep.taken_at or (after and said < after):
        return sweep.taken_at
    return said


def events_of(changes: Iterable[Change], hosts: Iterable[HostChange]) -> list[Event]:
    """All facts of some changes, in their order."""
    return [*chain.from_iterable(one.events for one in changes), *chain.from_iterable(one.events for one in hosts)]
