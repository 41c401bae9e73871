from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.instances import Instance, Sweep
from multicloud_generic.vsphere import mapping
from multicloud_generic.vsphere.fleet import Fleet

NOW = datetime(2026, 3, 7, tzinfo=UTC)
HOSTS = ("HostSystem:host-1", "HostSystem:host-2")
NAMES = tuple(f"VirtualMachine:vm-{number}" for number in range(4))
Objects = dict[str, dict[str, Any]]


def vm(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "runtime.powerState": "poweredOn",
        "runtime.connectionState": "connected",
        "runtime.host": HOSTS[0],
        "config.instanceUuid": f"uuid-of-{name}",
        **{path.replace("__", "."): value for path, value in changes.items()},
    }


def host(name: str, connection: str = "connected") -> dict[str, Any]:
    return {"name": name, "runtime.connectionState": connection, "runtime.powerState": "poweredOn"}


def fleet(*names: str) -> Fleet:
    started = Fleet({})
    told = {**{name: vm(name) for name in names}, **{name: host(name) for name in HOSTS}}
    started.news(started.take(told, ()), NOW)
    return started


def news(known: Fleet, changed: Objects, left: tuple[str, ...] = ()) -> Sweep | None:
    return known.news(known.take(changed, left), NOW)


def test_only_what_changed_is_news() -> None:
    known = fleet(*NAMES)
    told = news(known, {NAMES[1]: {"runtime.powerState": "poweredOff"}})
    assert told is not None
    assert [(one.name, one.state) for one in told.instances] == [(NAMES[1], "stopped")]
    assert (told.complete, told.gone, told.hosts, told.taken_at) == (False, frozenset(), None, NOW)


def test_what_changes_nothing_we_tell_is_no_news() -> None:
    known = fleet(*NAMES)
    assert news(known, {NAMES[1]: {"runtime.powerState": "poweredOn", "config.changeVersion": "2"}}) is None


def test_what_is_unset_again_is_unknown_again() -> None:
    known = fleet(NAMES[0])
    news(known, {NAMES[0]: {"guest.ipAddress": "10.0.0.9"}})
    told = news(known, {NAMES[0]: {"guest.ipAddress": None}})
    assert told is not None
    assert told.instances[0].addresses == ()


def test_a_vm_that_left_is_gone() -> None:
    told = news(fleet(*NAMES), {}, (NAMES[2],))
    assert told is not None
    assert (told.instances, told.gone) == ((), {f"uuid-of-{NAMES[2]}"})


def test_a_vm_that_became_a_template_is_gone() -> None:
    told = news(fleet(*NAMES), {NAMES[0]: {"config.template": True}})
    assert told is not None
    assert told.gone == {f"uuid-of-{NAMES[0]}"}


def test_a_vm_that_was_registered_anew_is_not_gone() -> None:
    told = news(fleet(NAMES[0]), {NAMES[3]: vm(NAMES[0], runtime__powerState="poweredOff")}, (NAMES[0],))
    assert told is not None
    assert told.gone == frozenset()
    assert [(one.id, one.state) for one in told.instances] == [(f"uuid-of-{NAMES[0]}", "stopped")]


def test_a_vm_being_made_is_told_when_it_has_its_uuid() -> None:
    known = fleet()
    assert news(known, {NAMES[0]: {"name": "new"}}) is None
    told = news(known, {NAMES[0]: vm(NAMES[0])})
    assert told is not None
    assert [one.id for one in told.instances] == [f"uuid-of-{NAMES[0]}"]


def test_a_vm_whose_configuration_is_out_of_reach_is_not_gone() -> None:
    lost = {"config.instanceUuid": None, "runtime.connectionState": "inaccessible"}
    told = news(fleet(NAMES[0]), {NAMES[0]: lost})
    assert told is not None
    assert told.gone == frozenset()
    assert [one.state for one in told.instances] == ["unknown"]


def test_a_host_that_changed_is_told_with_all_others_and_its_vms_only_when_they_change() -> None:
    known = fleet(*NAMES)
    told = news(known, {HOSTS[1]: {"runtime.connectionState": "notResponding"}})
    assert told is not None
    assert [one.name for one in told.hosts or ()] == list(HOSTS)
    assert told.instances == ()
    renamed = news(known, {HOSTS[0]: {"name": "esx"}})
    assert renamed is not None
    assert {one.host for one in renamed.instances} == {"esx"}
    assert len(renamed.instances) == len(NAMES)


def test_a_reconfigured_vm_is_read_again_and_corrected() -> None:
    known = fleet(*NAMES)
    assert known.stale() == set()
    touched = known.take({NAMES[1]: {"config.changeVersion": "2"}}, ())
    assert known.stale() == {NAMES[1]}
    assert known.stale() == set()
    known.correct({NAMES[1]: vm("bigger"), "VirtualMachine:vm-99": vm("gone meanwhile")})
    told = known.news(touched, NOW)
    assert told is not None
    assert [one.name for one in told.instances] == ["bigger"]


SOME = st.fixed_dictionaries(
    {},
    optional={
        "runtime.powerState": st.sampled_from(["poweredOn", "poweredOff", "suspended"]),
        "runtime.connectionState": st.sampled_from(["connected", "disconnected"]),
        "runtime.host": st.sampled_from(HOSTS),
        "config.template": st.booleans(),
        "config.hardware.memoryMB": st.none() | st.integers(1, 3),
        "config.hardware.numCPU": st.just(1),
    },
)
UPDATE = st.tuples(
    st.dictionaries(st.sampled_from(NAMES), SOME),
    st.sets(st.sampled_from(NAMES)),
    st.none() | st.sampled_from(["connected", "notResponding"]),
)


@given(st.lists(UPDATE, max_size=12))
def test_all_news_together_are_the_whole_truth(updates: list[Any]) -> None:
    """Model: whoever applies every Sweep to a dict has what a full look at the end shows."""
    known = fleet(*NAMES)
    truth: Objects = {**{name: vm(name) for name in NAMES}, **{name: host(name) for name in HOSTS}}
    told: dict[str, Instance] = {one.id: one for one in known.instances}
    hosts = known.hosts
    for changes, left, connection in updates:
        changed: Objects = {
            name: {**({} if name in truth else vm(name)), **properties}
            for name, properties in changes.items()
            if name not in left
        }
        if connection is not None:
            changed[HOSTS[0]] = {"runtime.connectionState": connection}
        for name, properties in changed.items():
            merged = {**truth.get(name, {}), **properties}
            truth[name] = {path: value for path, value in merged.items() if value is not None}
        for name in left:
            truth.pop(name, None)
        sweep = news(known, changed, tuple(left))
        if sweep is not None:
            told.update({one.id: one for one in sweep.instances})
            told = {key: one for key, one in told.items() if key not in sweep.gone}
            hosts = hosts if sweep.hosts is None else sweep.hosts
    assert told == {one.id: one for one in mapping.instances(truth, {})}
    assert hosts == mapping.hosts(truth)
