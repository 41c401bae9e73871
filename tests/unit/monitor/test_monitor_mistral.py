"""The Mistral-compatible read face: what it shows of workflows, whom, and how it is asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from fed_common.core import clock
from fed_common.inventory.models import Vim
from fed_common.monitor.models import Shard, Target, Vnf, Workflow
from fed_common.monitor.targets import shard_of
from tests.callers import Caller, caller

TASK = "monitor_ping_vimPingVIMTASK"

pytestmark = pytest.mark.django_db


def vim(region: str, **fields: Any) -> Vim:
    full_id = f"tacker_{region}"
    owner = {"cloud_owner": "tacker", "region": region, "full_id": full_id, "name": region}
    return Vim.objects.create(**owner, type="openstack", **fields)


def workflow(of: Vim, **fields: Any) -> Workflow:
    made = {"name": f"vim_id_{of.uuid}", "task_name": TASK, "input": {"ping_vim": {"vim_id": str(of.uuid)}}}
    return Workflow.objects.create(vim=of, **{**made, **fields})


def target(of: Workflow, subject: Any, **fields: Any) -> Target:
    place = {"subject": subject, "shard": shard_of(subject), "kind": "ping", "address": "127.0.0.1"}
    return Target.objects.create(workflow=of, action_id=of.action_id, **place, **fields)


def owned(subject: Any, seconds: float, owner: str = "one") -> None:
    until = clock.now() + timedelta(seconds=seconds)
    Shard.objects.create(number=shard_of(subject), owner=owner, expires_at=until)


def named(who: Caller, path: str, name: str = "name") -> list[str]:
    plural = path.split("?")[0].split("/")[-1]
    return [one[name] for one in who.get(f"//openstack/{path}")[plural]]


def states(who: Caller) -> list[tuple[str, str | None]]:
    executions, tasks = who.get("//openstack/executions")["executions"], who.get("//openstack/v2/tasks")["tasks"]
    told = [[(one["state"], one["state_info"]) for one in many] for many in (executions, tasks)]
    assert told[0] == told[1]
    return told[0]


@pytest.mark.parametrize("prefix", ["", "v2/"])
def test_a_vim_has_a_workflow_an_execution_and_a_task(reader: Caller, prefix: str) -> None:  # T7 T8 T9
    one = vim("one", tenant_id="t1")
    row = workflow(one)

    shown = reader.get(f"//openstack/{prefix}workflows/{row.id}")
    assert {name: shown[name] for name in ("id", "name", "namespace", "project_id", "tags", "input", "scope")} == {
        "id": str(row.id),
        "name": f"vim_id_{one.uuid}",
        "namespace": "",
        "project_id": "t1",
        "tags": [],
        "input": "ping_vim",
        "scope": "private",
    }
    assert shown == reader.get(f"//openstack/{prefix}workflows/vim_id_{one.uuid}?namespace=")
    assert json.loads(shown["definition"])[row.name]["tasks"] == {TASK: {"action": "tacker.vim_ping_action"}}

    execution = reader.get(f"//openstack/{prefix}executions/{row.execution_id}")
    assert (execution["workflow_id"], execution["workflow_name"]) == (str(row.id), row.name)
    assert json.loads(execution["input"]) == {"ping_vim": {"vim_id": str(one.uuid)}}
    task = reader.get(f"//openstack/{prefix}tasks/{row.task_id}")
    assert (task["name"], task["workflow_execution_id"]) == (TASK, execution["id"])
    assert len(task["started_at"]) == len("2024-12-03 08:17:28")
    assert task["finished_at"] is None


def test_it_runs_while_an_executor_has_it(reader: Caller) -> None:  # T8 T24
    one = vim("one")
    row = workflow(one)
    assert states(reader) == [("IDLE", None)]
    target(row, one.uuid, removed=True)
    owned(one.uuid, 30)
    assert states(reader) == [("IDLE", None)]
    target(row, one.uuid)
    assert states(reader) == [("RUNNING", None)]
    Shard.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert states(reader) == [("IDLE", None)]


def test_a_shard_that_nobody_has_runs_nothing(reader: Caller) -> None:  # T24
    one = vim("one")
    target(workflow(one), one.uuid)
    owned(one.uuid, 30, owner="")

    assert states(reader) == [("IDLE", None)]


def test_one_that_was_killed_is_over(reader: Caller) -> None:  # T30
    one = vim("one")
    row = workflow(one, killed_at=clock.now())
    target(row, one.uuid)
    owned(one.uuid, 30)

    assert states(reader) == [("SUCCESS", "KILLED")]
    task = reader.get(f"//openstack/tasks/{row.task_id}")
    assert task["finished_at"]
    assert json.loads(task["result"]) == "KILLED"


def test_what_is_deleted_is_shown_nowhere(reader: Caller) -> None:  # T11
    one = vim("one")
    row = workflow(one)
    one.delete()

    for plural, key in (("workflows", row.id), ("executions", row.execution_id), ("tasks", row.task_id)):
        assert reader.get(f"//openstack/{plural}")[plural] == []
        assert reader.ask("GET", f"//openstack/{plural}/{key}").status_code == 404


def test_lists_are_filtered_as_the_stock_client_asks(reader: Caller) -> None:  # T7 T8 T9
    rows = [workflow(vim(name)) for name in ("one", "two", "three")]
    second = rows[1]
    query = "?sort_keys=created_at&sort_dirs=desc&limit=100&fields=id,workflow_name,state"

    assert named(reader, f"v2/workflows?name={second.name}") == [second.name]
    assert named(reader, f"executions{query}&workflow_name={second.name}", "id") == [str(second.execution_id)]
    assert named(reader, f"tasks{query}&workflow_name=eq:{second.name}", "id") == [str(second.task_id)]
    assert named(reader, f"executions/{second.execution_id}/tasks", "id") == [str(second.task_id)]
    assert named(reader, "workflows?name=vim_id_nothing") == []


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("name=in:a,c", "ac"),
        ("name=nin:a,c", "b"),
        ("name=neq:a", "bc"),
        ("name=gt:a&name=gt:b", "c"),
        ("name=gte:b", "bc"),
        ("name=lt:b", "a"),
        ("name=lte:b", "ab"),
        ("name=has:b", "b"),
        ("name=odd:b", ""),
        ("nulls=updated_at", ""),
    ],
)
def test_filters_have_mistrals_operators(reader: Caller, filter: str, found: str) -> None:
    for name in "abc":
        workflow(vim(name), name=name)

    assert named(reader, f"workflows?{filter}") == list(found)


def test_lists_are_ordered_and_paged(reader: Caller) -> None:
    rows = {name: workflow(vim(name), name=name) for name in "cab"}

    assert named(reader, "workflows") == ["c", "a", "b"]
    assert named(reader, "workflows?sort_keys=created_at&sort_dirs=desc") == ["b", "a", "c"]
    assert named(reader, "workflows?sort_keys=name") == ["a", "b", "c"]
    assert named(reader, "workflows?sort_keys=scope,name&sort_dirs=asc,desc") == ["c", "b", "a"]
    first = reader.get("//openstack/v2/workflows?sort_keys=name&limit=2")
    assert [one["name"] for one in first["workflows"]] == ["a", "b"]
    rest = reader.get("//" + first["next"].partition("://")[2].partition("/")[2])
    assert [one["name"] for one in rest["workflows"]] == ["c"]
    assert "next" not in rest
    assert named(reader, f"workflows?sort_keys=name&marker={rows['a'].id}") == ["b", "c"]


def test_lists_are_ordered_by_the_first_key_then_by_the_second(reader: Caller) -> None:
    for name, tenant in (("a", "t1"), ("b", "t2"), ("c", "t1")):
        workflow(vim(name, tenant_id=tenant), name=name)

    assert named(reader, "workflows?sort_keys=project_id,name&sort_dirs=asc,desc") == ["c", "a", "b"]
    assert named(reader, "workflows?sort_keys=project_id,name&sort_dirs=desc") == ["b", "a", "c"]


def test_fields_shorten_and_the_id_is_always_there(reader: Caller) -> None:
    row = workflow(vim("one"))

    assert reader.get("//openstack/workflows?fields=name")["workflows"] == [{"id": str(row.id), "name": row.name}]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=red", "colour: 'red' is not allowed"),
        ("limit=0", "limit: '0' is not allowed"),
        ("limit=-1", "limit: '-1' is not allowed"),
        ("sort_keys=colour", "sort_keys: 'colour' is not allowed"),
        ("sort_dirs=up", "sort_dirs: 'up' is not allowed"),
        ("sort_dirs=asc,asc", "sort_dirs: 'asc,asc' is not allowed"),
        ("fields=id,colour", "fields: 'colour' is not allowed"),
    ],
)
def test_wrong_questions_are_refused_in_mistrals_form(reader: Caller, query: str, said: str) -> None:
    answer = reader.ask("GET", f"//openstack/v2/workflows?{query}")

    assert answer.status_code == 400
    assert answer.json()["faultstring"].startswith(said)


@pytest.mark.parametrize(
    "path", ["workflows/nothing", "executions/nothing", f"tasks/{uuid4()}", "workflows?marker=x"]
)
def test_what_is_not_there_is_told_in_mistrals_form(reader: Caller, path: str) -> None:
    answer = reader.ask("GET", f"//openstack/v2/{path}")

    assert answer.status_code == 404
    assert set(answer.json()) == {"faultcode", "faultstring", "debuginfo"}
    assert answer.json()["faultstring"].startswith("there is no ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["workflows", "executions/x", "tasks/x"])
def test_nothing_can_be_changed(reader: Caller, method: str, path: str) -> None:
    answer = reader.ask(method, f"//openstack/v2/{path}", {})

    assert (answer.status_code, answer.json()["faultcode"]) == (405, "Client")
    assert "GET" in answer["Allow"]


def test_nobody_is_told_nothing(nobody: Caller) -> None:
    answer = nobody.ask("GET", "//openstack/workflows")

    assert (answer.status_code, answer.json()["faultcode"]) == (401, "Client")


def test_a_token_of_some_vims_sees_theirs_and_their_vnfs(db: None) -> None:
    ours, theirs = workflow(vim("ours")), workflow(vim("theirs"))
    for one in (ours, theirs):
        vnf = Vnf.objects.create(name=f"vnf of {one.pk}", vim=one.vim, vnfd={})
        Workflow.objects.create(vnf=vnf, name=f"vnf_id_{vnf.pk}", task_name="a", input={})
    some = caller("reader", "tacker_ours")

    seen = some.get("//openstack/v2/workflows")["workflows"]

    assert [one["name"][:7] for one in seen] == ["vim_id_", "vnf_id_"]
    assert seen[0]["id"] == str(ours.id)
    assert len(some.get("//openstack/v2/tasks")["tasks"]) == 2
    assert some.ask("GET", f"//openstack/workflows/{theirs.id}").status_code == 404
    assert some.ask("GET", f"//openstack/workflows/{theirs.name}").status_code == 404
    assert some.ask("GET", f"//openstack/executions/{theirs.execution_id}").status_code == 404


def test_a_long_list_costs_a_handful_of_queries(reader: Caller, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        one = vim(f"v{number}")
        target(workflow(one), one.uuid)

    with django_assert_max_num_queries(4):
        assert len(named(reader, "executions", "id")) == 20
