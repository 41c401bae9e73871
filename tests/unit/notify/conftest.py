"""What tests of the notifiers share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fed_common.notify import services, targets
from tests.consumers import Consumer


@pytest.fixture(autouse=True)
def loopback_allowed(settings: Any) -> None:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]


@pytest.fixture(autouse=True)
def patient(settings: Any) -> None:
    """What does answer counts as delivered, however slow this machine is."""
    settings.NOTIFY_TIMEOUT = 60.0


@pytest.fixture(autouse=True)
def own_sender() -> Iterator[None]:
    """No test sends what another one made."""
    yield
    services.stop(0.2)
    targets.forget_receivers()


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    with Consumer() as one:
        yield one
