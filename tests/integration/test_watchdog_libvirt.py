"""The agent beside a real libvirt: QEMU guests that never feed their watchdog, and what the gateway hears."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import service
from tests.processes import ROOT, Deployment, deployed
from tests.waiting import until

pytestmark = pytest.mark.servers

RUNS_ON, PAUSED = "6b0b7ad4-3f1c-4b7c-9d0e-1f0b7a3c0001", "6b0b7ad4-3f1c-4b7c-9d0e-1f0b7a3c0002"


@pytest.fixture(scope="module")
def libvirt() -> Iterator[str]:
    """The URI of a running libvirt."""
    service("libvirt", "start")
    yield service("libvirt", "url")
    service("libvirt", "stop")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Deployment]:
    """A whole gateway in one process, with a VIM."""
    with deployed(tmp_path) as deployment:
        deployment.start("up")
        token = Path(deployment.env["MCFED_DATA"], "token").read_text().strip()
        deployment.session.headers["X-Auth-Token"] = token
        body = {"cloud_owner": "core", "cloud_region_id": "r", "type": "vmware"}
        deployment.rest("POST", "/vims", body)
        yield deployment


class Agent:
    """``mcfed agent`` as a process."""

    def __init__(self, gateway: Deployment, uri: str) -> None:
        self.spool, self.log = gateway.folder / "spool", gateway.folder / "agent.log"
        binding = service("libvirt", "python")
        path = f"{binding}:{os.environ.get('PYTHONPATH', '')}"
        code = "from fed_common.cli.main import main; raise SystemExit(main())"
        words = [
            "--url",
            gateway.url,
            "--timeout",
            "3",
            "agent",
            "core_r",
            "--libvirt",
            uri,
            "--host",
            "compute01",
        ]
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, *words, "--spool", str(self.spool)],
                env={**gateway.env, "PYTHONPATH": path},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def says(self, text: str) -> int:
        """How often it has said so; fails when it ended."""
        assert self.process.poll() is None, self.log.read_text()
        return self.log.read_text().count(text)

    def waiting(self) -> list[str]:
        """The ids in its spool."""
        return [json.loads(line)["id"] for line in self.spool.read_text().splitlines()]

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()


def fired(gateway: Deployment) -> list[dict[str, Any]]:
    return gateway.rest("GET", "/events?kind=WATCHDOG&limit=1000")["events"]


def watchdog_alarms(gateway: Deployment) -> list[dict[str, Any]]:
    return [one for one in gateway.rest("GET", "/alarms/active")["alarms"] if "watchdog" in one["problem"]]


def test_a_watchdog_that_fires_in_a_real_guest_is_an_event_whatever_dies_in_between(
    libvirt: str, gateway: Deployment
) -> None:
    """N82: with the action's name, once each, though the gateway hangs, and agent and libvirt are killed."""
    agent = Agent(gateway, libvirt)
    try:
        until(lambda: agent.says("listening to libvirt"))
        service("libvirt", "guest", RUNS_ON, "none")
        service("libvirt", "guest", PAUSED, "pause")
        until(lambda: {one["instance_id"] for one in fired(gateway)} == {RUNS_ON, PAUSED})
        one = next(one for one in fired(gateway) if one["instance_id"] == PAUSED)
        assert one["traits"] == {"watchdog": "fired", "action": "pause"}
        assert (one["type"], one["kind"], one["host"]) == ("compute.instance.watchdog", "WATCHDOG", "compute01")
        assert {one["traits"]["action"] for one in fired(gateway) if one["instance_id"] == RUNS_ON} == {"none"}
        until(lambda: {one["object_id"] for one in watchdog_alarms(gateway)} == {RUNS_ON, PAUSED})
        assert any("pause" in json.dumps(one) for one in watchdog_alarms(gateway))

        gateway.processes[0].signal(signal.SIGSTOP)
        try:
            waiting = until(lambda: agent.says("not handed over") and agent.waiting())
            agent.kill()
        finally:
            gateway.processes[0].signal(signal.SIGCONT)
        agent = Agent(gateway, libvirt)
        until(lambda: set(waiting) <= {one["id"] for one in fired(gateway)})

        until(lambda: agent.says("listening to libvirt") == 2)
        service("libvirt", "kill")
        service("libvirt", "start")
        until(lambda: agent.says("listening to libvirt") == 3)
        before = len(fired(gateway))
        until(lambda: len(fired(gateway)) > before)
        ids = [one["id"] for one in fired(gateway)]
        assert len(ids) == len(set(ids))
    finally:
        agent.kill()
