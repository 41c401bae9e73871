"""Plugins of tests in real processes: installed as a third party's would be, by an entry point."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent


def installed(folder: Path, group: str = "mcfed.clouds", **plugins: str) -> str:
    """The PYTHONPATH of a process that finds these plugins, given as ``name="package.module:Class"``."""
    package = folder / "tests_plugins-1.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: tests-plugins\nVersion: 1\n")
    lines = "".join(f"{name} = {where}\n" for name, where in plugins.items())
    (package / "entry_points.txt").write_text(f"[{group}]\n{lines}")
    return os.pathsep.join((str(folder), str(ROOT)))
