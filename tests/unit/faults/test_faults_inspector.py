"""Inspectors as processes have them: woken, several at once, going on with what another left half way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.errors import CloudFailed
from fed_common.events.routes import Routes
from fed_common.faults import services
from fed_common.faults.acting import act
from fed_common.faults.claiming import _claimed, claim
from fed_common.faults.inspector import Inspector
from fed_common.faults.models import HostFault
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
    assert begun.wait(20)
    services.clear_host(VIM, "h1")
    until(lambda: state(fault) == State.CLEARED)
    assert not cloud.down
    assert set(cloud.states.values()) == {"active"}


def test_what_an_inspector_left_half_way_another_goes_on_with(
    cloud: Cloud, boot: Any, heard: Any, routes: Any, inspect: Callable[[str], int]
) -> None:
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
