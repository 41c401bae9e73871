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
from typing import Any

import psycopg
import pytest

from fed_common.core.errors import Retryable
from fed_common.core.health import BAD_ACTION, Flip, Health, Report
from fed_common.monitor.rpc import ConductorClient
from tests.conftest import empty_database
from tests.processes import ROOT, Deployment, Process, deployed
from tests.vhosts import VirtualHost, virtual_host
from tests.waiting import until

pytestmark = pytest.mark.servers
MANY = 3000
SEED = """
import django, json, sys
django.setup()
from tests.watched import targets_of, watched_vim, watched_vnf
names, members, actions = json.loads(sys.argv[1])
for name in names:
    vim = watched_vim(name)
    vnf = watched_vnf(vim, name, members, {"failure": actions})
    print(json.dumps({
        "vim": str(vim.uuid), "vim_action": str(vim.workflow.action_id), "full_id": vim.full_id,
        "vim_targets": [one.pk for one in targets_of(vim)],
        "vnf": str(vnf.pk), "vnf_action": str(vnf.action_id), "targets": [one.pk for one in targets_of(vnf)]}))
"""


class House:
    """A database and a bus, the conductors on them, and a client of theirs."""

    def __init__(self, deployment: Deployment, bus: VirtualHost) -> None:
        self.deployment, self.bus = deployment, bus
        self.client = ConductorClient(bus.url)

    def conductors(self, count: int) -> list[Process]:
        """That many more, once all are ready."""
        made = [self.deployment.start("conductor", wait=False) for _ in range(count)]
        until(lambda: all(one.ready() for one in made), within=90)
        return made

    def seed(self, count: int, members: int = 1, actions: Sequence[str] = ("log",)) -> list[dict[str, Any]]:
        """That many VIMs and a VNF in each, with their ids."""
        names = [f"r{uuid.uuid4().hex[:8]}" for _ in range(count)]
        env = {**self.deployment.env, "DJANGO_SETTINGS_MODULE": "fed_common.settings"}
        command = [sys.executable, "-c", SEED, json.dumps([names, members, list(actions)])]
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.deployment.env["MCFED_DATABASE_URL"], autocommit=True) as database:
            return database.execute(query, values).fetchall()  # type: ignore[arg-type]

    def count(self, query: str, *values: Any) -> int:
        return int(self.rows(query, *values)[0][0])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres_url: str, rabbitmq_url: str) -> Iterator[House]:
    """Two conductors and a gateway. A test that kills one starts another."""
    with virtual_host(rabbitmq_url) as bus, empty_database(postgres_url) as database:
        settings = {"MCFED_DATABASE_URL": database, "MCFED_TRANSPORT_URL": bus.url}
        brake = {"MCFED_BRAKE_PERCENT": "1", "MCFED_BRAKE_WINDOW": "300"}
        with deployed(tmp_path_factory.mktemp("house"), **settings, **brake) as deployment:
            made = House(deployment, bus)
            made.conductors(2)
            deployment.gateway()
            yield made


def patiently(call: Callable[[], Any]) -> Any:
    """The answer, asked for again as executors do while no conductor gives one."""

    def answer() -> Any:
        try:
            return [call()]
        except Retryable:
            return None

    return until(answer, within=60)[0]


def flips(ids: Sequence[int], action_id: str, health: Health) -> list[Report]:
    return [Report(id, action_id, 0, Flip(health, "fall", "no reply")) for id in ids]


def invoked(house: House, vnf: str) -> int:
    said = "event_details = 'ActionLogOnly invoked'"
    return house.count(f"select count(*) from monitor_lifecycleevent where {said} and resource_id = %s", vnf)


def living(house: House) -> list[Process]:
    return [one for one in house.deployment.processes if "conductor" in one.log.name and one.get("/healthz")]


def told_all(bus: VirtualHost) -> list[dict[str, Any]]:
    """Its queues, once the management knows how many read each."""
    told = bus.told("queues")
    return told if all("consumers" in queue for queue in told) else []


# T43
def test_each_conductor_has_a_queue_of_its_own_and_all_read_the_common_one(house: House) -> None:
    names = {queue["name"]: queue["consumers"] for queue in until(lambda: told_all(house.bus))}
    assert names["TACKER_CONDUCTOR"] == 2
    assert sum(name.startswith("TACKER_CONDUCTOR.") for name in names) == 2
    assert sum(name.startswith("TACKER_CONDUCTOR_fanout_") for name in names) == 2


# T35, T36, T37
def test_the_status_of_a_vim_is_updated_over_the_bus(house: House) -> None:
    [known] = house.seed(1)
    update, action = house.client.update_vim, known["vim_action"]
    assert patiently(lambda: update(known["vim"], "REACHABLE", action)) == "REACHABLE"
    assert patiently(lambda: update(known["vim"], "UNREACHABLE", str(uuid.uuid4()))) == BAD_ACTION
    assert patiently(lambda: update(str(uuid.uuid4()), "REACHABLE", action)) == BAD_ACTION
    of_vim = "select resource_state from monitor_lifecycleevent where resource_id = %s"
    assert house.rows(of_vim, known["vim"]) == [("REACHABLE",)]
    for vim_or_vnf in ("vim_action", "vnf_action"):
        assert patiently(lambda which=vim_or_vnf: house.client.killed(known[which])) == "KILLED"
    assert patiently(lambda: update(known["vim"], "UNREACHABLE", action)) == BAD_ACTION


