"""Conductors as processes, on PostgreSQL and RabbitMQ: they share the calls, and one that dies is not missed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from fed_common.core.errors import Retryable
from fed_common.core.health import BAD_ACTION, Flip, Health, Report
from fed_common.monitor.rpc import ConductorClient
from tests.conftest import service
from tests.processes import ROOT, Deployment, Process, deployed
from tests.waiting import until

pytestmark = pytest.mark.servers
MANY = 3000
SEED = """
import json, sys
from tests.watched import targets_of, watched_vim, watched_vnf
name, members, actions = json.loads(sys.argv[1])
vim = watched_vim(name)
vnf = watched_vnf(vim, name, members, {"failure": actions})
told = {"vim": str(vim.uuid), "vim_action": str(vim.workflow.action_id),
        "vim_targets": [one.pk for one in targets_of(vim)],
        "vnf": str(vnf.pk), "vnf_action": str(vnf.action_id), "targets": [one.pk for one in targets_of(vnf)]}
print(json.dumps(told))
"""
SETUP = "import django; django.setup()\n"


class House:
    """A database and a bus, the conductors on them, and a client of theirs."""

    def __init__(self, deployment: Deployment, bus: str) -> None:
        self.deployment, self.bus = deployment, bus
        self.client = ConductorClient(bus)

    def conductor(self) -> Process:
        return self.deployment.start("conductor")

    def seed(self, members: int = 1, actions: Sequence[str] = ("log",)) -> dict[str, Any]:
        """A VIM and a VNF in it, with their ids."""
        words = json.dumps([f"r{uuid.uuid4().hex[:8]}", members, list(actions)])
        env = {**self.deployment.env, "DJANGO_SETTINGS_MODULE": "fed_common.settings"}
        command = [sys.executable, "-c", SETUP + SEED, words]
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.deployment.env["MCFED_DATABASE_URL"], autocommit=True) as database:
            return database.execute(query, values).fetchall()  # type: ignore[arg-type]

    def count(self, query: str, *values: Any) -> int:
        return int(self.rows(query, *values)[0][0])


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    name = f"conductor_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"create database {name}")
    yield f"{postgres_url.rpartition('/')[0]}/{name}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"drop database {name} with (force)")


@pytest.fixture
def house(tmp_path: Path, database_url: str, vhost_url: str) -> Iterator[House]:
    with deployed(tmp_path, MCFED_DATABASE_URL=database_url, MCFED_TRANSPORT_URL=vhost_url) as deployment:
        yield House(deployment, vhost_url)


def patiently(call: Callable[[], Any]) -> Any:
    """The answer, asked for again as executors do while no conductor gives one."""

    def answer() -> Any:
        try:
            return [call()]
        except Retryable:
            return None

    return until(answer, within=60)[0]


def queues(url: str) -> dict[str, int]:
    """Name -> how many read it."""
    vhost = urlsplit(url).path[1:]
    listed = service(
        "rabbitmq", "ctl", "-q", "list_queues", "-p", vhost, "name", "consumers", "--no-table-headers"
    )
    return {line.split()[0]: int(line.split()[1]) for line in listed.splitlines()}


def flips(ids: Sequence[int], action_id: str, health: Health) -> list[Report]:
    return [Report(id, action_id, 0, Flip(health, "fall", "no reply")) for id in ids]


# T35, T36, T37, T38, T39, T40, T43
def test_two_conductors_share_the_calls_and_do_each_thing_once(house: House) -> None:
    first, second = house.conductor(), house.conductor()
    names = queues(house.bus)
    assert names["TACKER_CONDUCTOR"] == 2
    assert sum(name.startswith("TACKER_CONDUCTOR.") for name in names) == 2
    assert sum(name.startswith("TACKER_CONDUCTOR_fanout_") for name in names) == 2

    known = house.seed()
    obsolete = str(uuid.uuid4())
    assert house.client.update_vim(known["vim"], "REACHABLE", known["vim_action"]) == "REACHABLE"
    assert house.client.update_vim(known["vim"], "UNREACHABLE", obsolete) == BAD_ACTION
    assert house.client.update_vim(str(uuid.uuid4()), "REACHABLE", known["vim_action"]) == BAD_ACTION
    of_vim = "select resource_state from monitor_lifecycleevent where resource_id = %s"
    assert house.rows(of_vim, known["vim"]) == [("REACHABLE",)]

    about = {"id": known["vnf"], "key": "one outage"}
    actions = {"failure": "log"}
    assert house.client.execute_policy_action(about, "failure", actions, obsolete) == BAD_ACTION

    def ask(_: int) -> str:
        return str(
            patiently(lambda: house.client.execute_policy_action(about, "failure", actions, known["vnf_action"]))
        )

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(ask, range(50))) == {"failure"}
    invoked = "select count(*) from monitor_lifecycleevent where event_details = 'ActionLogOnly invoked'"
    until(lambda: house.count(invoked) == 1)
    assert house.count("select count(*) from monitor_operation") == 1

    first.kill()
    assert (
        patiently(lambda: house.client.update_vim(known["vim"], "UNREACHABLE", known["vim_action"]))
        == "UNREACHABLE"
    )
    assert second.ready()


# T44
def test_a_call_whose_conductor_is_killed_is_made_again_and_done_once(house: House) -> None:
    doomed = house.conductor()
    known = house.seed(actions=["log"])
    about = {"id": known["vnf"], "key": "one outage"}

    def ask() -> str:
        return house.client.execute_policy_action(about, "failure", {"failure": "log"}, known["vnf_action"])

    answers: list[str] = []
    with psycopg.connect(house.deployment.env["MCFED_DATABASE_URL"]) as holding:
        holding.execute("select id from monitor_vnf for update")
        asking = threading.Thread(target=lambda: answers.append(patiently(ask)))
        asking.start()
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        until(lambda: house.count(waiting))
        doomed.kill()
        house.conductor()
    asking.join(60)
    assert answers == ["failure"]
    invoked = "select count(*) from monitor_lifecycleevent where event_details = 'ActionLogOnly invoked'"
    until(lambda: house.count(invoked) == 1)
    assert ask() == "failure"
    assert house.count("select count(*) from monitor_operation") == 1


# T103
def test_thousands_that_fail_at_once_are_recorded_and_the_brake_holds_what_would_destroy(house: House) -> None:
    house.conductor(), house.conductor()
    known = house.seed(members=MANY, actions=["respawn"])
    ids, action = known["targets"], known["vnf_action"]
    batches = [flips(ids[start : start + 500], action, Health.DOWN) for start in range(0, len(ids), 500)]

    def report(batch: Sequence[Report]) -> list[str]:
        answers: list[str] = patiently(lambda: house.client.report(batch))
        return answers

    with ThreadPoolExecutor(3) as pool:  # as many as executors
        answers = [answer for told in pool.map(report, batches) for answer in told]
    assert answers == ["DOWN"] * MANY
    assert house.count("select count(*) from monitor_target where health = 'DOWN' and failure_seq = 1") == MANY
    assert house.count("select count(*) from monitor_vnfc where health = 'DOWN'") == MANY
    assert house.count("select count(*) from monitor_lifecycleevent where resource_type = 'vdu'") == MANY
    assert house.count("select count(*) from monitor_operation") == MANY
    until(lambda: house.count("select count(*) from monitor_operation where starts_with(reason, 'brake')"))
    assert house.count("select count(*) from monitor_operation where state = 'done'") == 0


def test_reports_in_any_order_and_changes_of_the_vims_do_not_block_each_other(house: House) -> None:
    house.conductor(), house.conductor()
    house.deployment.gateway()
    seeds = [house.seed(members=5) for _ in range(8)]
    targets = [(one, seed["vim_action"]) for seed in seeds for one in seed["vim_targets"]]
    targets += [(one, seed["vnf_action"]) for seed in seeds for one in seed["targets"]]

    def report(turn: int) -> set[str]:
        chance = random.Random(turn)
        mixed = chance.sample(targets, len(targets))
        reports = [
            Report(id, action, 0, Flip(chance.choice((Health.UP, Health.DOWN)), "r")) for id, action in mixed
        ]
        return set(house.client.report(reports))

    def change(turn: int) -> set[str]:
        [vim] = house.rows("select full_id from inventory_vim order by id offset %s limit 1", turn % len(seeds))
        house.deployment.rest("PATCH", f"/vims/{vim[0]}", {"description": f"words {turn}"})
        return set()

    with ThreadPoolExecutor(6) as pool:
        turns = [pool.submit(change if turn % 3 == 2 else report, turn) for turn in range(60)]
        answers = set[str]().union(*(turn.result(60) for turn in turns))
    assert answers == {"UP", "DOWN"}
    told = "select count(*) from monitor_lifecycleevent where event_type = 'UPDATE'"
    assert house.count(told) == 20


def test_what_happened_is_told_to_the_river_though_the_one_who_told_is_killed(house: House) -> None:
    house.deployment.gateway()
    house.deployment.subscribe("store", {"publisher": "store"})
    both = [house.conductor(), house.conductor()]
    known = house.seed()
    [target] = known["vim_targets"]

    def elected() -> Process:
        return until(lambda: next((one for one in both if one.get("/healthz").json()["elected"]), None))  # type: ignore[union-attr]

    def told() -> list[str]:
        events = house.deployment.rest("GET", "/events?kind=VIM_STATUS&limit=100")["events"]
        return [one["state"] for one in sorted(events, key=lambda one: one["occurred_at"])]

    def flip(health: Health) -> None:
        patiently(lambda: house.client.report(flips([target], known["vim_action"], health)))

    flip(Health.UP)
    until(lambda: told() == ["REACHABLE"])
    first = elected()
    first.kill()
    both.remove(first)
    flip(Health.DOWN)
    flip(Health.UP)
    until(lambda: told() == ["REACHABLE", "UNREACHABLE", "REACHABLE"])
