"""Two conductors on PostgreSQL and RabbitMQ: one is killed half way through a host fault, the other ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.plugins import installed
from tests.processes import ROOT, Deployment, deployed
from tests.waiting import until

pytestmark = pytest.mark.servers
COUNT = 40
FAULT = "/cloud/R/hosts/h1/fault"
SEED = """
import django
django.setup()
from fed_common.core import clock
from fed_common.inventory.models import Instance, Vim
vim = Vim.objects.create(cloud_owner="cloud", region="R", type="slowhosts")
Instance.objects.bulk_create(
    Instance(vim=vim, instance_id=f"vm-{n}", state="active", host="h1", tenant_id="t", seen_at=clock.now())
    for n in range(%d))
"""


@pytest.fixture
def house(tmp_path: Path, database_url: str, vhost_url: str) -> Iterator[Deployment]:
    """A gateway and two conductors, and a VIM whose host has instances."""
    settings = {
        "MCFED_DATABASE_URL": database_url,
        "MCFED_TRANSPORT_URL": vhost_url,
        "MCFED_FAULT_THREADS": "2",
        "PYTHONPATH": installed(tmp_path / "plugins", slowhosts="tests.doubles.hosts:SlowPlugin"),
        "HOSTS_CALLS": str(tmp_path / "calls"),
    }
    with deployed(tmp_path, **settings) as made:
        env = {**made.env, "DJANGO_SETTINGS_MODULE": "fed_common.settings"}
        subprocess.run([sys.executable, "-c", SEED % COUNT], env=env, cwd=ROOT, check=True, timeout=120)
        made.gateway()
        made.subscribe("kept", {"publisher": "store"})
        for _ in range(2):
            made.start("conductor", wait=False)
        until(lambda: all(one.ready() for one in made.processes), within=90, every=0.1)
        yield made


def calls(house: Deployment) -> Counter[str]:
    path = Path(house.env["HOSTS_CALLS"])
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


def owner(house: Deployment) -> int:
    """The pid of the conductor that acts."""
    with psycopg.connect(house.env["MCFED_DATABASE_URL"]) as database:
        [(name,)] = database.execute("select owner from faults_hostfault").fetchall()
    return int(name.split(":")[1])


def test_a_conductor_that_is_killed_half_way_is_not_missed(house: Deployment) -> None:
    house.rest("POST", FAULT, {})
    until(lambda: calls(house).total() > COUNT // 4, every=0.01)
    _, *conductors = house.processes
    for one in conductors:
        one.signal(signal.SIGSTOP)
    before, acting = calls(house), owner(house)
    for one in conductors:
        one.signal(signal.SIGKILL if one.pid == acting else signal.SIGCONT)
    assert acting in [one.pid for one in conductors]
    assert 0 < before.total() < COUNT
    until(lambda: house.rest("GET", FAULT)["state"] == "done", within=120)
    fault = house.rest("GET", FAULT)
    assert {row["outcome"] for row in fault["instances"]} == {"reset"}
    after = calls(house)
    assert {name for name in after if name.startswith("reset")} == {f"reset vm-{n}" for n in range(COUNT)}
    again = [name for name, times in after.items() if times > 1 and name.startswith("reset")]
    assert len(again) <= 4  # what was under way; it was kept that the others were done
    events = house.rest("GET", "/events?limit=1000")["events"]
    assert Counter(row["kind"] for row in events) == {"HOST_DOWN": 1, "ERROR": COUNT}
