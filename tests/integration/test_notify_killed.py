"""A process that sends is killed in the middle of it; notifiers on the same PostgreSQL finish its work."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.consumers import Consumer
from tests.processes import ROOT, Deployment
from tests.waiting import until

pytestmark = pytest.mark.servers

ALARMS, ANSWERED = 60, 20


def test_a_sender_killed_in_a_burst_loses_nothing_and_repeats_carry_their_id(
    tmp_path: Path, database_url: str
) -> None:
    """N59: 60 one-shots, killed after 20; two notifiers at once take over what one process left."""
    deployment = Deployment(
        tmp_path,
        MCFED_DATABASE_URL=database_url,
        MCFED_ALLOWED_NETWORKS="127.0.0.0/8",
        MCFED_NOTIFY_TIMEOUT="60",
        DJANGO_SETTINGS_MODULE="fed_common.settings",
    )

    def done() -> int:
        found = database.execute("select count(*) from notify_delivery where state = 'done'").fetchone()
        return int(found[0]) if found else 0

    answers = lambda _told, number: 200 if number <= ANSWERED else None  # noqa: E731
    with psycopg.connect(database_url, autocommit=True) as database, Consumer(answers) as consumer:
        try:
            command = [sys.executable, "-m", "tests.burst", consumer.url, str(ALARMS)]
            burst = subprocess.Popen(command, cwd=ROOT, env=deployment.env)
            notifiers = [deployment.start("notifier", wait=False) for _ in range(2)]
            until(lambda: done() == ANSWERED and len(consumer.told) == ALARMS, within=60)
            until(lambda: all(notifier.ready() for notifier in notifiers), within=60)
            burst.kill()
            burst.wait()
            before = consumer.told[:ANSWERED]
            consumer.answers = lambda _told, _number: 200
            until(lambda: done() == ALARMS)
            assert [notifier.stop() for notifier in notifiers] == [0, 0]
        finally:
            burst.kill()
            deployment.stop()

    ids = {one.json["alarm_name"]: set[str]() for one in consumer.told}
    for one in consumer.told:
        ids[one.json["alarm_name"]].add(one.delivery)
    assert len(ids) == ALARMS
    assert all(len(found) == 1 for found in ids.values())
    times = Counter(one.delivery for one in consumer.told)
    assert {times[one.delivery] for one in before} == {1}
    assert max(times.values()) == 2
