"""The transcript of Tacker's guide to VIM monitoring, replayed with the stock clients against real processes.

Where the clients of today differ from those of the guide: ``vim register`` prints no ``Created a new vim:``,
``vim list`` has no ``--name`` and heads its columns ID, Name, Status.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import service
from tests.processes import Deployment, deployed
from tests.stock import Stock
from tests.waiting import until

TASK = "monitor_ping_vimPingVIMTASK"

pytestmark = pytest.mark.servers


@pytest.fixture
def gateway(tmp_path: Path, database_url: str, vhost_url: str) -> Iterator[Deployment]:
    """A gateway on PostgreSQL and RabbitMQ, whose VIMs are pinged; without executor and conductor yet."""
    servers = {"MCFED_DATABASE_URL": database_url, "MCFED_TRANSPORT_URL": vhost_url}
    with deployed(tmp_path, MCFED_VIM_PROBE="ping", **servers) as deployment:
        deployment.gateway()
        yield deployment


@pytest.fixture
def stock(gateway: Deployment, openstack_clients: Path, tmp_path: Path) -> Stock:
    return Stock.of(gateway, openstack_clients, tmp_path)


def table(stock: Stock, command: str, *words: str) -> list[list[str]]:
    """Head and rows of the table that a command prints; the guide's commands end in such a one."""
    done = stock.run(*command.split(), *words)
    assert done.code == 0, done.err
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.out.splitlines() if "|" in line]


def queues(vhost_url: str) -> dict[str, int]:
    """``rabbitmqctl list_queues | grep KILL_ACTION``: names and messages."""
    listed = service("rabbitmq", "ctl", "-q", "list_queues", "-p", urlsplit(vhost_url).path[1:])
    found = dict(line.split("\t") for line in listed.splitlines() if line.startswith("KILL_ACTION"))
    return {name: int(messages) for name, messages in found.items()}


def monitoring(stock: Stock, vim: str) -> list[list[list[str]]]:
    """The guide's three questions about the monitoring of a VIM."""
    name = f"vim_id_{vim}"
    columns = ["-c", "ID", "-c", "Workflow name", "-c", "State"]
    of_it = ["--filter", f"workflow_name={name}", *columns]
    return [
        table(stock, "workflow list", "--filter", f"name={name}", "-c", "ID", "-c", "Name"),
        table(stock, "workflow execution list", *of_it),
        table(stock, "task execution list", *of_it, "-c", "Name"),
    ]


def ask(gateway: Deployment, path: str) -> list[dict[str, Any]]:
    """What the clients would list, asked without them: they are slow."""
    answer = gateway.session.get(f"{gateway.url}/openstack/{path}", timeout=60).json()
    return next(iter(answer.values()))  # type: ignore[no-any-return]


def state(gateway: Deployment, vim: str) -> str:
    """That of the VIM's execution."""
    return str(ask(gateway, f"v2/executions?workflow_name=vim_id_{vim}")[0]["state"])


def events(gateway: Deployment, vim: str) -> list[tuple[str, str]]:
    """Types and states of what the VIM went through."""
    found = ask(gateway, f"v1.0/events?resource_id={vim}")
    return [(one["event_type"], one["resource_state"]) for one in found]


def test_the_guide_is_replayed(stock: Stock, gateway: Deployment, vhost_url: str) -> None:
    early = {
        "cloud_owner": "early",
        "cloud_region_id": "one",
        "type": "openstack",
        "auth_url": "http://127.0.0.2/v3",
    }
    waits = gateway.rest("POST", "/vims", {**early, "credentials": {"username": "u", "password": "p"}})["uuid"]
    assert state(gateway, waits) == "IDLE"  # T24
    gateway.start("conductor")
    assert gateway.rest("GET", "/vims/early_one")["status"] == "PENDING"
    gateway.start("monitor")
    until(lambda: gateway.rest("GET", "/vims/early_one")["status"] == "REACHABLE")
    assert state(gateway, waits) == "RUNNING"

    words = ["-c", "id", "-c", "name", "-c", "status"]  # T4
    file = stock.config(auth_url="http://127.0.0.1:5000/v3")
    registered = table(stock, "vim register --config-file", file, "testvim2", *words)
    vim = registered[1][1]
    assert registered == [["Field", "Value"], ["id", vim], ["name", "testvim2"], ["status", "PENDING"]]

    until(lambda: state(gateway, vim) == "RUNNING")
    workflow, execution, task = monitoring(stock, vim)
    name = f"vim_id_{vim}"
    assert workflow == [["ID", "Name"], [workflow[1][0], name]]  # T7
    assert execution == [["ID", "Workflow name", "State"], [execution[1][0], name, "RUNNING"]]  # T8
    head = ["ID", "Name", "Workflow name", "State"]
    assert task == [head, [task[1][0], TASK, name, "RUNNING"]]  # T9
    assert len({vim, workflow[1][0], execution[1][0], task[1][0]}) == 4

    until(lambda: gateway.rest("GET", "/vims/tacker_testvim2")["status"] == "REACHABLE")
    listed = table(stock, "vim list", "-c", "ID", "-c", "Name", "-c", "Status")
    assert [vim, "testvim2", "REACHABLE"] in listed  # T5
    assert events(gateway, vim) == [("CREATE", "PENDING"), ("MONITOR", "REACHABLE")]  # T1 T2

    waiting = queues(vhost_url)  # T10
    assert {"KILL_ACTION", f"KILL_ACTION.{vim}", f"KILL_ACTION.{waits}"} <= set(waiting)
    assert len([name for name in waiting if re.fullmatch("KILL_ACTION_fanout_[0-9a-f]{32}", name)]) == 1
    assert set(waiting.values()) == {0}

    assert stock.run("vim", "delete", "testvim2").out == "All specified vim(s) deleted successfully\n"  # T11
    questions = (f"workflows?name={name}", f"executions?workflow_name={name}", f"tasks?workflow_name={name}")
    assert [ask(gateway, f"v2/{one}") for one in questions] == [[], [], []]
    assert table(stock, "workflow list", "-c", "Name") == [["Name"], [f"vim_id_{waits}"]]
    assert events(gateway, vim)[2:] == [("DELETE", "REACHABLE")]
    until(lambda: f"KILL_ACTION.{vim}" not in queues(vhost_url))
