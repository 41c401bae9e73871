"""How long an address is not asked when its executor is killed: real executors, real targets, seen on the wire.

Three executors watch 10,000 addresses each second; one after the other is killed with SIGKILL and replaced.
``python -m tests.bench.watched`` runs it alone.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg

from tests.addresses import Addresses
from tests.conftest import empty_database, service
from tests.processes import Deployment, Process, deployed
from tests.soak.world import Listening
from tests.vhosts import virtual_host
from tests.waiting import until

TARGETS, SUBJECTS, EXECUTORS, KILLS, QUIET = 10_000, 1_000, 3, 3, 6.0
_WORKFLOW = """insert into monitor_workflow
  (id, name, execution_id, task_id, action_id, task_name, input, fingerprint, created_at, updated_at)
  values (%(id)s, %(name)s, %(id)s, %(id)s, %(id)s, 'bench', '{}', '', now(), now())"""
_TARGET = """insert into monitor_target
  (workflow_id, action_id, subject, shard, kind, address, port, count, interval, timeout, retry, fall, rise,
   actions, health, rule, reason, flapping, failure_seq, answered_seq, removed, revision)
  values (%(id)s, %(id)s, %(id)s, %(shard)s, 'ping', %(address)s, 0, 1, 1, 1, 1, 1, 1,
   '{}', 'UP', '', '', false, 0, 0, false, 1)"""


def main() -> None:
    """Print the table."""
    for name in ("rabbitmq", "postgres"):
        service(name, "start")
    print(f"| {TARGETS:,} addresses, 3 executors | echoes/s | kills | gaps over 1.3 s | p99 s | longest s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    rabbitmq = service("rabbitmq", "url").replace("amqp://", "rabbit://")
    with (
        Addresses(TARGETS) as addresses,
        empty_database(service("postgres", "url")) as database,
        virtual_host(rabbitmq) as host,
        tempfile.TemporaryDirectory() as folder,
        deployed(Path(folder), MCFED_DATABASE_URL=database, MCFED_TRANSPORT_URL=host.url) as deployment,
    ):
        _fill(database, addresses.v4)
        working = [deployment.start("monitor") for _ in range(EXECUTORS)]
        until(lambda: _watched(working) == TARGETS, within=60, every=0.2)
        time.sleep(QUIET)
        _tell(*_kill_one_after_the_other(deployment, addresses, working))


def _kill_one_after_the_other(
    deployment: Deployment, addresses: Addresses, working: list[Process]
) -> tuple[dict[str, Any], list[float], float]:
    """What was heard, when who was killed, and for how many seconds was listened."""
    listening, began, killed = Listening(addresses), time.time(), []
    for place in range(KILLS):
        time.sleep(QUIET)
        killed.append(time.time())
        working[place].kill()
        time.sleep(QUIET)
        working[place] = deployment.start("monitor")
        until(lambda: _watched(working) == TARGETS, within=60, every=0.2)
    return listening.end(), killed, time.time() - began


def _tell(heard: dict[str, Any], killed: Sequence[float], seconds: float) -> None:
    gaps = sorted(gap for _, gap, end in heard["gaps"] if any(0 <= end - moment < QUIET for moment in killed))
    p99 = quantiles(gaps, n=100)[98] if len(gaps) > 1 else 0.0
    rate = heard["echoes"] / seconds
    print(
        f"| kill -9 | {rate:,.0f} | {KILLS} | {len(gaps)} | {p99:.2f} | {max(gaps, default=0.0):.2f} |", flush=True
    )


def _fill(database: str, addresses: Sequence[str]) -> None:
    """All of them are known to be UP, so nobody has anything to report."""
    subjects = [uuid.uuid4() for _ in range(SUBJECTS)]
    rows = [
        {"id": subjects[number % SUBJECTS], "address": address, "shard": subjects[number % SUBJECTS].int % 256}
        for number, address in enumerate(addresses)
    ]
    with psycopg.connect(database) as server, server.cursor() as cursor:
        cursor.executemany(_WORKFLOW, [{"id": one, "name": f"vnf_id_{one}"} for one in subjects])
        cursor.executemany(_TARGET, rows)
        cursor.execute("insert into monitor_targetrevision (number) values (1)")


def _watched(executors: Sequence[Process]) -> int:
    pages = [one.get("/readyz") for one in executors]
    return sum(page.json()["targets"] for page in pages if page is not None)


if __name__ == "__main__":
    main()
