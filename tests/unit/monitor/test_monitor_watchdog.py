"""The intake of guest watchdogs: stored before it is accepted, told once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.kinds import Kind, Origin
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Event
from fed_common.events.routes import Routes
from fed_common.inventory.models import Instance, Vim
from fed_common.monitor.conductor.telling import Telling
from fed_common.monitor.models import LifecycleEvent
from tests.callers import Caller, caller
from tests.scripted import ScriptedPublisher, subscribe

pytestmark = pytest.mark.django_db

PATH = "/vims/core_r/watchdog"
VM = "4f398943-7d39-4119-8058-74768d6dfa52"
BODY = {"instance_id": VM, "action": "reset", "host": "compute01", "id": "one"}


@pytest.fixture
def vim() -> Vim:
    return Vim.objects.create(cloud_owner="core", region="r", type="openstack")


@pytest.fixture
def operator(vim: Vim) -> Caller:
    return caller("operator")


@pytest.fixture
def told(settings: Any) -> Iterator[Any]:
    """What a conductor tells of what is stored now."""
    settings.PUBLISHERS = {**settings.PUBLISHERS, "scripted": "tests.scripted.ScriptedPublisher"}
    settings.HOUSE_PUBLISHERS = {}
    ScriptedPublisher.by_address = {}
    routes = Routes()

    subscribe("all", "all", filter={"kinds": ["WATCHDOG"]})

    def tell() -> list[Event]:
        routes.refresh()
        telling = Telling(routes, lambda: True)
        while telling.tell():
            pass
        return [one.event for publisher in ScriptedPublisher.by_address.values() for one in publisher.held]

    yield tell
    routes.stop()
    ScriptedPublisher.by_address = {}


def instance(vim: Vim, **traits: str) -> Instance:
    return Instance.objects.create(
        vim=vim, instance_id=VM, name="VM1", state="active", tenant_id="943e", host="h", seen_at=clock.now(),
        body={"traits": traits},
    )  # fmt: skip


def test_a_report_becomes_one_event_with_what_is_known_of_the_instance(vim, operator, told) -> None:
    """N82"""
    instance(vim, watchdog_action="reset")
    when = "2026-11-21T10:00:00.000000Z"
    answer = operator.ask("POST", PATH, {**BODY, "occurred_at": when})
    assert (answer.status_code, answer.json()) == (202, {"id": "one", "accepted": True, "reason": ""})
    (event,) = told()
    assert (event.id, event.type, event.kind) == ("one", "compute.instance.watchdog", Kind.WATCHDOG)
    assert (event.origin, event.vim_id, event.instance_id) == (Origin.HOUSE, "core_r", VM)
    assert (event.instance_name, event.tenant_id, event.host, event.state) == (
        "VM1",
        "943e",
        "compute01",
        "active",
    )
    assert clock.iso(event.occurred_at) == when
    assert event.traits == {"watchdog": "fired", "action": "reset"}
    assert event.payload["action"] == "reset"


def test_the_same_id_is_told_once_and_another_one_again(operator, told) -> None:
    for id in ("one", "one", "two"):
        assert operator.post(PATH, {**BODY, "id": id})["accepted"]
    assert [event.id for event in told()] == ["one", "two"]
    operator.post(PATH, BODY)
    assert [event.id for event in told()] == ["one", "two"]


def test_an_instance_nobody_knows_and_one_without_a_uuid_are_told_too(operator, told) -> None:
    operator.post(PATH, BODY)
    operator.post(PATH, {"instance_id": "vm-42", "action": "none"})
    assert [event.instance_id for event in told()] == [VM, "vm-42"]


def test_an_instance_that_has_no_watchdog_is_ignored_by_name(vim, operator, told) -> None:
    """N82"""
    instance(vim, watchdog_action="disabled")
    assert operator.post(PATH, BODY) == {"id": "one", "accepted": False, "reason": "watchdog_off"}
    assert not LifecycleEvent.objects.exists()


def test_an_instance_that_opted_out_is_marked_so_that_nobody_hears_of_it(vim, operator, told) -> None:
    instance(vim, **{OPT_OUT: "disabled"})
    assert operator.post(PATH, BODY)["accepted"]
    row = LifecycleEvent.objects.get()
    assert row.event["traits"][OPT_OUT] == "disabled"
    assert told() == []


def test_that_it_is_over_needs_no_action(operator, told) -> None:
    operator.post(PATH, {"instance_id": VM, "cleared": True})
    (event,) = told()
    assert (event.type, event.traits) == ("compute.instance.watchdog.cleared", {"watchdog": "cleared"})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"action": "explode"}, "action"),
        ({"action": None}, "action"),
        ({"instance_id": ""}, "instance_id"),
        ({"instance_id": 7}, "instance_id"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"cleared": "no"}, "cleared"),
        ({"colour": "red"}, "colour"),
        ({"id": "x" * 101}, "id"),
    ],
)
def test_what_is_wrong_is_named(operator, change, field) -> None:
    answer = operator.ask("POST", PATH, {**BODY, **change})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert not LifecycleEvent.objects.exists()


def test_an_action_is_needed_unless_it_is_over(operator) -> None:
    answer = operator.ask("POST", PATH, {"instance_id": VM})
    assert (answer.status_code, answer.json()["field"]) == (400, "action")


def test_a_vim_that_is_not_there_is_not_found(operator) -> None:
    assert operator.ask("POST", "/vims/core_other/watchdog", BODY).status_code == 404


def test_a_reader_may_not_report(vim) -> None:
    assert caller("reader").ask("POST", PATH, BODY).status_code == 403
