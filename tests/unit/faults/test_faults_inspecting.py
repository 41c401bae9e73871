"""What is done for a host that failed, and how all of it is taken back (N66, N69, N70-N73, N75, N78, N79, N81)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fed_common.core.errors import CloudFailed, Retryable, Unsupported
from fed_common.core.kinds import Kind, Origin
from fed_common.events.models import PolledFact
from fed_common.faults import queries, services
from fed_common.faults.acting import act
from fed_common.faults.claiming import claim
from fed_common.faults.models import HostFault
from fed_common.faults.turn import Turn
from fed_common.inventory.models import Instance, Vim
from tests.doubles.hosts import Cloud, HostsPlugin
from tests.faulted import VIM, outcomes
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
State = HostFault.State


def down(host: str = "h1", **said: Any) -> HostFault:
    return services.report_host(VIM, host, source="test", cause="link down", **said)


def now(fault: HostFault) -> HostFault:
    return HostFault.objects.get(pk=fault.pk)


def test_a_host_that_fails_is_told_marked_and_its_instances_set_to_error(
    cloud: Cloud, boot: Any, inspect: Any, heard: Any, sink: Any
) -> None:
    ids = boot("active", "active", "stopped")
    fault = down()
    assert inspect() == 1
    assert cloud.count("mark", "down") == {"h1": 1}
    assert cloud.count("reset", "error") == dict.fromkeys(ids, 1)
    assert outcomes(fault) == dict.fromkeys(ids, "reset")
    assert [one.kind for one in heard] == [Kind.HOST_DOWN, *[Kind.ERROR] * 3]
    assert [one.id for one in heard] == sink().ids()
    done = now(fault)
    assert (done.state, done.told, done.marked_down, done.owner) == (State.DONE, True, True, "")
    assert sorted(done.stages) == ["T00", "T01", "T02", "T03", "T04", "T05", "T06", "T07"]
    assert not inspect()


def test_the_event_of_an_instance_says_what_a_rule_asks_for(boot: Any, inspect: Any, heard: Any) -> None:
    boot("active")
    fault = down()
    inspect()
    event = heard[1]
    assert (event.type, event.state, event.old_state) == ("compute.instance.update", "error", "active")
    assert (event.tenant_id, event.host, event.instance_name) == ("t", "h1", "name of vm-0")
    assert event.origin is Origin.HOUSE
    assert event.traits["fault_id"] == str(fault.pk)
    assert event.traits["cause"] == "link down"
    keys = ("tenant_id", "instance_id", "state", "old_state", "host", "display_name")
    assert [event.payload[key] for key in keys] == ["t", "vm-0", "error", "active", "h1", "name of vm-0"]


def test_a_fault_that_is_reported_twice_is_acted_on_once(
    cloud: Cloud, boot: Any, inspect: Any, heard: Any
) -> None:
    """N69."""
    boot("active")
    first = down()
    assert down().pk == first.pk
    inspect()
    assert services.report_host(VIM, "h1", source="another", fenced=True).pk == first.pk
    assert not inspect()
    assert (now(first).reports, now(first).source, now(first).fenced) == (3, "test", True)
    assert len(cloud.calls) == 2
    assert len(heard) == 2


def test_only_what_is_on_the_host_now_is_touched(cloud: Cloud, boot: Any, inspect: Any) -> None:
    """N70, N71."""
    boot("active", prefix="old")
    boot("active", host="h2", prefix="other")
    boot("active", prefix="new")
    Instance.objects.filter(instance_id="old-0").update(host="h2")
    down()
    inspect()
    assert set(cloud.count("reset")) == {"new-0"}


def test_some_states_are_left_alone(cloud: Cloud, boot: Any, inspect: Any, heard: Any) -> None:
    """N73."""
    boot("deleted", "soft-delete", "resized", "error", "active", "paused")
    fault = down()
    inspect()
    assert set(cloud.count("reset")) == {"vm-4", "vm-5"}
    assert {one.instance_id for one in heard} == {"", "vm-4", "vm-5"}
    left = {"vm-1": "left", "vm-2": "left", "vm-3": "left"}
    assert outcomes(fault) == {**left, "vm-4": "reset", "vm-5": "reset"}


def test_one_that_fails_and_one_that_was_slow_are_tried_again_and_shown(
    cloud: Cloud, boot: Any, inspect: Any
) -> None:
    """N72."""
    boot("active", "active", "active")
    slow = iter([True])

    def script(verb: str, name: str) -> None:
        if verb == "reset" and (name == "vm-1" or (name == "vm-2" and next(slow, False))):
            raise CloudFailed(VIM, "compute answered 500")

    cloud.script = script
    fault = down()
    inspect()
    assert outcomes(fault) == {"vm-0": "reset", "vm-1": "failed", "vm-2": "reset"}
    assert cloud.count("reset") == {"vm-0": 1, "vm-1": 3, "vm-2": 2}
    assert now(fault).state == State.PARTIAL
    assert "1 of 3 instances" in now(fault).reason
    failed = now(fault).instances.get(instance_id="vm-1")
    assert (failed.tries, "500" in failed.reason) == (3, True)


def test_a_host_that_cannot_be_marked_is_shown_and_the_rest_is_done(cloud: Cloud, boot: Any, inspect: Any) -> None:
    boot("active")

    def script(verb: str, _name: str) -> None:
        if verb == "mark":
            raise CloudFailed(VIM, "compute answered 503")

    cloud.script = script
    fault = down()
    inspect()
    assert cloud.count("mark", "down") == {"h1": 3}
    assert outcomes(fault) == {"vm-0": "reset"}
    assert (now(fault).state, "503" in now(fault).reason) == (State.PARTIAL, True)
    assert "T04" not in now(fault).stages


def test_an_instance_that_is_gone_is_no_failure(cloud: Cloud, boot: Any, inspect: Any) -> None:
    boot("active")
    cloud.states["vm-0"] = "gone"
    fault = down()
    inspect()
    assert (outcomes(fault), now(fault).state) == ({"vm-0": "left"}, State.DONE)


def test_a_cloud_that_cannot_be_told_has_its_events_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch, boot: Any, inspect: Any, heard: Any
) -> None:
    def cannot(*_: Any, **__: Any) -> None:
        raise Unsupported("vsphere", "have the state of an instance set")

    monkeypatch.setattr(HostsPlugin, "reset_state", cannot)
    monkeypatch.setattr(HostsPlugin, "mark_host_down", cannot)
    boot("active")
    fault = down()
    inspect()
    assert [one.kind for one in heard] == [Kind.HOST_DOWN, Kind.ERROR]
    assert outcomes(fault) == {"vm-0": "left"}
    assert "clouds of type vsphere cannot" in fault.instances.get().reason
    assert (now(fault).state, now(fault).marked_down) == (State.DONE, False)
    assert Instance.objects.get().state == "active"  # nobody changed it
    services.clear_host(VIM, "h1")
    inspect()
    assert [(one.kind, one.state) for one in heard[2:]] == [(Kind.HOST_UP, "up"), (Kind.UPDATE, "active")]


def test_a_vim_without_a_plugin_has_its_events_told_all_the_same(
    settings: Any, boot: Any, inspect: Any, heard: Any
) -> None:
    boot("active")
    settings.CLOUD_PLUGINS = {}
    fault = down()
    inspect()
    assert len(heard) == 2
    assert (outcomes(fault), now(fault).state) == ({"vm-0": "left"}, State.DONE)


def test_what_was_changed_is_taken_back_and_only_that(cloud: Cloud, boot: Any, inspect: Any, heard: Any) -> None:
    """N75."""
    boot("active", "error", "active", "active")
    down()
    inspect()
    cloud.states |= {"vm-2": "deleted"}  # somebody else's doing
    cloud.states["vm-3"] = "active"
    del heard[:]
    fault = services.clear_host(VIM, "h1")
    assert inspect() == 1
    assert cloud.count("mark", "up") == {"h1": 1}
    assert cloud.count("reset", "active") == {"vm-0": 1}
    assert outcomes(fault) == {"vm-0": "restored", "vm-1": "left", "vm-2": "left", "vm-3": "left"}
    told = {one.instance_id: (one.kind, one.state, one.old_state) for one in heard}
    assert told.pop("") == (Kind.HOST_UP, "up", "down")
    assert told["vm-0"] == (Kind.UPDATE, "active", "error")
    assert "vm-1" not in told
    assert told["vm-3"] == (Kind.UPDATE, "active", "error")
    done = now(fault)
    assert (done.state, done.marked_down, done.reason) == (State.CLEARED, False, "")
    assert done.cleared_at


def test_a_host_that_was_marked_before_is_not_marked_up(cloud: Cloud, boot: Any, inspect: Any) -> None:
    """N81: what somebody else did is his to take back."""
    cloud.down.add("h1")
    boot("active")
    fault = down()
    inspect()
    assert not now(fault).marked_down
    services.clear_host(VIM, "h1")
    inspect()
    assert not cloud.count("mark", "up")
    assert cloud.down == {"h1"}


def test_a_cloud_that_does_not_take_it_back_is_not_asked_for_ever(cloud: Cloud, boot: Any, inspect: Any) -> None:
    """N75: Nova says 400 while ``done`` evacuations of the host remain."""
    boot("active")
    down()
    inspect()

    def script(verb: str, _name: str) -> None:
        if verb == "mark":
            raise CloudFailed(VIM, "compute answered 400 Bad Request: done evacuation")

    cloud.script = script
    fault = services.clear_host(VIM, "h1")
    inspect()
    assert cloud.count("mark", "up") == {"h1": 3}
    assert (now(fault).state, now(fault).marked_down) == (State.CLEARED, True)
    assert "done evacuation" in now(fault).reason
    assert outcomes(fault) == {"vm-0": "restored"}
    cloud.script = lambda verb, name: None
    assert services.clear_host(VIM, "h1").pk == fault.pk  # asked for again, once the host is
    inspect()
    assert (now(fault).state, now(fault).marked_down, cloud.down) == (State.CLEARED, False, set())
    assert cloud.count("reset", "active") == {"vm-0": 1}


def test_what_the_cloud_did_not_take_back_the_next_fault_does(cloud: Cloud, boot: Any, inspect: Any) -> None:
    boot("active")
    first = down()
    inspect()

    def script(verb: str, _name: str) -> None:
        if verb == "mark":
            raise CloudFailed(VIM, "compute answered 400")

    cloud.script = script
    services.clear_host(VIM, "h1")
    inspect()
    cloud.script = lambda verb, name: None
    second = down()
    inspect()
    assert (now(first).marked_down, now(second).marked_down) == (False, True)
    services.clear_host(VIM, "h1")
    inspect()
    assert (now(second).state, cloud.down) == (State.CLEARED, set())


def test_a_fault_that_is_over_before_anything_was_done_is_only_over(
    cloud: Cloud, boot: Any, inspect: Any, heard: Any
) -> None:
    boot("active")
    fault = down()
    services.clear_host(VIM, "h1")
    inspect()
    assert (now(fault).state, cloud.calls, heard) == (State.CLEARED, [], [])


def test_a_report_while_it_is_taken_back_is_a_new_fault_afterwards(cloud: Cloud, boot: Any, inspect: Any) -> None:
    boot("active")
    first = down()
    inspect()
    services.clear_host(VIM, "h1")
    again = down(severity="MAJOR")
    assert again.pk == first.pk
    inspect()
    assert now(first).state == State.CLEARED
    second = services.latest_fault(VIM, "h1")
    assert (second.pk != first.pk, second.state, second.severity) == (True, State.REPORTED, "MAJOR")


def test_in_maintenance_a_fault_is_recorded_and_nothing_is_done(
    cloud: Cloud, boot: Any, inspect: Any, heard: Any
) -> None:
    """N78."""
    boot("active")
    services.set_maintenance(VIM, "h1", on=True, by="anna")
    fault = down()
    assert fault.state == State.SUPPRESSED
    assert not inspect()
    assert (cloud.calls, heard) == ([], [])
    assert not queries.open_faults(VIM, ["h1"])
    services.set_maintenance(VIM, "h1", on=False)
    assert not inspect()
    assert down().pk == fault.pk
    inspect()
    assert (now(fault).state, outcomes(fault)) == (State.DONE, {"vm-0": "reset"})


def test_a_vim_in_maintenance_suppresses_the_faults_of_all_its_hosts(vim: Vim) -> None:
    Vim.objects.update(maintenance=True)
    assert down().state == State.SUPPRESSED
    assert services.clear_host(VIM, "h1").state == State.CLEARED


def test_a_sink_that_is_away_holds_up_neither_alarms_nor_the_cloud(
    cloud: Cloud, boot: Any, routes: Any, heard: Any, sink: Any
) -> None:
    boot("active")
    fault = down()
    back = threading.Event()

    def away(_messages: Any) -> list[Any]:
        if not back.is_set():
            raise Retryable("away")
        return []

    sink().script = away
    with ThreadPoolExecutor(2) as pool:
        acting = pool.submit(act, Turn(claim("me", 1)[0], threading.Event()), routes, ThreadPoolExecutor(2))
        until(lambda: outcomes(fault) == {"vm-0": "reset"})
        assert len(heard) == 2
        assert now(fault).state == State.ACTING
        back.set()
        acting.result(10)
    assert now(fault).state == State.DONE
    assert len(sink().ids()) == 2


def test_the_clouds_own_word_of_a_reset_is_known_to_be_told(boot: Any, inspect: Any) -> None:
    """N79: what the listener does with it, its own tests say."""
    boot("active", "active")
    down()
    inspect()
    facts = PolledFact.objects.values_list("vim_id", "instance_id", "kind", "type")
    assert list(facts) == [(VIM, f"vm-{n}", "ERROR", "compute.instance.update") for n in (0, 1)]
    assert Instance.objects.filter(state="error").count() == 2


def test_those_who_evaluate_can_ask_which_faults_are_open(boot: Callable[..., Any], inspect: Any) -> None:
    boot("active", "error")
    fault = down()
    assert queries.open_faults(VIM, ["h1", "h2"]) == {"h1": fault.pk}
    inspect()
    assert queries.told_in_error(VIM, ["vm-0", "vm-1", "vm-9"]) == {"vm-0": fault.pk}
    assert queries.told_in_error("other_vim", ["vm-0"]) == {}
    services.clear_host(VIM, "h1")
    inspect()
    assert (queries.open_faults(VIM, ["h1"]), queries.told_in_error(VIM, ["vm-0"])) == ({}, {})
