"""A real Nova's life of some servers, looked at after every step: polling tells what Nova pushed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import pytest

from fed_common.core import operations
from fed_common.core.differences import instance_changes
from fed_common.core.instances import Instance, Sweep
from fed_common.core.kinds import Kind, Phase
from fed_common.core.model import Event
from fed_common.core.operations import Step
from multicloud_vio.kinds import Meaning, meaning
from tests.captures import load_versioned
from tests.clouds import BEGAN
from tests.nova_expected import read

NO_TRACE = {
    *(Kind.SHUT_DOWN, Kind.VOLUME_ATTACH, Kind.VOLUME_DETACH, Kind.INTERFACE_ATTACH, Kind.INTERFACE_DETACH),
    *(Kind.CRASH_DUMP, Kind.OTHER),
}
DIFFERENT = {
    "086a51b3": ({"UNPAUSE"}, "the state was set by an administrator: nothing was unpaused"),
    "30a10402": ({"MIGRATE"}, "Nova writes an evacuated server's new host a moment after the rebuild ended"),
    "7f820666": ({"MIGRATE"}, "the same"),
    "4473b5fe": ({"DELETE"}, "only the legacy format tells that a server without a host was deleted"),
    "74299aa6": ({"DELETE"}, "the same"),
}


@cache
def recorded() -> dict[str, list[Event]]:
    """The events of each server, as they happened."""
    by_server: dict[str, list[Event]] = {}
    for one in load_versioned():
        event = read(one)
        if isinstance(event, Event) and event.instance_id:
            by_server.setdefault(event.instance_id, []).append(event)
    return {id: sorted(events, key=lambda one: one.occurred_at) for id, events in by_server.items()}


def polled(events: list[Event]) -> Iterator[Event]:
    """What looks right after each of the server's updates tell."""
    known = {}
    for number, event in enumerate(one for one in events if one.type == "compute.instance.update"):
        shown = Instance(
            event.instance_id,
            event.instance_name,
            event.state,
            event.state_description,
            host=event.host,
            launched_at=event.launched_at,
            flavor=event.traits.get("flavor", ""),
            image=event.traits.get("image", ""),
        )
        sweep = Sweep((shown,), BEGAN + timedelta(seconds=number), complete=False)
        for change in instance_changes(event.vim_id, known, sweep):
            known[change.id] = change.now
            yield from change.events


def ended(events: list[Event]) -> set[str]:
    return {one.kind for one in events if one.phase is Phase.END} - NO_TRACE


@pytest.mark.parametrize("server", sorted(recorded()))
def test_looks_tell_the_operations_that_nova_told(server: str) -> None:
    pushed = recorded()[server]
    told = list(polled(pushed))
    differs, _why = DIFFERENT.get(server[:8], (set(), ""))
    assert ended(told) ^ ended(pushed) == differs


@pytest.mark.parametrize("server", sorted(recorded()))
def test_an_operation_is_told_as_often_as_it_was_done(server: str) -> None:
    """But for those that Nova tells in several steps, of which each look sees some."""
    steps = {Kind.RESIZE, Kind.SHELVE, Kind.LIVE_MIGRATE}
    pushed = recorded()[server]
    counts = [
        Counter(one.kind for one in events if one.phase is Phase.END and one.kind not in NO_TRACE | steps)
        for events in (list(polled(pushed)), pushed)
    ]
    differs, _why = DIFFERENT.get(server[:8], (set(), ""))
    assert {kind for kind in counts[0] | counts[1] if counts[0][kind] != counts[1][kind]} == differs


@pytest.mark.parametrize(
    "step",
    [one for one in vars(operations).values() if isinstance(one, Step) and one != operations.MIGRATE],
    ids=str,
)
def test_a_polled_type_means_what_the_pushed_one_of_that_name_means(step: Step) -> None:
    """``MIGRATE`` alone is no operation of Nova's: it is a move whose reason no look saw."""
    suffix = "" if step in (operations.UPDATE, operations.FAILED, operations.EVACUATE) else ".end"
    known = meaning(f"compute.instance.{step.name}{suffix}")
    assert isinstance(known, Meaning)
    assert known.kind == (Kind.UPDATE if step == operations.FAILED else step.kind)
    assert known.type == f"compute.instance.{step.name}{suffix}"
