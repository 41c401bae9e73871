"""What a look at a cloud tells, compared with what was known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.differences import (
    Change,
    Knowledge,
    events_of,
    first_look,
    host_changes,
    instance_changes,
)
from fed_common.core.instances import HostState, Instance, Sweep
from fed_common.core.kinds import Origin, Phase
from fed_common.core.model import Event
from tests.clouds import BEGAN, host, instance, look

VIM = "vc_DC0"
STATES = (
    "active", "building", "paused", "suspended", "stopped", "rescued", "resized", "soft-delete", "error",
    "shelved", "shelved_offloaded",
)  # fmt: skip
TASKS = (
    "",
    "pausing",
    "powering-off",
    "rebuilding",
    "reboot_started",
    "resize_finish",
    "migrating",
    "deleting",
    "x",
)


def learn(known: Knowledge, changes: list[Change]) -> None:
    known.instances.update({one.id: one.now for one in changes})


def told(known: Knowledge, sweep: Sweep) -> list[Event]:
    """The events of a look; afterwards it is known what it showed."""
    changes = list(instance_changes(VIM, known.instances, sweep))
    learn(known, changes)
    return events_of(changes, [])


def words(events: list[Event]) -> list[str]:
    return [f"{one.kind} {one.phase}" for one in events]


def between(old: Instance, new: Instance) -> list[str]:
    return words(told(first_look(look(old)), look(new, at=10)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (("active", ""), ("paused", ""), ["PAUSE end"]),
        (("active", "pausing"), ("paused", ""), ["PAUSE end"]),
        (("paused", ""), ("active", ""), ["UNPAUSE end"]),
        (("active", ""), ("stopped", ""), ["POWER_OFF end"]),
        (("stopped", ""), ("active", ""), ["POWER_ON end"]),
        (("active", ""), ("suspended", ""), ["SUSPEND end"]),
        (("suspended", ""), ("active", ""), ["RESUME end"]),
        (("suspended", ""), ("stopped", ""), ["POWER_OFF end"]),
        (("active", ""), ("rescued", ""), ["RESCUE end"]),
        (("rescued", ""), ("active", ""), ["UNRESCUE end"]),
        (("active", ""), ("soft-delete", ""), ["SOFT_DELETE end"]),
        (("soft-delete", ""), ("active", ""), ["RESTORE end"]),
        (("active", ""), ("shelved_offloaded", ""), ["SHELVE end"]),
        (("shelved", ""), ("shelved_offloaded", ""), ["SHELVE end"]),
        (("shelved_offloaded", "spawning"), ("active", ""), ["UNSHELVE end"]),
        (("active", ""), ("resized", ""), ["RESIZE end"]),
        (("resized", ""), ("active", ""), ["RESIZE end"]),
        (("building", "spawning"), ("active", ""), ["CREATE end"]),
        (("building", "spawning"), ("error", ""), ["CREATE error", "ERROR moment"]),
        (("paused", ""), ("error", ""), ["ERROR moment"]),
        (("error", ""), ("active", ""), ["UPDATE moment"]),
        (("active", ""), ("active", "powering-off"), ["POWER_OFF start"]),
        (("active", ""), ("active", "deleting"), ["DELETE start"]),
        (("active", ""), ("active", "soft-deleting"), ["SOFT_DELETE start"]),
        (("active", ""), ("active", "rebuilding"), ["REBUILD start"]),
        (("active", "rebuilding"), ("active", "rebuild_spawning"), []),
        (("active", "rebuild_spawning"), ("active", ""), ["REBUILD end"]),
        (("stopped", "rebuild_spawning"), ("active", "powering-off"), ["REBUILD end", "POWER_OFF start"]),
        (("error", "rebuilding"), ("active", ""), ["REBUILD end"]),
        (("active", "rebuilding"), ("stopped", ""), ["REBUILD end", "POWER_OFF end"]),
        (("active", "rebuilding"), ("error", ""), ["REBUILD error", "ERROR moment"]),
        (("error", "rebuilding"), ("error", ""), ["REBUILD error"]),
        (("active", "pausing"), ("error", ""), ["ERROR moment"]),
        (("active", "rebooting"), ("active", "reboot_started"), []),
        (("active", "reboot_started"), ("active", ""), ["REBOOT end"]),
        (("stopped", "rebooting_hard"), ("active", ""), ["REBOOT end"]),
        (("active", "image_snapshot"), ("active", ""), ["SNAPSHOT end"]),
        (("active", "shelving"), ("shelved", "shelving_offloading"), ["SHELVE end", "SHELVE start"]),
        (("active", "pausing"), ("active", ""), []),
        (("stopped", "powering-on"), ("active", "rebooting"), ["POWER_ON end", "REBOOT start"]),
        (("active", ""), ("active", "a task of next year"), []),
    ],
)
def test_a_change_of_state_or_task_is_told_as_the_cloud_would_push_it(
    old: tuple[str, str], new: tuple[str, str], expected: list[str]
) -> None:
    assert between(instance("vm", *old), instance("vm", *new)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"host": "h1"}, {"host": "h2"}, ["MIGRATE end"]),
        ({"host": "h1", "task": "migrating"}, {"host": "h2"}, ["LIVE_MIGRATE end"]),
        ({"host": "h1", "task": "migrating"}, {"host": "h1"}, ["LIVE_MIGRATE end"]),
        ({"host": "h1"}, {"host": "h2", "task": "rebuild_spawning"}, ["EVACUATE moment", "REBUILD start"]),
        ({"host": "h1", "task": "resize_migrating"}, {"host": "h2", "task": "resize_migrated"}, []),
        ({"host": ""}, {"host": "h2"}, []),
        ({"flavor": "tiny"}, {"flavor": "small"}, ["RESIZE end"]),
        ({"flavor": "tiny"}, {"flavor": ""}, []),
        ({"payload": {"vcpus": 1}}, {"payload": {"vcpus": 4}}, ["RESIZE end"]),
        ({"payload": {"memory_mb": 64}}, {"payload": {"memory_mb": 256}}, ["RESIZE end"]),
        ({"flavor": "tiny"}, {"flavor": "small", "state": "resized"}, ["RESIZE end"]),
        ({"flavor": "tiny"}, {"flavor": "small", "task": "resize_finish"}, ["RESIZE start"]),
        ({"task": "resize_finish", "launched_at": "a"}, {"launched_at": "b"}, ["RESIZE end"]),
        ({"image": "i1"}, {"image": "i2"}, ["REBUILD end"]),
        ({"image": "i1", "launched_at": "a"}, {"image": "i1", "launched_at": "b"}, ["REBUILD end"]),
        ({"image": "i1"}, {"image": "i2", "task": "rebuilding"}, ["REBUILD start"]),
        (
            {"image": "i1", "state": "shelved_offloaded", "task": "unshelving"},
            {"image": "snapshot", "state": "shelved_offloaded", "task": "spawning"},
            [],
        ),
        (
            {"image": "i1", "state": "shelved_offloaded"},
            {"image": "its snapshot", "state": "shelved_offloaded", "task": "spawning"},
            ["UNSHELVE start"],
        ),
        (
            {"image": "i1", "launched_at": "a"},
            {"image": "i1", "launched_at": "b", "host": "h2"},
            ["EVACUATE moment", "REBUILD end"],
        ),
        (
            {"image": "i1", "launched_at": "a", "flavor": "tiny"},
            {"image": "i1", "launched_at": "b", "flavor": "small"},
            ["RESIZE end"],
        ),
        ({"launched_at": "2026-11-21T09:00:00"}, {"launched_at": "2026-11-21T09:00:00.123456"}, []),
        ({"launched_at": "a"}, {"launched_at": "b"}, ["REBOOT end"]),
        ({"launched_at": "a", "state": "stopped"}, {"launched_at": "b"}, ["POWER_ON end"]),
        ({"name": "a"}, {"name": "b"}, ["UPDATE moment"]),
        ({"addresses": ()}, {"addresses": ("192.0.2.1",)}, []),
    ],
)
def test_other_traces_are_told_unless_an_operation_explains_them(
    old: dict[str, Any], new: dict[str, Any], expected: list[str]
) -> None:
    assert between(instance("vm", **old), instance("vm", **new)) == expected


@pytest.mark.parametrize(
    ("state", "task", "expected"),
    [
        ("active", "", ["CREATE end"]),
        ("building", "spawning", ["CREATE start"]),
        ("stopped", "", ["CREATE end"]),
        ("error", "", ["ERROR moment"]),
        ("active", "deleting", ["CREATE end", "DELETE start"]),
        ("unknown", "", []),
    ],
)
def test_an_instance_seen_for_the_first_time_was_created(state: str, task: str, expected: list[str]) -> None:
    assert words(told(first_look(look()), look(instance("vm", state, task), at=1))) == expected


def test_the_first_look_at_a_cloud_tells_nothing_and_knows_everything_living() -> None:
    known = first_look(
        look(instance("a"), instance("b", "unknown"), instance("c", "deleted"), gone=frozenset("d"))
    )
    assert set(known.instances) == {"a", "b"}
    assert told(known, look(instance("a"), instance("b", "active"), at=1)) == []


def test_what_vanished_from_a_complete_look_is_deleted_once() -> None:
    known = first_look(look(instance("a"), instance("b")))
    (event,) = told(known, look(instance("b"), at=5))
    assert (event.type, event.state, event.old_state) == ("compute.instance.delete.end", "deleted", "active")
    assert event.payload["state"] == "deleted"
    assert event.occurred_at == BEGAN + timedelta(seconds=5)
    assert told(known, look(instance("b"), at=6)) == []
    assert known.instances["a"].instance.state == "deleted"


def test_an_instance_that_comes_back_is_created_again_and_its_second_end_is_another_fact() -> None:
    known = first_look(look(instance("a")))
    first = told(known, look(at=1))
    assert words(told(known, look(instance("a"), at=2))) == ["CREATE end"]
    second = told(known, look(at=3))
    assert words(second) == words(first)
    assert second[0].id != first[0].id


def test_an_incomplete_look_deletes_only_what_the_cloud_names() -> None:
    known = first_look(look(instance("a"), instance("b")))
    assert told(known, look(at=1, complete=False)) == []
    assert words(told(known, look(at=2, complete=False, gone=frozenset("a")))) == ["DELETE end"]
    assert told(known, look(at=3, complete=False, gone=frozenset({"never heard of"}))) == []


def test_an_instance_the_cloud_lost_sight_of_stays_as_it_was_known() -> None:
    known = first_look(look(instance("a", "paused")))
    assert told(known, look(instance("a", "unknown"), at=1)) == []
    assert known.instances["a"].instance.state == "paused"
    assert words(told(known, look(instance("a"), at=2))) == ["UNPAUSE end"]


def test_two_pollers_give_the_same_difference_the_same_id_and_a_repetition_another() -> None:
    known = first_look(look(instance("a")))
    again = Knowledge(dict(known.instances))
    (mine,) = told(known, look(instance("a", "paused"), at=1))
    (theirs,) = told(again, look(instance("a", "paused"), at=9))
    assert mine.id == theirs.id
    told(known, look(instance("a"), at=2))
    (repeated,) = told(known, look(instance("a", "paused"), at=3))
    assert repeated.id != mine.id


def test_a_change_happened_when_the_cloud_says_if_that_can_be() -> None:
    known = first_look(look(instance("a")))
    paused = instance("a", "paused")
    for said, expected in ((4, 4), (-9, 10), (99, 10), (None, 10)):
        moment = None if said is None else BEGAN + timedelta(seconds=said)
        (change,) = instance_changes(VIM, known.instances, look(replace(paused, changed_at=moment), at=10))
        assert change.events[0].occurred_at == change.now.changed_at == BEGAN + timedelta(seconds=expected)


def test_the_time_of_the_state_stays_while_only_other_things_change() -> None:
    known = first_look(look(instance("a")))
    told(known, look(instance("a", "paused"), at=1))
    told(known, look(instance("a", "paused", name="another"), at=2))
    assert known.instances["a"].changed_at == BEGAN + timedelta(seconds=1)


def test_the_payload_has_every_key_of_the_specs_sample() -> None:
    import json

    from tests.captures import NOVA

    sample = json.loads((NOVA / "spec_sample.json").read_text())
    known = first_look(look(instance("a")))
    (event,) = told(known, look(instance("a", "paused", payload={"vcpus": 2, "metadata": {"k": "v"}}), at=1))
    assert sample.keys() <= event.payload.keys()
    assert event.payload["vcpus"] == 2
    assert event.payload["instance_id"] == "a"
    assert event.origin is Origin.POLL
    assert event.wire == ""


def test_a_hosts_changes_are_told_and_its_reason_alone_is_not() -> None:
    first = look(hosts=(host("h1"), host("h2"), host("h3")))
    known = first_look(first).hosts
    later = look(
        at=1,
        hosts=(host("h1", HostState.DOWN), host("h2", reason="so"), host("h4", HostState.DISABLED, reason="work")),
    )
    changes = {one.name: one for one in host_changes(VIM, known, later)}
    assert {name: words(list(one.events)) for name, one in changes.items()} == {
        "h1": ["HOST_DOWN moment"],
        "h2": [],
        "h4": ["HOST_DISABLED moment"],
        "h3": ["HOST_DISABLED moment"],
    }
    assert changes["h3"].now is None
    down = changes["h1"].events[0]
    assert (down.host, down.state, down.old_state, down.instance_id) == ("h1", "down", "up", "")
    assert changes["h4"].events[0].state_description == "work"


def test_hosts_that_were_not_looked_at_tell_nothing() -> None:
    assert list(host_changes(VIM, first_look(look(hosts=(host(),))).hosts, look(at=1))) == []


some_instances = st.builds(
    instance,
    id=st.sampled_from("abcd"),
    state=st.sampled_from((*STATES, "unknown")),
    task=st.sampled_from(TASKS),
    host=st.sampled_from(("", "h1", "h2")),
    flavor=st.sampled_from(("", "tiny", "small")),
    image=st.sampled_from(("", "i1", "i2")),
    launched_at=st.sampled_from(("", "t1", "t2")),
    name=st.sampled_from(("n1", "n2")),
)
some_clouds = st.lists(some_instances, unique_by=lambda one: one.id)
some_looks = st.lists(
    st.tuples(
        some_clouds,
        st.booleans(),
        st.frozensets(st.sampled_from("abcd")),
    ),
    min_size=1,
    max_size=8,
)


@given(some_looks)
def test_the_told_events_lead_from_what_was_known_to_what_is_there(looks: Any) -> None:
    """Whatever the looks show: following the events gives every known state, and no fact is told twice."""
    known = first_look(look(*looks[0][0]))
    followed = {id: one.instance.state for id, one in known.instances.items()}
    ids: list[str] = []
    for number, (instances, complete, gone) in enumerate(looks[1:], start=1):
        before = {id: one.instance.state for id, one in known.instances.items()}
        sweep = look(*instances, at=number, complete=complete, gone=gone)
        for event in told(known, sweep):
            assert event.old_state in ("", followed.get(event.instance_id, ""))
            followed[event.instance_id] = event.state
            ids.append(event.id)
        now = {id: one.instance.state for id, one in known.instances.items()}
        seen_again = {id for id, state in before.items() if state == "unknown" != now[id] and now[id] != "deleted"}
        assert {id: state for id, state in now.items() if id not in seen_again} == {
            id: state for id, state in followed.items() if id not in seen_again
        }
        followed |= {id: now[id] for id in seen_again}
        assert told(known, sweep) == []
    assert len(ids) == len(set(ids))


@given(
    st.lists(some_instances, unique_by=lambda one: one.id), st.lists(some_instances, unique_by=lambda one: one.id)
)
def test_nothing_is_deleted_by_an_incomplete_look_nor_told_of_the_unknown(
    before: list[Instance], after: list[Instance]
) -> None:
    known = first_look(look(*before))
    events = told(known, look(*after, at=1, complete=False))
    assert all(event.state not in ("deleted", "unknown") for event in events)


@given(some_instances, some_instances)
def test_a_change_of_state_is_never_silent(old: Instance, new: Instance) -> None:
    new = replace(new, id=old.id)
    events = told(first_look(look(old)), look(new, at=1))
    silent = "unknown" in (old.state, new.state) or old.state == new.state
    assert silent or any(event.phase in (Phase.END, Phase.MOMENT) for event in events)
