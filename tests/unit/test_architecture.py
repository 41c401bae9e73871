"""The house's import rules hold, and a planted violation is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LINT = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [str(LINT), "--no-cache"], cwd=folder, env=env, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source, to plant violations in."""
    folder = tmp_path_factory.mktemp("house")
    for room in ("fed_common", "multicloud_vio", "multicloud_generic"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_import_keeps_the_rules(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("multicloud_vio/listener.py", "import fed_common.inventory.models"),
        ("fed_common/events/pipeline.py", "import oslo_messaging"),
        ("fed_common/events/pipeline.py", "import fed_common.broker.serving"),
        ("fed_common/events/store.py", "import kafka"),
        ("fed_common/core/clock.py", "import django"),
        ("fed_common/cli/main.py", "import fed_common.events.models"),
        ("fed_common/events/listening.py", "import multicloud_vio.listener"),
        ("fed_common/utils.py", ""),
        ("fed_common/inventory/services.py", "import multicloud_generic.openstack.plugin"),
        ("multicloud_vio/plugin.py", "import keystoneauth1"),
        ("multicloud_generic/openstack/plugin.py", "import pyVmomi"),
        ("multicloud_generic/openstack/plugin.py", "import multicloud_vio.kinds"),
        ("multicloud_generic/vsphere/plugin.py", "import django"),
        ("fed_common/broker/health.py", "import apscheduler"),
        ("fed_common/events/services.py", "import aiohttp"),
    ],
)
def test_a_planted_violation_is_found(copy: Path, file: str, line: str) -> None:
    target = copy / file
    before = target.read_text() if target.exists() else None
    target.write_text(f"{before or ''}\n{line}\n")
    try:
        done = lint(copy)
        assert done.returncode != 0
        assert target.stem in done.stdout
    finally:
        target.write_text(before) if before is not None else target.unlink()
