"""The methods of TACKER_CONDUCTOR: Tacker's forms, and words that make no sense."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from fed_common.core.health import BAD_ACTION, Health
from fed_common.core.vnf import VnfStatus
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor.endpoints import Endpoints
from fed_common.monitor.models import LifecycleEvent, Operation, Vnf, Workflow
from tests.examples import event
from tests.watched import says, targets_of, watched_vim, watched_vnf

pytestmark = pytest.mark.django_db
NOT_ONE = str(uuid.uuid4())
STRANGE: list[Any] = ["", "x", 7, None, [], {}, ["a"], {"id": 1}, True, "\0", "9" * 5000]


@pytest.fixture
def called() -> list[str]:
    return []


@pytest.fixture
def endpoints(called: list[str]) -> Endpoints:
    return Endpoints(lambda: called.append("wake"), lambda: called.append("news"))


def action_of(subject: Vim | Vnf) -> str:
    which = {"vim": subject} if isinstance(subject, Vim) else {"vnf": subject}
    return str(Workflow.objects.get(**which).action_id)


# T35
@pytest.mark.parametrize("with_action", [True, False])
def test_update_vim_answers_the_status_and_changes_it_once(endpoints: Endpoints, with_action: bool) -> None:
    vim = watched_vim()
    more = {"action_id": action_of(vim)} if with_action else {}
    for status in ("REACHABLE", "REACHABLE", "UNREACHABLE"):
        assert endpoints.update_vim({}, str(vim.uuid), status, **more) == status
    vim.refresh_from_db()
    assert vim.status == "UNREACHABLE"
    rows = LifecycleEvent.objects.all()
    assert [(one.event_type, one.resource_state) for one in rows] == [
        ("MONITOR", "REACHABLE"),
        ("MONITOR", "UNREACHABLE"),
    ]


# T36, T37
def test_update_vim_of_an_obsolete_action_or_another_vim_is_a_bad_action(endpoints: Endpoints) -> None:
    vim = watched_vim()
    assert endpoints.update_vim({}, str(vim.uuid), "REACHABLE", NOT_ONE) == BAD_ACTION
    assert endpoints.update_vim({}, NOT_ONE, "REACHABLE", action_of(vim)) == BAD_ACTION
    assert endpoints.update_vim({}, str(vim.uuid), "HAPPY", action_of(vim)) == BAD_ACTION
    Workflow.objects.update(killed_at="2026-01-01T00:00:00Z")
    assert endpoints.update_vim({}, str(vim.uuid), "REACHABLE", action_of(vim)) == BAD_ACTION
    vim.refresh_from_db()
    assert vim.status == "PENDING"
    assert not LifecycleEvent.objects.exists()


# T38
@pytest.mark.parametrize("actions", [{"failure": "log"}, {"failure": ["log"]}])
def test_a_policy_action_is_stored_and_answered(
    endpoints: Endpoints, called: list[str], actions: dict[str, Any]
) -> None:
    vnf = watched_vnf(watched_vim())
    about = {"id": str(vnf.pk), "vdu_name": "VDU1"}
    assert endpoints.execute_policy_action({}, about, "failure", actions, action_of(vnf)) == "failure"
    row = Operation.objects.get()
    assert (row.kind, row.state, str(row.action_id)) == ("log", "waiting", action_of(vnf))
    assert (row.parameters["vdu"], row.parameters["cause"]) == ("VDU1", "failure")
    assert called == ["wake"]


# T39
def test_a_policy_action_of_an_obsolete_action_is_a_bad_one(endpoints: Endpoints) -> None:
    vnf = watched_vnf(watched_vim())
    about, actions = {"id": str(vnf.pk)}, {"failure": "log"}
    assert endpoints.execute_policy_action({}, about, "failure", actions, NOT_ONE) == BAD_ACTION
    assert endpoints.execute_policy_action({}, {"id": NOT_ONE}, "failure", actions, action_of(vnf)) == BAD_ACTION
    assert not Operation.objects.exists()


# T40, T44
def test_with_the_same_key_a_policy_action_is_done_once_even_when_it_is_long_done(endpoints: Endpoints) -> None:
    vnf = watched_vnf(watched_vim())
    about, actions = {"id": str(vnf.pk), "key": "outage-1"}, {"failure": ["log", "respawn"]}
    answers = {endpoints.execute_policy_action({}, about, "failure", actions, action_of(vnf)) for _ in range(5)}
    Operation.objects.update(state=Operation.State.DONE)
    answers.add(endpoints.execute_policy_action({}, about, "failure", actions, action_of(vnf)))
    assert answers == {"failure"}
    assert Operation.objects.count() == 2
    endpoints.execute_policy_action({}, {**about, "key": "outage-2"}, "failure", actions, action_of(vnf))
    assert Operation.objects.count() == 4


def test_without_a_key_what_was_asked_for_and_is_not_done_is_not_asked_for_again(endpoints: Endpoints) -> None:
    vnf = watched_vnf(watched_vim())
    about = {"id": str(vnf.pk)}
    for _ in range(3):
        endpoints.execute_policy_action({}, about, "failure", {"failure": "log%respawn"}, action_of(vnf))
    assert [one.kind for one in Operation.objects.all()] == ["log", "respawn"]
    Operation.objects.filter(kind="log").update(state=Operation.State.DONE)
    endpoints.execute_policy_action({}, about, "failure", {"failure": "log%respawn"}, action_of(vnf))
    assert [one.kind for one in Operation.objects.all()] == ["log", "respawn", "log"]


# T68
def test_what_the_policy_does_not_name_does_nothing(endpoints: Endpoints, called: list[str]) -> None:
    vnf = watched_vnf(watched_vim())
    about, said = {"id": str(vnf.pk)}, "calls-capacity-reached"
    assert endpoints.execute_policy_action({}, about, said, {"failure": "log"}, action_of(vnf)) == said
    assert endpoints.execute_policy_action({}, about, said, {said: "dance"}, action_of(vnf)) == said
    assert not Operation.objects.exists()
    assert called == []


@pytest.mark.parametrize("status", [one for one in VnfStatus if one != VnfStatus.ACTIVE])
def test_a_vnf_that_changes_is_left_alone(endpoints: Endpoints, status: VnfStatus) -> None:
    vnf = watched_vnf(watched_vim(), status=status)
    answer = endpoints.execute_policy_action(
        {}, {"id": str(vnf.pk)}, "failure", {"failure": "respawn"}, action_of(vnf)
    )
    assert answer == "failure"
    assert not Operation.objects.exists()


def test_in_maintenance_what_destroys_is_held(endpoints: Endpoints) -> None:
    vnf = watched_vnf(watched_vim())
    Vnf.objects.update(maintenance=True)
    endpoints.execute_policy_action({}, {"id": str(vnf.pk)}, "failure", {"failure": "log%respawn"}, action_of(vnf))
    assert [one.state for one in Operation.objects.order_by("kind")] == ["waiting", "held"]


# T46
@pytest.mark.parametrize("strange", STRANGE, ids=lambda one: repr(one)[:12])
def test_words_that_make_no_sense_are_refused_and_break_nothing(endpoints: Endpoints, strange: Any) -> None:
    vnf = watched_vnf(watched_vim(), actions={})
    action, uuid_ = action_of(vnf), str(Vim.objects.get().uuid)
    about, actions = {"id": str(vnf.pk)}, {"failure": "log"}
    assert endpoints.update_vim({}, strange, "REACHABLE") == BAD_ACTION
    assert endpoints.update_vim({}, uuid_, strange) == BAD_ACTION
    if strange is not None:
        assert endpoints.update_vim({}, uuid_, "REACHABLE", strange) == BAD_ACTION
    assert endpoints.killed({}, strange) == BAD_ACTION
    assert endpoints.execute_policy_action({}, strange, "failure", actions, action) == BAD_ACTION
    assert endpoints.execute_policy_action({}, {"id": strange}, "failure", actions, action) == BAD_ACTION
    assert endpoints.execute_policy_action({}, about, "failure", actions, strange) == BAD_ACTION
    assert endpoints.execute_policy_action({}, about, "failure", {"failure": strange}, action) == "failure"
    if not isinstance(strange, str):
        assert endpoints.execute_policy_action({}, about, strange, actions, action) == BAD_ACTION
    if not isinstance(strange, dict):
        assert endpoints.execute_policy_action({}, about, "failure", strange, action) == BAD_ACTION
    endpoints.execute_policy_action({}, {**about, "key": strange, "vdu_name": strange}, "failure", {}, action)
    assert endpoints.report({}, [strange]) == [BAD_ACTION]
    endpoints.instance_events({}, [strange])
    assert Vim.objects.get().status == "PENDING"
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    "spoilt",
    [
        *({"target": one} for one in ("x", None, [], 10**30, -1)),
        *({"epoch": one} for one in ("x", None)),
        *({"flip": one} for one in (None, {}, {"health": "MAYBE", "rule": "r"}, {"health": "UP"}, "UP", [1])),
        *({"flip": {"health": "UP", "rule": one}} for one in (None, 7, "\0", "r" * 99)),
        *({"flip": {"health": "UP", "rule": "r", "reason": one}} for one in (None, 7, {}, "\0")),
        {"flip": {"health": "UP", "rule": "r", "flapping": "maybe"}},
        {"flip": {"health": "UP", "rule": "r", "colour": "red"}},
    ],
    ids=str,
)
def test_a_spoilt_report_is_a_bad_action_and_its_neighbours_are_heard(
    endpoints: Endpoints, spoilt: dict[str, Any]
) -> None:
    vim, other = watched_vim("r1"), watched_vim("r2")
    plain = {**says(targets_of(vim)[0], Health.UP).to_dict(), **spoilt}
    good = says(targets_of(other)[0], Health.UP).to_dict()
    assert endpoints.report({}, [plain, good]) == [BAD_ACTION, "UP"]
    assert dict(Vim.objects.values_list("region", "status")) == {"r1": "PENDING", "r2": "REACHABLE"}


@pytest.mark.parametrize("reports", [None, 7, "words", {"a": 1}])
def test_reports_that_are_no_list_are_answered_with_none(endpoints: Endpoints, reports: Any) -> None:
    assert endpoints.report({}, reports) == []
    endpoints.instance_events({}, reports)


def test_events_that_make_no_sense_are_passed_by(endpoints: Endpoints) -> None:
    watched_vnf(watched_vim(), actions={})
    plain = event(vim_id="cloud_r1", instance_id="vnf-1").to_dict()
    endpoints.instance_events({}, [{**plain, "kind": "DANCE"}, {}, {**plain, "instance_id": 7}, plain])
    assert [one.resource_state for one in LifecycleEvent.objects.all()] == ["DOWN"]
