"""The soak, shortly: each kill, freeze and restart once while targets flap. The long one is ``make soak``."""

from __future__ import annotations

import pytest

from tests.soak.run import soak

pytestmark = pytest.mark.servers


def test_whatever_is_killed_every_target_is_watched_and_every_failure_answered_once() -> None:
    """T90 T92 T94 T95 T99 T109."""
    soaked = soak(0, 60, quiet=1)
    print(soaked.report)
    assert soaked.violations == []
