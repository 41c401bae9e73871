"""Runners on PostgreSQL: one is killed with SIGKILL at every point of an operation, two others end it together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.booting import booting
from tests.lifecycle import POOL
from tests.plugins import installed
from tests.processes import ROOT
from tests.tables import lay_tables

pytestmark = pytest.mark.servers
ENDS = {"create": ["ACTIVE"], "respawn": ["ACTIVE"], "delete": []}
NUMBERS: dict[str, list[int]] = {"create": [1], "respawn": [2], "delete": []}


@pytest.fixture
def environment(tmp_path: Path, database_url: str) -> dict[str, str]:
    lay_tables(database_url)
    return {
        **os.environ,
        "PYTHONPATH": installed(tmp_path, booting="tests.doubles.booting:BootingPlugin"),
        "MCFED_DATA": str(tmp_path),
        "MCFED_DATABASE_URL": database_url,
    }


def test_whatever_is_killed_every_operation_is_done_once(environment: dict[str, str]) -> None:
    """T44, T54, T66"""
    with booting(POOL) as cloud:
        command = [sys.executable, "-m", "tests.lifecycle_processes", cloud.url]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-3000:]
        assert not cloud.instances
        assert max(cloud.made.values()) == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for kind in ENDS:
        of_kind = [one for one in told if one["kind"] == kind]
        assert [one["killed"] for one in of_kind] == [True] * (len(of_kind) - 1) + [False]
        assert len(of_kind) > 3
        for one in of_kind:
            check(one, right=of_kind[-1]["events"])


def check(one: dict[str, Any], right: list[list[str]]) -> None:
    assert one["status"] == ENDS[one["kind"]], one
    assert one["numbers"] == NUMBERS[one["kind"]], one
    assert one["watched"] == one["addresses"], one
    assert len(set(one["instances"])) == len(NUMBERS[one["kind"]]), one
    assert one["events"] == right, one
