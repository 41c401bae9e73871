"""Alarms' HTTP actions a second of one process, its rows in PostgreSQL, beside Aodh's way: a new session a POST.

The consumer is a process of its own that answers 200 at once. ``python -m tests.bench.notifier`` runs it alone.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.contenders import null_router
from tests.conftest import empty_database, service

ACTIONS, PEER_ACTIONS = 5_000, 1_000


@dataclass(frozen=True)
class Sent:
    """What one contender did: the time to the first and last arrival counts from handing over."""

    name: str
    actions: int
    first_ms: float
    seconds: float
    cpu_us: float

    def row(self, peer: float) -> str:
        """As a line of the table."""
        rate = self.actions / self.seconds
        return f"| {self.name} | {rate:,.0f} | {rate / peer:.1f} | {self.cpu_us:,.0f} | {self.first_ms:.1f} |"

    @property
    def rate(self) -> float:
        """Actions a second."""
        return self.actions / self.seconds


def ours(url: str, actions: int) -> Sent:
    """The sender: rows stored first, their results stored behind."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from fed_common.core import clock
    from fed_common.notify import services
    from fed_common.notify.models import Delivery
    from tests.notices import a_notice, send
    from tests.waiting import until

    send([url], a_notice(alarm_id="warm-up"))
    until(lambda: Delivery.objects.filter(state="done").count() == 1)
    gc.collect()
    gc.freeze()  # as processes with rules do, and the gateway
    notices = [a_notice(alarm_id=f"alarm-{number}") for number in range(actions)]

    def hand_over() -> None:
        services.hand_over(rows)

    now = clock.now()
    rows = [row for one in notices for row in services.deliveries_of([url], one, now=now)]
    Delivery.objects.bulk_create(rows, 1000)
    found = _timed("gateway, rows in PostgreSQL", url, actions, hand_over)
    until(lambda: Delivery.objects.filter(state="done").count() == actions + 1)
    services.stop()
    return found


def requests_each(url: str, actions: int) -> Sent:
    """Aodh's notifier: a session and a connection for every action, nothing stored."""
    import requests

    from fed_common.notify.bodies import aodh
    from tests.notices import a_notice

    body = json.dumps(aodh(a_notice()))

    def post() -> None:
        for _ in range(actions):
            with requests.Session() as session:
                session.post(url, data=body, headers={"content-type": "application/json"})

    return _timed("requests, a session each (Aodh's way)", url, actions, post)


CONTENDERS: dict[str, Callable[[str, int], Sent]] = {"peer": requests_each, "ours": ours}


def main() -> None:
    """Both, as a table."""
    service("postgres", "start")
    with null_router() as sink, empty_database(service("postgres", "url")) as database:
        peer = _run("peer", sink, PEER_ACTIONS)
        found = _run("ours", sink, ACTIONS, MCFED_DATABASE_URL=database, MCFED_ALLOWED_NETWORKS="127.0.0.0/8")
    print(table([peer, found]))


def table(rows: Sequence[Sent]) -> str:
    """As Markdown."""
    head = "| HTTP actions of one process | actions/s | ratio | CPU us/action | first arrival ms |"
    return "\n".join([head, "|---|---:|---:|---:|---:|", *(one.row(rows[0].rate) for one in rows)])


def _run(name: str, url: str, actions: int, **settings: str) -> Sent:
    with tempfile.TemporaryDirectory() as folder:
        own = {"DJANGO_SETTINGS_MODULE": "fed_common.settings", "MCFED_DATA": folder, **settings}
        command = [sys.executable, "-m", "tests.bench.notifier", name, url, str(actions)]
        done = subprocess.run(command, env={**os.environ, **own}, stdout=subprocess.PIPE, check=True, timeout=300)
        return Sent(**json.loads(done.stdout.splitlines()[-1]))


def _timed(name: str, url: str, actions: int, work: Callable[[], None]) -> Sent:
    _asked(f"{url}/reset")
    began, cpu = time.time(), time.process_time()
    work()
    while (stats := _asked(f"{url}/stats"))["count"] < actions:
        time.sleep(0.02)
    used = time.process_time() - cpu
    return Sent(name, actions, (stats["first"] - began) * 1000, stats["last"] - began, used / actions * 1e6)


def _asked(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asdict(CONTENDERS[sys.argv[1]](sys.argv[2], int(sys.argv[3])))))
    else:
        main()