# T38, T39, T40
def test_a_policy_action_that_fifty_ask_for_with_one_key_is_done_once(house: House) -> None:
    [known] = house.seed(1)
    about, actions = {"id": known["vnf"], "key": "one outage"}, {"failure": "log"}
    ask = house.client.execute_policy_action
    assert patiently(lambda: ask(about, "failure", actions, str(uuid.uuid4()))) == BAD_ACTION

    def asked(_: int) -> str:
        return str(patiently(lambda: ask(about, "failure", actions, known["vnf_action"])))

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(asked, range(50))) == {"failure"}
    until(lambda: invoked(house, known["vnf"]) == 1)
    assert house.count("select count(*) from monitor_operation where vnf_id = %s", known["vnf"]) == 1


def test_reports_in_any_order_and_changes_of_the_vims_do_not_block_each_other(house: House) -> None:
    seeds = house.seed(8, members=5)
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
        vim = seeds[turn % len(seeds)]["full_id"]
        house.deployment.rest("PATCH", f"/vims/{vim}", {"description": f"words {turn}"})
        return set()

    with ThreadPoolExecutor(4) as pool:
        turns = [pool.submit(change if turn % 3 == 2 else report, turn) for turn in range(30)]
        answers = set[str]().union(*(turn.result(60) for turn in turns))
    assert answers == {"UP", "DOWN"}
    assert house.count("select count(*) from monitor_lifecycleevent where event_type = 'UPDATE'") == 10


# T103
def test_thousands_that_fail_at_once_are_recorded_and_the_brake_holds_what_would_destroy(house: House) -> None:
    seeds = house.seed(MANY // 50, members=50, actions=["respawn"])
    vnfs = [seed["vnf"] for seed in seeds]
    reports = [one for seed in seeds for one in flips(seed["targets"], seed["vnf_action"], Health.DOWN)]
    batches = [reports[start : start + 500] for start in range(0, MANY, 500)]

    def report(batch: Sequence[Report]) -> list[str]:
        answers: list[str] = patiently(lambda: house.client.report(batch))
        return answers

    with ThreadPoolExecutor(3) as pool:  # as many as executors
        answers = [answer for told in pool.map(report, batches) for answer in told]
    assert answers == ["DOWN"] * MANY
    for recorded in (
        "monitor_target where subject = any(%s::uuid[]) and health = 'DOWN' and failure_seq = 1",
        "monitor_vnfc where vnf_id = any(%s::uuid[]) and health = 'DOWN'",
        "monitor_lifecycleevent where resource_id = any(%s::uuid[]) and resource_type = 'vdu'",
        "monitor_operation where vnf_id = any(%s::uuid[])",
    ):
        assert house.count(f"select count(*) from {recorded}", vnfs) == MANY
    asked = "select count(*) from monitor_operation where vnf_id = any(%s::uuid[])"
    until(lambda: house.count(f"{asked} and starts_with(reason, 'brake')", vnfs) >= len(vnfs))
    assert house.count(f"{asked} and state in ('done', 'failed')", vnfs) == 0


def test_what_happened_is_told_to_the_river_though_the_one_who_told_is_killed(house: House) -> None:
    house.deployment.subscribe("store", {"publisher": "store"})
    [known] = house.seed(1)

    def told() -> list[str]:
        events = house.deployment.rest("GET", f"/events?kind=VIM_STATUS&vim_id={known['full_id']}")["events"]
        return [one["state"] for one in sorted(events, key=lambda one: one["occurred_at"])]

    def flip(health: Health) -> None:
        patiently(lambda: house.client.report(flips(known["vim_targets"], known["vim_action"], health)))

    flip(Health.UP)
    until(lambda: told() == ["REACHABLE"])
    elected = [one for one in living(house) if one.get("/healthz").json()["elected"]]  # type: ignore[union-attr]
    for one in elected:
        one.kill()
    flip(Health.DOWN)
    flip(Health.UP)
    until(lambda: told() == ["REACHABLE", "UNREACHABLE", "REACHABLE"])


# T44
def test_a_call_whose_conductor_is_killed_is_made_again_and_done_once(house: House) -> None:
    [known] = house.seed(1)
    about = {"id": known["vnf"], "key": "one outage"}

    def ask() -> str:
        return house.client.execute_policy_action(about, "failure", {"failure": "log"}, known["vnf_action"])

    answers: list[str] = []
    doomed = living(house)
    with psycopg.connect(house.deployment.env["MCFED_DATABASE_URL"]) as holding:
        holding.execute("select id from monitor_vnf where id = %s for update", [known["vnf"]])
        asking = threading.Thread(target=lambda: answers.append(patiently(ask)))
        asking.start()
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        until(lambda: house.count(waiting))
        for one in doomed:
            one.kill()
        house.conductors(1)
    asking.join(60)
    assert answers == ["failure"]
    until(lambda: invoked(house, known["vnf"]) == 1)
    assert patiently(ask) == "failure"
    assert house.count("select count(*) from monitor_operation where vnf_id = %s", known["vnf"]) == 1
