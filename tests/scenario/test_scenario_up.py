"""``make run``'s process: everything in one, on a machine with no server at all."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.processes import ROOT, Deployment, deployed

SEED_KEYS = {
    "state_description", "availability_zone", "terminated_at", "ephemeral_gb", "instance_type_id",
    "deleted_at", "reservation_id", "memory_mb", "display_name", "hostname", "state", "progress",
    "launched_at", "metadata", "node", "ramdisk_id", "access_ip_v6", "disk_gb", "access_ip_v4", "kernel_id",
    "host", "user_id", "image_ref_url", "cell_name", "root_gb", "tenant_id", "created_at", "instance_id",
    "instance_type", "vcpus", "image_meta", "architecture", "os_type", "instance_flavor_id",
}  # fmt: skip
TOPIC = "unauthenticated.MULTICLOUD_VM_EVENTS"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("up"), empty=True, MCFED_DEMO="1") as deployment:
        deployment.start("up")
        yield deployment


def welcome(up: Deployment) -> str:
    return up.processes[0].log.read_text()


def test_a_long_poll_without_any_credentials_prints_demo_events_in_the_specs_shape(up: Deployment) -> None:
    url = f"{up.url}/events/{TOPIC}/me/1?timeout=15000"
    events: list[dict[str, Any]] = []
    while not events:
        events = [json.loads(one) for one in requests.get(url, timeout=30).json()]
    legacy = [one for one in events if one["multicloud"]["wire"] == "legacy"]
    assert all(set(one) >= SEED_KEYS for one in legacy)
    assert {one["multicloud"]["vim_id"] for one in events} == {"demo_RegionOne"}


def test_what_it_prints_to_try_next_works_as_printed(up: Deployment) -> None:
    text = welcome(up)
    command = re.search(r"curl (.*)$", text, re.MULTILINE)
    page = re.search(r"(http://\S+/\?token=\S+)", text)
    assert command
    assert page
    done = subprocess.run(["sh", "-c", f"curl -sS {command[1]}"], capture_output=True, text=True, timeout=60)
    assert isinstance(json.loads(done.stdout), list), done.stderr
    assert requests.get(page[1], timeout=60).ok


def test_the_command_line_finds_its_token_by_itself(up: Deployment) -> None:
    mcfed = Path(sys.executable).parent / "mcfed"
    env = {**up.env, "MCFED_URL": up.url}
    command = [str(mcfed), "event", "tail", "--count", "2", "-f", "json"]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["vim_id"] for line in done.stdout.splitlines()] == ["demo_RegionOne"] * 2


def test_writing_needs_the_token_and_the_token_is_private(up: Deployment) -> None:
    refused = requests.post(f"{up.url}/events/{TOPIC}", json={"n": 1}, timeout=60)
    assert refused.status_code == 401
    token = Path(up.env["MCFED_DATA"]) / "token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    mine = {"X-Auth-Token": token.read_text().strip()}
    accepted = requests.post(f"{up.url}/events/{TOPIC}.mine", json={"n": 1}, headers=mine, timeout=60)
    assert accepted.json()["count"] == 1


def test_separate_processes_start_on_an_empty_database_as_the_guide_says(tmp_path: Path) -> None:
    with deployed(tmp_path, empty=True) as site:
        assert "OK" in site.manage("migrate")
        token = site.manage("createtoken", "--name", "me", "--role", "admin").strip()
        site.start("gateway")
        site.session.headers["X-Auth-Token"] = token
        assert site.rest("GET", "/vims")["vims"] == []


def test_it_stops_when_told_to(up: Deployment) -> None:
    assert up.processes[0].stop(within=90) == 0
