"""Schemathesis finds nothing: every answer of a real process is what our own OpenAPI document promises."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Deployment, deployed

CONFIG = Path(__file__).with_name("schemathesis.toml")
LEFT_OUT = "|".join(
    (
        r"/(events|alarms)/stream$",  # it has no end
        r"/\{service\}$",  # that is the cloud's own API
        r"/vims/([^/]+/)?check$",  # it connects to wherever it is told
        r"/v0/\{vim_id\}/(?!check_vim_status)",  # the same views as below v1
    )
)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Deployment]:
    with deployed(tmp_path, MCFED_RATE_PER_SECOND="0", MCFED_FAILURES_PER_MINUTE="0") as deployment:
        deployment.gateway()
        yield deployment


def test_schemathesis_finds_nothing(gateway: Deployment) -> None:
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--no-color", "--config-file", str(CONFIG)),
        *("run", f"{gateway.url}/api/schema", "--exclude-path-regex", LEFT_OUT, "--request-timeout", "60"),
        *("-H", f"X-Auth-Token: {gateway.session.headers['X-Auth-Token']!s}"),
    ]

    done = subprocess.run(command, cwd=gateway.folder, capture_output=True, text=True, timeout=800)

    assert done.returncode == 0, done.stdout[-20_000:]
    assert "Tested: " in done.stdout
