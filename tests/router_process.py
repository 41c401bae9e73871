"""The Message Router face in a process of its own, which can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.conftest import service
from tests.processes import ROOT, free_port
from tests.router_client import Router
from tests.tables import lay_tables
from tests.waiting import until


class RouterProcess:
    """One server process on a database that outlives it."""

    def __init__(self, folder: Path, **env: str) -> None:
        self._log = folder / "server.log"
        own = {"MCFED_DATA": str(folder / "var"), "MCFED_AUTH": "none", **env}
        self._database_url = env.get("MCFED_DATABASE_URL", f"sqlite:///{folder}/var/mcfed.sqlite3")
        self._env = {**{k: v for k, v in os.environ.items() if not k.startswith("MCFED_")}, **own}
        self.port = free_port()
        self.client = Router(self.port)

    def migrate(self) -> None:
        """Make the tables."""
        lay_tables(self._database_url)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["--port", str(self.port), "--timeout-graceful-shutdown", "1"]
        command = [sys.executable, "-m", "uvicorn", "tests.router_app:application", *options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=log, stderr=log)
        until(self._answers, within=60)

    def kill(self) -> None:
        """kill -9."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.client = Router(self.port)

    def stop(self) -> None:
        """End it in order."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def said(self) -> str:
        """What it has logged."""
        return self._log.read_text()

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.said()[-3000:]
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/apiKeys", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def running_router(folder: Path, *, migrate: bool = True, **env: str) -> Iterator[RouterProcess]:
    """A started process, stopped at the end."""
    process = RouterProcess(folder, **env)
    if migrate:
        process.migrate()
    process.start()
    try:
        yield process
    finally:
        process.stop()


def store_of(name: str) -> dict[str, str]:
    """The settings that make a process use this store."""
    if name == "postgres":
        service("postgres", "start")
        for statement in ("DROP DATABASE IF EXISTS topics_process WITH (FORCE)", "CREATE DATABASE topics_process"):
            service("postgres", "psql", "-qc", statement)
        return {"MCFED_DATABASE_URL": service("postgres", "url", "topics_process")}
    if name == "kafka":
        service("kafka", "start")
        return {"MCFED_TOPIC_LOG": "kafka", "MCFED_KAFKA": service("kafka", "bootstrap")}
    return {}
