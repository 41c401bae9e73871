"""What a VIM's workflow and targets are, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.core.errors import Conflict
from fed_common.core.model import Vim as CoreVim
from fed_common.core.model import VimId
from fed_common.inventory import services
from fed_common.inventory.aai import keeping
from fed_common.inventory.aai.mapping import Told
from fed_common.inventory.models import Vim
from fed_common.monitor.models import LifecycleEvent, Target, TargetRevision, Workflow
from tests.watched import targets_of, watched_vim, watched_vnf

pytestmark = pytest.mark.django_db
BODY = {
    "cloud_owner": "cloud",
    "cloud_region_id": "r1",
    "type": "openstack",
    "auth_url": "http://10.0.0.1:5000/v3",
}


class Executors:
    """What was cast to them."""

    def __init__(self) -> None:
        self.killed: list[tuple[Any, Any]] = []
        self.updated: list[Any] = []

    def kill(self, subject: Any, action_id: Any) -> None:
        self.killed.append((subject, action_id))

    def update(self, action_id: Any, parameter: Any) -> None:
        self.updated.append(action_id)


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> Executors:
    """Casts are done at once, to nobody."""
    made = Executors()
    monkeypatch.setattr("fed_common.monitor.vims.executors", lambda: made)
    monkeypatch.setattr("fed_common.monitor.vims.after_commit", lambda cast: cast())
    return made


def events() -> list[str]:
    return [f"{one.event_type} {one.resource_state}" for one in LifecycleEvent.objects.all()]


def asked(vim: Vim) -> list[tuple[str, str]]:
    return [(one.kind, one.address) for one in targets_of(vim)]


# T1, T7, T9
def test_a_registered_vim_has_a_workflow_in_tackers_words_and_a_target(cast: Executors) -> None:
    vim = services.register_vim(BODY)
    flow = Workflow.objects.get(vim=vim)
    assert (flow.name, flow.task_name) == (f"vim_id_{vim.uuid}", "monitor_ping_vimPingVIMTASK")
    assert flow.input == {
        "ping_vim": {"vim_id": str(vim.uuid), "count": 1, "timeout": 1, "interval": 1, "targetip": "10.0.0.1"}
    }
    row = Target.objects.get()
    assert (row.kind, row.address, row.shard) == ("vim_api", "cloud_r1", vim.uuid.int % 256)
    assert (row.workflow, row.action_id, row.subject) == (flow, flow.action_id, vim.uuid)
    assert row.revision == TargetRevision.objects.get(pk=1).number > 0
    assert events() == ["CREATE PENDING"]
    assert cast.updated == [flow.action_id]


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ("api", [("vim_api", "cloud_r1")]),
        ("ping", [("ping", "r1.example")]),
        ("both", [("vim_api", "cloud_r1"), ("ping", "r1.example")]),
    ],
)
def test_the_setting_says_how_vims_are_asked(settings: Any, probe: str, expected: list[tuple[str, str]]) -> None:
    settings.VIM_PROBE = probe
    assert asked(watched_vim()) == expected


# T21
@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://[2001:db8::1]:5000/v3", "2001:db8::1"),
        ("http://user:word@10.1.1.1:5000/v3", "10.1.1.1"),
        ("https://cloud.example/identity", "cloud.example"),
        ("https://10.2.2.2", "10.2.2.2"),
    ],
)
def test_the_host_of_the_auth_url_is_pinged(settings: Any, url: str, host: str) -> None:
    settings.VIM_PROBE = "ping"
    assert asked(watched_vim(auth_url=url)) == [("ping", host)]


@pytest.mark.parametrize("columns", [{"auth_url": ""}, {"enabled": False}])
def test_a_vim_that_cannot_or_shall_not_be_asked_has_a_workflow_without_targets(columns: dict[str, Any]) -> None:
    vim = watched_vim(**columns)
    assert Workflow.objects.get(vim=vim)
    assert targets_of(vim) == []


# T20
def test_a_new_name_and_description_leave_the_action_and_its_targets_alone(cast: Executors) -> None:
    vim = services.register_vim(BODY)
    before, rows = Workflow.objects.get(), list(Target.objects.values())
    cast.updated.clear()
    services.change_vim("cloud_r1", {"name": "another", "description": "words"})
    after = Workflow.objects.get()
    assert (after.action_id, after.execution_id) == (before.action_id, before.execution_id)
    assert list(Target.objects.values()) == rows
    assert (cast.killed, cast.updated) == ([], [])
    assert events() == ["CREATE PENDING", "UPDATE PENDING"]
    assert Workflow.objects.get().vim == vim


# T32: the old action is obsolete
@pytest.mark.parametrize(
    "change",
    [
        {"auth_url": "http://10.0.0.2:5000/v3"},
        {"credentials": {"username": "u", "password": "p"}},
        {"projects": ["p1"]},
        {"region_name": "other"},
        {"tls": {"verify": False}},
    ],
)
def test_a_vim_reached_in_another_way_has_a_new_action_and_new_targets(
    cast: Executors, change: dict[str, Any]
) -> None:
    vim = services.register_vim(BODY)
    before, old = Workflow.objects.get(), Target.objects.get()
    services.change_vim("cloud_r1", change)
    after = Workflow.objects.get()
    assert after.action_id != before.action_id
    assert cast.killed == [(vim.uuid, before.action_id)]
    [new] = targets_of(vim)
    assert (new.action_id, new.health) == (after.action_id, "PENDING")
    old.refresh_from_db()
    assert old.removed
    assert old.revision == new.revision == TargetRevision.objects.get(pk=1).number


def test_a_vim_that_is_switched_off_and_on_again_is_watched_again(cast: Executors) -> None:
    vim = services.register_vim(BODY)
    services.change_vim("cloud_r1", {"enabled": False})
    assert targets_of(vim) == []
    services.change_vim("cloud_r1", {"enabled": True})
    assert [one.health for one in targets_of(vim)] == ["PENDING"]


def test_another_interval_changes_the_target_in_its_place(settings: Any, cast: Executors) -> None:
    vim = services.register_vim(BODY)
    [before] = targets_of(vim)
    settings.VIM_API_INTERVAL = 77
    services.change_vim("cloud_r1", {"description": "words"})
    [after] = targets_of(vim)
    assert (after.pk, after.interval) == (before.pk, 77)
    assert after.revision > before.revision


def test_what_was_killed_stays_so_until_the_vim_is_reached_in_another_way(cast: Executors) -> None:
    from fed_common.monitor.conductor.judging import killed

    vim = services.register_vim(BODY)
    flow = Workflow.objects.get()
    assert killed(flow.action_id) == killed(flow.action_id) == "KILLED"  # T33
    services.change_vim("cloud_r1", {"description": "words"})
    assert targets_of(vim) == []
    services.change_vim("cloud_r1", {"auth_url": "http://10.0.0.9"})
    assert len(targets_of(vim)) == 1
    assert killed(flow.action_id) == "bad_action"


# T11
def test_a_removed_vim_leaves_no_workflow_and_only_removed_targets(cast: Executors) -> None:
    vim = services.register_vim(BODY)
    flow, row = Workflow.objects.get(), Target.objects.get()
    services.remove_vim("cloud_r1")
    assert not Workflow.objects.exists()
    row.refresh_from_db()
    assert (row.removed, row.workflow_id) == (True, None)
    assert row.revision == TargetRevision.objects.get(pk=1).number
    assert cast.killed == [(vim.uuid, flow.action_id)]
    assert events() == ["CREATE PENDING", "DELETE PENDING"]


# T16
def test_a_vim_that_a_vnf_is_in_is_not_removed_and_its_monitoring_goes_on(cast: Executors) -> None:
    vim = services.register_vim(BODY)
    watched_vnf(vim, "web")
    with pytest.raises(Conflict, match="web"):
        services.remove_vim("cloud_r1")
    assert Vim.objects.get() == vim
    assert len(targets_of(vim)) == 1
    assert cast.killed == []


# T18
def test_the_same_name_again_is_another_vim_with_a_workflow_of_its_own(cast: Executors) -> None:
    first = services.register_vim(BODY)
    services.remove_vim("cloud_r1")
    second = services.register_vim(BODY)
    assert first.uuid != second.uuid
    assert Workflow.objects.get().name == f"vim_id_{second.uuid}"


def test_vims_of_an_inventory_are_followed_too(cast: Executors) -> None:
    told = Told(CoreVim(VimId("onap", "one"), "openstack", auth_url="http://10.3.3.3:5000/v3"), None)
    vim, _ = keeping.keep(told)
    flow = Workflow.objects.get(vim=vim)
    assert len(targets_of(vim)) == 1
    keeping.keep(told)
    assert events() == ["CREATE PENDING"]
    keeping.forget(VimId("onap", "one"))
    assert not Workflow.objects.exists()
    assert cast.killed == [(vim.uuid, flow.action_id)]
    keeping.forget(VimId("onap", "one"))


def test_what_is_cast_waits_for_the_commit(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    done: list[object] = []
    monkeypatch.setattr("fed_common.topics.casting.soon", done.append)
    with django_capture_on_commit_callbacks() as callbacks:
        services.register_vim(BODY)
        assert done == []
    for callback in callbacks:
        callback()
    assert len(done) == 1
