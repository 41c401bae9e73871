"""A setting that cannot be used stops the start and is named, without a traceback."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def manage(tmp_path: Path, name: str = "check", **settings: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "MCFED_DATA": str(tmp_path / "var"), **settings}
    command = [sys.executable, "manage.py", name]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("MCFED_PORT", "http", "a number"),
        ("MCFED_AUTH", "basic", "token, none"),
        ("MCFED_DEMO", "maybe", "1, 0"),
        ("MCFED_TOPIC_LOG", "redis", "embedded, kafka"),
        ("MCFED_DATABASE_URL", "mysql://h/d", "postgresql://"),
        ("MCFED_DATA", "/dev/null/var", "a folder we can write to"),
        ("MCFED_AAI_URL", "https://user:planted@aai:8443/aai/v13", "MCFED_AAI_USERNAME"),
        ("MCFED_AAI_CA", "/there/is/none.pem", "a PEM file"),
        ("MCFED_AAI_TIMEOUT", "0", "more than 0"),
        ("MCFED_AAI_TTL", "nan", "more than 0"),
    ],
)
def test_a_bad_setting_is_named_with_what_is_allowed(tmp_path: Path, name: str, value: str, allowed: str) -> None:
    done = manage(tmp_path, **{name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert allowed in done.stderr
    assert "Traceback" not in done.stderr
    assert "planted" not in done.stderr


def test_a_gateway_without_the_log_of_its_topics_does_not_start(tmp_path: Path) -> None:
    done = manage(tmp_path, "gateway", MCFED_TOPIC_LOG="kafka", MCFED_KAFKA="")
    assert done.returncode == 1
    assert done.stderr.startswith("cannot start: MCFED_KAFKA")


def test_the_keys_of_a_first_start_are_private_and_stay(tmp_path: Path) -> None:
    assert manage(tmp_path).returncode == 0
    keys = sorted((tmp_path / "var").glob("*_key"))
    assert [key.name for key in keys] == ["sealing_key", "secret_key"]
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    before = [key.read_text() for key in keys]
    assert manage(tmp_path).returncode == 0
    assert [key.read_text() for key in keys] == before
