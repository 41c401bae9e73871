"""Ceilometer and Aodh as a contender: event agent, listener and notifier, each one process, as out of the box."""

from __future__ import annotations

import json
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pika
import psycopg

from tests.bench.measure import cpu_seconds
from tests.conftest import empty_database, service
from tests.consumer import Consumer, consumer
from tests.nova_updates import TENANT, alarm_body
from tests.waiting import until

AODH = "[DEFAULT]\ntransport_url = {bus}\n[database]\nconnection = {database}\n[api]\nauth_mode = noauth\n"
CEILOMETER = (
    "[DEFAULT]\ntransport_url = {bus}\nevent_pipeline_cfg_file = {folder}/event_pipeline.yaml\n"
    "[notification]\npipelines = event\nnotification_control_exchanges = {exchange}\n"
    "[event]\nevent_pipeline_cfg_file = {folder}/event_pipeline.yaml\n"
)
PIPELINE = (
    "sources:\n  - {name: all, events: ['*'], sinks: [alarms]}\n"
    "sinks:\n  - {name: alarms, publishers: ['notifier://?topic=alarm.all']}\n"
)
QUEUES = ("notifications.info", "alarm.all.sample", "alarming.sample")


class Peer:
    """See ``tests.bench.alarms.Chain``."""

    name = "Ceilometer + Aodh"
    exchange = "nova"

    def __init__(self, amqp: str, database: str, consumer: Consumer, pids: Sequence[int]) -> None:
        self.amqp, self._database, self.consumer, self._pids = amqp, database, consumer, pids

    def rule(self, instance_id: str) -> None:
        """See Chain."""
        self.lay([instance_id], self.consumer.url(), repeat=True)

    def once(self, ids: Sequence[str]) -> None:
        """See Chain."""
        self.lay(ids, self.consumer.url())

    def lay(self, ids: Sequence[str], action: str, *, repeat: bool = False) -> None:
        """A rule for each of these instances."""
        now = datetime.now()
        fixed = {"enabled": True, "name": "bench", "type": "event", "severity": "low", "project_id": TENANT}
        empty = dict.fromkeys(("ok_actions", "insufficient_data_actions", "time_constraints"), "[]")
        times = dict.fromkeys(("timestamp", "state_timestamp", "evaluate_timestamp"), now)
        state = {"state": "insufficient data", "alarm_actions": json.dumps([action]), "repeat_actions": repeat}
        rows = [
            {
                **(fixed | empty | times | state),
                "alarm_id": str(uuid.uuid4()),
                "rule": json.dumps(alarm_body("bench", one, action)["event_rule"]),
            }
            for one in ids
        ]
        names = ", ".join(rows[0])
        marks = ", ".join(f"%({name})s" for name in rows[0])
        with psycopg.connect(self._database) as connection, connection.cursor() as cursor:
            cursor.executemany(f"insert into alarm ({names}) values ({marks})", rows)

    def cpu(self) -> float:
        """See Chain."""
        return sum(cpu_seconds(one) for pid in self._pids for one in _family(pid))


@contextmanager
def peer(rules: int) -> Iterator[Peer]:
    """With so many rules of other instances in the same project."""
    programs = Path(service("aodh", "path"))
    for server in ("rabbitmq", "postgres"):
        service(server, "start")
    amqp = service("rabbitmq", "url")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(empty_database(service("postgres", "url")))
        sink = stack.enter_context(consumer())
        _forget(amqp)
        aodh, ceilometer = _configure(folder, amqp, database)
        subprocess.run([programs / "aodh-dbsync", *aodh], check=True, capture_output=True, timeout=120)
        commands = [
            [programs / "aodh-listener", *aodh],
            [programs / "aodh-notifier", *aodh],
            [programs / "ceilometer-agent-notification", *ceilometer],
        ]
        running = [stack.enter_context(_process(command, folder)) for command in commands]
        until(lambda: all(_has_reader(amqp, queue) for queue in QUEUES), within=60, every=0.5)
        made = Peer(amqp, database, sink, [one.pid for one in running])
        made.lay([str(uuid.uuid4()) for _ in range(rules)], "http://127.0.0.1:9/never")
        yield made


def _configure(folder: Path, amqp: str, database: str) -> tuple[list[str], list[str]]:
    values = {
        "bus": amqp.replace("amqp://", "rabbit://"),
        "database": database,
        "folder": folder,
        "exchange": Peer.exchange,
    }
    (folder / "aodh.conf").write_text(AODH.format(**values))
    (folder / "ceilometer.conf").write_text(CEILOMETER.format(**values))
    (folder / "event_pipeline.yaml").write_text(PIPELINE)
    return ["--config-file", str(folder / "aodh.conf")], ["--config-file", str(folder / "ceilometer.conf")]


@contextmanager
def _process(command: Sequence[object], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("ab") as log:
        started = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _family(pid: int) -> list[int]:
    """The process and all that come of it."""
    lists = [one.read_text().split() for one in Path(f"/proc/{pid}/task").glob("*/children")]
    return [pid, *(further for some in lists for child in some for further in _family(int(child)))]


def _has_reader(amqp: str, queue: str) -> bool:
    with pika.BlockingConnection(pika.URLParameters(amqp)) as connection:
        try:
            return bool(connection.channel().queue_declare(queue, passive=True).method.consumer_count)
        except pika.exceptions.ChannelClosedByBroker:
            return False


def _forget(amqp: str) -> None:
    """What an earlier run left in the queues would be told in this one."""
    with pika.BlockingConnection(pika.URLParameters(amqp)) as connection:
        for queue in QUEUES:
            connection.channel().queue_delete(queue)
        connection.channel().exchange_delete(Peer.exchange)
