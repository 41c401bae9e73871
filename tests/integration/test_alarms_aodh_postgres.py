"""Aodh's face on PostgreSQL: what the database sorts, compares and locks, once more."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import service
from tests.processes import ROOT

ROOM = "tests/unit/alarms"
FILES = ("aodh_lists", "aodh_queries", "aodh_quotas", "rules_services")

pytestmark = pytest.mark.servers


@pytest.mark.usefixtures("postgres_url")
def test_the_unit_tests_hold_on_postgresql() -> None:
    """N18 N19 N24 N26 N35"""
    env = {**os.environ, "MCFED_DATABASE_URL": service("postgres", "url", "aodh_unit")}
    files = [f"{ROOM}/test_alarms_{name}.py" for name in FILES]
    command = [sys.executable, "-m", "pytest", "-q", "--create-db", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-5000:]
