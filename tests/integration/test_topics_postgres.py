"""The embedded log and the Message Router face on PostgreSQL: the unit tests that write and read, once more."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import service
from tests.processes import ROOT

pytestmark = pytest.mark.servers


@pytest.mark.usefixtures("postgres_url")
@pytest.mark.parametrize(
    "tests",
    [
        "tests/unit/topics",
        "tests/unit/events/message_router/test_message_router_consume.py",
        "tests/unit/events/message_router/test_message_router_publish.py",
        "tests/unit/access/test_access_apikeys.py",
    ],
)
def test_the_unit_tests_hold_on_postgresql(tests):
    env = {**os.environ, "MCFED_DATABASE_URL": service("postgres", "url", "topics_unit")}
    command = [sys.executable, "-m", "pytest", "-q", "--create-db", "-p", "no:cacheprovider", tests]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-5000:]
