"""A river to test with: rows in the database, publishers that do as told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fed_common.events.routes import Routes
from tests.scripted import ScriptedPublisher


@pytest.fixture(autouse=True)
def no_ears(settings: Any) -> None:
    """The river alone: the house writes from threads of its own, and a test in a transaction is in their way."""
    settings.HOUSE_PUBLISHERS = {}


@pytest.fixture
def scripted(settings: Any) -> Iterator[dict[str, ScriptedPublisher]]:
    """Scripted publishers by address, once a subscription has a sink with one."""
    settings.PUBLISHERS = {**settings.PUBLISHERS, "scripted": "tests.scripted.ScriptedPublisher"}
    ScriptedPublisher.by_address = {}
    yield ScriptedPublisher.by_address
    ScriptedPublisher.by_address = {}


@pytest.fixture
def routes(db: None, scripted: Any) -> Iterator[Routes]:
    """Routes that are refreshed by hand."""
    made = Routes()
    yield made
    made.stop()
