"""What is done to the processes and servers while everything goes on: one disturbance at a time."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.conftest import service
from tests.processes import Deployment, Process
from tests.waiting import until

FROZEN_FOR = (1.0, 8.0)
READY_WITHIN = 90.0


@dataclass(frozen=True)
class Disturbance:
    """What was done, from when until everything worked again (Unix time)."""

    name: str
    began: float
    ended: float


class Chaos:
    """Kills, freezes and restarts, by a seeded dice."""

    def __init__(
        self, deployment: Deployment, executors: int, conductors: int, seed: int, *, servers: bool
    ) -> None:
        self._deployment = deployment
        self._dice = random.Random(seed)
        self.workers = {
            "executor": [deployment.start("monitor") for _ in range(executors)],
            "conductor": [deployment.start("conductor") for _ in range(conductors)],
        }
        self._acts: list[tuple[str, Callable[[], None]]] = [
            ("kill -9 executor", lambda: self._kill("executor", "monitor")),
            ("SIGSTOP executor", lambda: self._freeze("executor")),
            ("kill -9 conductor", lambda: self._kill("conductor", "conductor")),
            ("SIGSTOP conductor", lambda: self._freeze("conductor")),
        ]
        if servers:
            self._acts += [("restart RabbitMQ", _restart_rabbitmq), ("restart PostgreSQL", _restart_postgres)]
        self._left: list[tuple[str, Callable[[], None]]] = []

    @property
    def ways(self) -> int:
        """How many different things it does."""
        return len(self._acts)

    def disturb(self) -> Disturbance:
        """Do one thing, each kind as often as the others, and wait until everything is ready again."""
        if not self._left:
            self._left = self._dice.sample(self._acts, len(self._acts))
        name, act = self._left.pop()
        began = time.time()
        act()
        until(self._ready, within=READY_WITHIN, every=0.2)
        return Disturbance(name, began, time.time())

    def _ready(self) -> bool:
        return all(process.ready() for processes in self.workers.values() for process in processes)

    def _kill(self, role: str, command: str) -> None:
        place = self._dice.randrange(len(self.workers[role]))
        self.workers[role][place].kill()
        self.workers[role][place] = self._deployment.start(command, wait=False)

    def _freeze(self, role: str) -> None:
        process: Process = self._dice.choice(self.workers[role])
        process.signal(signal.SIGSTOP)
        try:
            time.sleep(self._dice.uniform(*FROZEN_FOR))
        finally:
            process.signal(signal.SIGCONT)


def _restart_rabbitmq() -> None:
    service("rabbitmq", "kill")
    service("rabbitmq", "start")


def _restart_postgres() -> None:
    service("postgres", "kill")
    service("postgres", "start")
