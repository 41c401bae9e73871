"""VIMs are registered and removed while the message broker is away: messages accelerate, the database decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.gate import Gate
from tests.processes import Deployment, Process, deployed, free_port
from tests.waiting import until

VIM = {
    "cloud_owner": "tacker",
    "cloud_region_id": "one",
    "type": "openstack",
    "auth_url": "http://127.0.0.1:5000/v3",
    "credentials": {"username": "u", "password": "p"},
}

pytestmark = pytest.mark.servers


@pytest.fixture
def gate(vhost_url: str) -> Iterator[Gate]:
    """Before RabbitMQ, and shut."""
    bus = urlsplit(vhost_url)
    with Gate(bus.hostname or "", bus.port or 0, free_port()) as gate:
        yield gate


@pytest.fixture
def gateway(tmp_path: Path, database_url: str, vhost_url: str, gate: Gate) -> Iterator[Deployment]:
    """Its bus is behind the gate."""
    bus = urlsplit(vhost_url)
    through = bus._replace(netloc=f"{bus.username}:{bus.password}@127.0.0.1:{gate.port}").geturl()
    servers = {"MCFED_DATABASE_URL": database_url, "MCFED_TRANSPORT_URL": through}
    with deployed(tmp_path, MCFED_VIM_PROBE="ping", **servers) as deployment:
        deployment.gateway()
        yield deployment


def status(gateway: Deployment) -> str:
    return str(gateway.rest("GET", "/vims/tacker_one")["status"])


def health(process: Process) -> dict[str, Any]:
    answer = process.get("/healthz")
    return answer.json() if answer is not None else {}


def test_the_broker_may_be_away_while_vims_come_and_go(gateway: Deployment, gate: Gate) -> None:
    executor = gateway.start("monitor", wait=False)
    gateway.start("conductor", wait=False)
    gateway.rest("POST", "/vims", VIM)  # T25
    until(lambda: health(executor).get("targets") == 1 and health(executor)["untold"] == 1)
    assert status(gateway) == "PENDING"
    gate.open()
    until(lambda: status(gateway) == "REACHABLE", within=60)

    gate.shut()
    gateway.rest("DELETE", "/vims/tacker_one")  # T26
    until(lambda: health(executor)["targets"] == 0)
    assert gateway.rest("GET", "/vims")["total"] == 0
