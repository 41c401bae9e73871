"""What a process has loaded is not looked at again while it works."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from fed_common.telemetry.collector import leave_loaded_alone


@pytest.fixture
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_loaded_is_left_alone_and_the_rest_is_looked_at_more_rarely(as_before: None) -> None:
    loaded, rarely = [object()], gc.get_threshold()[2]
    leave_loaded_alone()
    assert not any(one is loaded for one in gc.get_objects())
    assert gc.get_threshold()[2] > rarely
    assert gc.isenabled()
