"""A cloud that boots addresses, and no waiting for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles.booting import BootingCloud, booting
from tests.lifecycle import PLUGIN, POOL, vim_of


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Nothing that fails is waited for long."""
    from fed_common.monitor.vnfs import booting as members
    from fed_common.monitor.vnfs import run

    monkeypatch.setattr(run, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(members, "SHORTEST_LOOK", 0.001)
    settings.CLOUD_PLUGINS = {**settings.CLOUD_PLUGINS, "booting": PLUGIN}
    settings.BOOT_TIMEOUT = 5.0


@pytest.fixture
def cloud() -> Iterator[BootingCloud]:
    with booting(POOL) as cloud:
        yield cloud


@pytest.fixture
def vim(db: None, cloud: BootingCloud) -> Any:
    return vim_of(cloud)
