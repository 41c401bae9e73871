"""Inspectors as processes have them: woken, several at once, going on with what another left half way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.errors import CloudFailed
from fed_common.events.routes import Routes
from fed_common.faults import alarming, facts, services
from fed_common.faults.acting import act
from fed_common.faults.claiming import _claimed, claim
from fed_common.faults.finding import affected
from fed_common.faults.inspector import Inspector
from fed_common.faults.models import HostFault
from fed_common.faults.telling import FIRST
from fed_common.faults.turn import Over, Turn
from fed_common.faults.warming import Warming
from fed_common.interfaces.detector import HostReport
from tests.doubles.hosts import Cloud
from tests.faulted import VIM, outcomes
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
State = HostFault.State


@pytest.fixture
def inspectors(routes: Routes, settings: Any) -> Iterator[list[Inspector]]:
    settings.TRANSPORT_URL, settings.FAULT_THREADS = "fake://", 4
    made = [Inspector(routes), Inspector(routes)]
    for one in made:
        one.start()
    yield made
    for one in made:
        one.stop()


def down(host: str = "h1") -> HostFault:
    return services.report_host(VIM, host, source="test")


def state(fault: HostFault) -> str:
    return HostFault.objects.get(pk=fault.pk).state


def test_two_inspectors_act_on_each_fault_once(inspectors: Any, cloud: Cloud, boot: Any, heard: Any) -> None:
    boot(*["active"] * 10)
    boot(*["active"] * 10, host="h2", prefix="other")
    first, second = down("h1"), down("h2")
    until(lambda: {state(first), state(second)} == {State.DONE})
    assert cloud.count("mark", "down") == {"h1": 1, "h2": 1}
    assert set(cloud.count("reset", "error").values()) == {1}
    assert len(cloud.count("reset", "error")) == 20
    assert len({one.id for one in heard}) == len(heard) == 22
    assert cloud.most_at_once <= 8 + 2 + 2  # MCFED_FAULT_THREADS of each, who marks, who keeps signed in


def test_an_inspector_is_signed_in_before_the_first_host_fails(vim: Any, cloud: Cloud) -> None:
    warming = Warming()
    warming.start()
    until(lambda: cloud.count("probe")[VIM])
    warming.stop()


@pytest.mark.parametrize("step", [State.REPORTED, State.ACTING, State.CLEARING])
def test_of_two_that_saw_the_same_fault_one_has_it(vim: Any, step: str) -> None:
    down()
    HostFault.objects.update(state=step)
    first, second = HostFault.objects.get(), HostFault.objects.get()
    assert _claimed(first, "one")
    assert not _claimed(second, "two")
    assert HostFault.objects.get().owner == "one"


def test_all_alarms_are_out_before_the_first_instance_is_set(
    inspectors: Any, cloud: Cloud, boot: Any, heard: Any
) -> None:
    """N68: an alarm waits for no cloud."""
    boot(*["active"] * 40)
    heard_then: list[int] = []
    cloud.script = lambda verb, name: heard_then.append(len(heard)) if verb == "reset" else None
    fault = down()
    until(lambda: state(fault) == State.DONE)
    assert min(heard_then) == 41


def test_a_fault_that_is_cleared_half_way_is_taken_back(inspectors: Any, cloud: Cloud, boot: Any) -> None:
    boot(*["active"] * 30)
    begun = threading.Event()

    def script(verb: str, name: str) -> None:
        if verb == "reset" and name == "vm-29":
            begun.set()
            raise CloudFailed(VIM, "compute answered 500")

    cloud.script = script
    fault = down()
    assert begun.wait(60)
    services.clear_host(VIM, "h1")
    until(lambda: state(fault) == State.CLEARED)
    assert not cloud.down
    assert set(cloud.states.values()) == {"active"}


def test_what_an_inspector_left_half_way_another_goes_on_with(
    settings: Any, cloud: Cloud, boot: Any, heard: Any, routes: Any, inspect: Callable[[str], int]
) -> None:
    settings.FAULT_THREADS = 2  # so that there is a next batch to look before
    boot(*["active"] * 8)
    stopping = threading.Event()

    def script(verb: str, _name: str) -> None:
        if verb == "reset" and len(cloud.count("reset")) == 3:
            stopping.set()

    cloud.script = script
    fault = down()
    [taken] = claim("dying", 1)
    with ThreadPoolExecutor(1) as pool, pytest.raises(Over):
        act(Turn(taken, stopping), routes, pool)
    assert state(fault) == State.ACTING
    assert not inspect("another")  # its lease lasts
    HostFault.objects.update(expires_at=clock.now())
    assert inspect("another") == 1
    assert state(fault) == State.DONE
    assert set(outcomes(fault).values()) == {"reset"}
    ids = [one.id for one in heard]
    assert (len(set(ids)), len(ids)) == (9, 18)  # told again, by the same ids
    assert cloud.count("mark", "down") == {"h1": 1}


@pytest.mark.parametrize("asked", range(1, 6))
def test_an_inspector_that_dies_at_any_point_of_telling_leaves_nothing_out(
    monkeypatch: pytest.MonkeyPatch, cloud: Cloud, boot: Any, heard: Any, routes: Any, inspect: Any, asked: int
) -> None:
    """It dies when it finds instances, or makes events, for the n-th time."""
    monkeypatch.setattr("fed_common.faults.telling.NEXT", 20)
    ids = boot(*["active"] * 50)
    fault, times = down(), count(1)

    def dies(done: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **named: Any) -> Any:
            if next(times) == asked:
                raise Over
            return done(*args, **named)

        return instead

    turn = Turn(claim("dying", 1)[0], threading.Event())
    with monkeypatch.context() as patched, ThreadPoolExecutor(1) as pool:
        patched.setattr(alarming, "affected", dies(alarming.affected))
        patched.setattr(facts, "in_error", dies(facts.in_error))
        with pytest.raises(Over):
            act(turn, routes, pool)
    kept = set(outcomes(fault))
    assert {one.instance_id for one in heard} <= {"", *kept}  # what nobody kept, nobody could take back
    assert (state(fault), cloud.count("reset")) == (State.ACTING, Counter())
    HostFault.objects.update(expires_at=clock.now())
    assert inspect("another") == 1
    assert cloud.count("reset", "error") == dict.fromkeys(ids, 1)
    assert {one.instance_id for one in heard} == {"", *ids}
    assert len({one.id for one in heard}) == 51  # whoever told: the same ids


def test_a_fault_that_is_over_when_only_its_first_instances_were_told_is_taken_back(
    cloud: Cloud, boot: Any, heard: Any, routes: Any, inspect: Any
) -> None:
    boot(*["active"] * 50)
    fault = down()
    [taken] = claim("dying", 1)
    heard += facts.in_error(taken, affected(taken, FIRST), clock.now())
    HostFault.objects.update(expires_at=clock.now())
    told = {one.instance_id for one in heard}
    del heard[:]
    services.clear_host(VIM, "h1")
    inspect("another")
    assert state(fault) == State.CLEARED
    assert {(one.instance_id, one.state) for one in heard if one.instance_id} == {(id, "active") for id in told}
    assert (len(told), cloud.calls) == (FIRST, [])


def test_the_first_alarms_are_out_before_the_other_instances_are_found(
    monkeypatch: pytest.MonkeyPatch, boot: Any, heard: Any, inspect: Any
) -> None:
    heard_then = []

    def found(fault: HostFault, most: int | None = None, **named: Any) -> Any:
        if most is None:
            until(lambda: len(heard) == FIRST + 1)
            heard_then.append(len(heard))
        return affected(fault, most, **named)

    monkeypatch.setattr(alarming, "affected", found)
    boot(*["active"] * 50)
    down()
    inspect()
    assert (heard_then, len(heard)) == ([FIRST + 1], 51)


def test_the_host_that_was_marked_by_a_dead_inspector_is_ours_to_mark_up(
    cloud: Cloud, boot: Any, inspect: Any
) -> None:
    boot("active")
    fault = down()
    [taken] = claim("dying", 1)
    turn = Turn(taken, threading.Event())
    turn.write(marked_down=True)  # what it kept before it told the cloud
    cloud.down.add("h1")
    HostFault.objects.update(expires_at=clock.now())
    inspect()
    assert HostFault.objects.get(pk=fault.pk).marked_down
    services.clear_host(VIM, "h1")
    inspect()
    assert not cloud.down


def test_a_detector_reports_both_ways_and_of_nobody_too(inspectors: Any, cloud: Cloud, boot: Any) -> None:
    def says(host: str, *, down: bool) -> None:
        services.report(HostReport(VIM, host, down, clock.now(), "ping", "no answer"))

    boot("active")
    says("h1", down=False)
    says("nosuch", down=True)
    says("h1", down=True)
    until(lambda: cloud.states == {"vm-0": "error"})
    until(lambda: HostFault.objects.filter(state=State.DONE).exists())
    says("h1", down=False)
    until(lambda: HostFault.objects.filter(state=State.CLEARED).exists())
    assert HostFault.objects.get().source == "ping"
