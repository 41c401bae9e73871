"""A workflow of the monitor as Mistral shows workflows, executions and tasks.

Source: Mistral's API reference (v2) and mistralclient/commands/v2.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fed_common.monitor.models import Workflow

Plain = dict[str, Any]

RUNNING, SUCCESS, IDLE = "RUNNING", "SUCCESS", "IDLE"
KILLED = "KILLED"
VIM_ACTION, VNF_ACTION = "tacker.vim_ping_action", "tacker.vnf_ping_action"


def workflow(row: Workflow, _watched: bool) -> Plain:
    """The workflow itself."""
    return {
        "id": str(row.id),
        "name": row.name,
        "namespace": "",
        "project_id": _project(row),
        "tags": [],
        "input": ", ".join(row.input),
        "definition": _definition(row),
        "scope": "private",
        "created_at": _moment(row.created_at),
        "updated_at": _moment(row.updated_at),
    }


def execution(row: Workflow, watched: bool) -> Plain:
    """Its one execution. ``watched``: an executor has its targets now."""
    return {
        "id": str(row.execution_id),
        **_belongs(row),
        "description": "",
        "params": "{}",
        "task_execution_id": None,
        "root_execution_id": None,
        "source_execution_id": None,
        **_state(row, watched),
        "input": json.dumps(row.input),
        "output": "{}",
        "created_at": _moment(row.created_at),
        "updated_at": _moment(row.updated_at),
    }


def task(row: Workflow, watched: bool) -> Plain:
    """Its one task. ``watched``: an executor has its targets now."""
    return {
        "id": str(row.task_id),
        "name": row.task_name,
        "type": "ACTION",
        **_belongs(row),
        "workflow_execution_id": str(row.execution_id),
        **_state(row, watched),
        "tags": [],
        "result": json.dumps(KILLED if row.killed_at else None),
        "published": "{}",
        "published_global": "{}",
        "processed": row.killed_at is not None,
        "created_at": _moment(row.created_at),
        "updated_at": _moment(row.updated_at),
        "started_at": _moment(row.created_at),
        "finished_at": _moment(row.killed_at),
    }


def _belongs(row: Workflow) -> Plain:
    return {
        "workflow_id": str(row.id),
        "workflow_name": row.name,
        "workflow_namespace": "",
        "project_id": _project(row),
    }


def _state(row: Workflow, watched: bool) -> Plain:
    if row.killed_at:
        return {"state": SUCCESS, "state_info": KILLED}
    return {"state": RUNNING if watched else IDLE, "state_info": None}


def _project(row: Workflow) -> str:
    owner = row.vim or row.vnf
    return owner.tenant_id if owner else ""


def _definition(row: Workflow) -> str:
    """In Mistral's language, to be read: it is not Mistral that runs it."""
    tasks = {row.task_name: {"action": VIM_ACTION if row.vim_id else VNF_ACTION}}
    body = {"version": "2.0", row.name: {"type": "direct", "input": list(row.input), "tasks": tasks}}
    return json.dumps(body, indent=2)


def _moment(moment: datetime | None) -> str | None:
    """The only form that the stock client reads."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else None
