"""Whether anything went wrong: what the database says, beside what really happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import psycopg

from tests.soak.chaos import Disturbance
from tests.soak.world import World

INTERVAL = 1.0
TAKEN_OVER_WITHIN = 4.0
BESIDE = 1.0
_TARGETS = "select address, health, failure_seq from monitor_target where not removed"
_LOGGED = """select resource_id::text, count(*) from monitor_lifecycleevent
             where event_details = 'ActionLogOnly invoked' group by 1"""
_TWICE = """select target, failure_seq, kind, count(*) from monitor_operation
            where target is not null group by 1, 2, 3 having count(*) > 1"""
_STALE = """select o.id from monitor_operation o join monitor_vnf v on v.id = o.vnf_id
            where o.action_id is not null and o.action_id <> v.action_id"""

_UNFINISHED = "select count(*) from monitor_operation where state in ('waiting', 'running')"


@dataclass(frozen=True)
class Books:
    """What the database says at the end."""

    targets: Sequence[tuple[str, str, int]]
    logged: Mapping[str, int]
    twice: Sequence[Any]
    stale: Sequence[Any]
    unfinished: int

    @classmethod
    def read(cls, database_url: str) -> Books:
        """Now."""
        with psycopg.connect(database_url) as server:
            ask = lambda sql: server.execute(sql).fetchall()  # noqa: E731
            ((unfinished,),) = ask(_UNFINISHED)
            return cls(ask(_TARGETS), dict(ask(_LOGGED)), ask(_TWICE), ask(_STALE), unfinished)


def wrong_states(world: World, books: Books) -> list[str]:
    """Flapping addresses whose health is not what it is."""
    answering = world.guests.answering
    known = {address: health for address, health, _ in books.targets}
    mine = [address for addresses in world.flapping.values() for address in addresses]
    return [one for one in mine if known.get(one) != ("UP" if one in answering else "DOWN")]


def cuts(world: World, address: str) -> int:
    """How often it ceased to answer."""
    return sum(not answering for _, answering in world.history[address])


def violations(world: World, books: Books, heard: Mapping[str, Any], done: Sequence[Disturbance]) -> list[str]:
    """Everything that must not be; empty when all is well."""
    found = [f"health is not what it is: {one}" for one in wrong_states(world, books)]
    found += [f"two actions for one failure: {one}" for one in books.twice]
    found += [f"an action of a stale id: {one}" for one in books.stale]
    for address, _, failures in books.targets:
        if address in world.history and failures > cuts(world, address):
            found.append(f"{address} failed {failures} times, but was cut {cuts(world, address)} times")
    for vnf, addresses in world.flapping.items():
        most = sum(cuts(world, one) for one in addresses)
        if books.logged.get(vnf, 0) > most:
            found.append(f"{vnf} acted {books.logged[vnf]} times for {most} failures")
    made = [key for key, times in world.cloud.made.items() if times > 1]
    found += [f"made twice for one key: {key}" for key in made]
    booted = [one for one in world.cloud.instances.values() if one.key]
    if len(booted) != len(world.respawned):
        found.append(f"{len(booted)} instances of {len(world.respawned)} members")
    most = INTERVAL + TAKEN_OVER_WITHIN + BESIDE
    long = [one for one in heard["gaps"] if one[1] > most]
    found += [f"not watched for {gap:.1f} s until {_moment(end, done)}: {where}" for where, gap, end in long]
    return found


def _moment(end: float, done: Sequence[Disturbance]) -> str:
    """What was going on then."""
    during = [f"{end - one.began:.0f} s after {one.name}" for one in done if one.began <= end]
    return during[-1] if during else "before anything was done"


def table(heard: Mapping[str, Any], done: Sequence[Disturbance]) -> str:
    """Of each kind of disturbance how often, and the longest gaps between two echoes of an address during it."""
    lines = [
        "| disturbance | times | gaps over 1.3 s | p50 s | p99 s | longest s |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    times = Counter(one.name for one in done)
    for name in sorted(times):
        spans = [(one.began, one.ended) for one in done if one.name == name]
        gaps = sorted(gap for _, gap, end in heard["gaps"] if any(a <= end <= b + 2 for a, b in spans))
        p50, p99 = (quantiles(gaps, n=100)[place] for place in (49, 98)) if len(gaps) > 1 else (0.0, 0.0)
        longest = max(gaps, default=0.0)
        lines.append(f"| {name} | {times[name]} | {len(gaps)} | {p50:.2f} | {p99:.2f} | {longest:.2f} |")
    return "\n".join(lines)
