"""Real executors on a database of their own, targets that really stop answering, and a conductor that notes."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from fed_common.bus.rpc import RpcClient, RpcServer
from fed_common.core.health import Report
from fed_common.monitor.rpc import CONDUCTOR_TOPIC, EXCHANGE, KILL_TOPIC
from tests.conftest import empty_database
from tests.processes import Deployment, Process, deployed
from tests.vhosts import VirtualHost, virtual_host


class Listening:
    """A port of the loopback that answers until it is closed. ``asked`` counts who came."""

    def __init__(self) -> None:
        self.asked = 0
        self.port = 0
        self.open()

    def open(self) -> None:
        """Answer, on the same port as before."""
        self._socket = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                self.asked += 1
                near.close()


class NotingConductor:
    """Answers as ``answer`` says, and notes what it is told. Public methods are those of the wire."""

    def __init__(self, url: str, targets: Targets) -> None:
        self._url, self._targets = url, targets
        self.told: list[Report] = []
        self.calls = 0
        self.kills: list[str] = []
        self.answer: Callable[[Report], str] = lambda report: report.flip.health.value
        self._server: RpcServer | None = None

    def _open(self) -> None:
        server = {"exchange": EXCHANGE, "topic": CONDUCTOR_TOPIC, "server": f"noting-{uuid.uuid4().hex[:6]}"}
        self._server = RpcServer(self._url, **server, endpoints=[self])
        self._server.start()

    def _close(self) -> None:
        if self._server:
            self._server.stop()

    def report(self, context: dict[str, Any], reports: Sequence[dict[str, Any]]) -> list[str]:
        self.calls += 1
        read = [Report.from_dict(one) for one in reports]
        self.told += read
        for one in read:
            self._targets.judge(one.target, one.flip.health.value)
        return [self.answer(one) for one in read]

    def killed(self, context: dict[str, Any], action_id: str) -> str:
        self.kills.append(action_id)
        return "KILLED"

    def _of(self, target: int) -> list[tuple[str, str]]:
        return [(one.flip.health.value, one.flip.rule) for one in self.told if one.target == target]


class Targets:
    """The rows, written as a gateway writes them."""

    def __init__(self, url: str) -> None:
        self._url = url

    def add(self, port: int, *, subject: uuid.UUID | None = None, **columns: Any) -> tuple[int, str, str]:
        """A tcp target of 0.1 s; its id, action and subject."""
        subject = subject or uuid.uuid4()
        row = {
            "action_id": uuid.uuid4(),
            "subject": subject,
            "shard": subject.int % 256,
            "kind": "tcp",
            "address": "127.0.0.1",
            "port": port,
            **dict.fromkeys(("count", "retry", "fall", "rise"), 1),
            "interval": 0.1,
            "timeout": 1.0,
            "health": "PENDING",
            "actions": "{}",
            **dict.fromkeys(("rule", "reason"), ""),
            **dict.fromkeys(("flapping", "removed"), False),
            **dict.fromkeys(("failure_seq", "answered_seq"), 0),
            **columns,
        }
        with psycopg.connect(self._url) as connection:
            row["revision"] = _next(connection)
            names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
            made = connection.execute(
                f"insert into monitor_target ({names}) values ({marks}) returning id", row
            ).fetchone()
        assert made
        return made[0], str(row["action_id"]), str(subject)

    def change(self, id: int, **columns: Any) -> None:
        """Change a row, so that executors read it again."""
        with psycopg.connect(self._url) as connection:
            columns["revision"] = _next(connection)
            sets = ", ".join(f"{name} = %({name})s" for name in columns)
            connection.execute(f"update monitor_target set {sets} where id = %(id)s", {**columns, "id": id})

    def judge(self, id: int, health: str) -> None:
        """As a conductor writes what it was told, which executors need not read."""
        with psycopg.connect(self._url) as connection:
            connection.execute("update monitor_target set health = %s where id = %s", (health, id))


def _next(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute(
        "insert into monitor_targetrevision (id, number) values (1, 1)"
        " on conflict (id) do update set number = monitor_targetrevision.number + 1 returning number"
    ).fetchone()
    assert found
    return int(found[0])


class Executors:
    """A database, a virtual host, a conductor that notes, and executors."""

    def __init__(self, deployment: Deployment, host: VirtualHost, database: str) -> None:
        self.deployment, self.host = deployment, host
        self.running: list[Process] = []
        self.targets = Targets(database)
        self.conductor = NotingConductor(host.url, self.targets)
        self.client = RpcClient(host.url, exchange=EXCHANGE, topic=KILL_TOPIC)

    def start(self, **env: str) -> Process:
        """One more executor, that is ready."""
        given, self.deployment.env = self.deployment.env, {**self.deployment.env, **env}
        try:
            self.running.append(self.deployment.start("monitor"))
        finally:
            self.deployment.env = given
        return self.running[-1]

    def one(self) -> Process:
        """The only executor that runs."""
        while len(self.running) > 1:
            self.running.pop(0).stop()
        return self.running[0] if self.running else self.start()

    def hurry(self) -> None:
        """Have the rows read now, as who changes them does."""
        self.client.cast("update", fanout=True, action_id=str(uuid.uuid4()), parameter={})

    def kill(self, process: Process) -> None:
        """kill -9."""
        self.running.remove(process)
        process.kill()


def told(process: Process) -> dict[str, Any]:
    """What an executor says of itself."""
    answer = process.get("/healthz")
    return dict(answer.json()) if answer is not None else {}


def measured(process: Process, name: str) -> float:
    """The sum of one of its metrics."""
    answer = process.get("/metrics")
    lines = answer.text.splitlines() if answer is not None else []
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


@contextmanager
def executors(folder: Path, rabbitmq_url: str, postgres_url: str) -> Iterator[Executors]:
    """All of it but the executors, and gone at the end."""
    with empty_database(postgres_url) as database, virtual_host(rabbitmq_url) as host:
        env = {"MCFED_DATABASE_URL": database, "MCFED_TRANSPORT_URL": host.url}
        with deployed(folder, **env) as deployment:
            made = Executors(deployment, host, database)
            made.conductor._open()
            yield made
            made.conductor._close()
            made.client._client.transport.cleanup()
