"""Aodh's face on PostgreSQL: what the database sorts, compares and locks, once more."""

from __future__ import annotations

import pytest

from tests.conftest import service
from tests.on_postgres import hold_on_postgresql

ROOM = "tests/unit/alarms"
FILES = ("aodh_lists", "aodh_queries", "aodh_quotas", "rules_services")

pytestmark = pytest.mark.servers


@pytest.mark.usefixtures("postgres_url")
def test_the_unit_tests_hold_on_postgresql() -> None:
    """N18 N19 N24 N26 N35"""
    files = [f"{ROOM}/test_alarms_{name}.py" for name in FILES]
    hold_on_postgresql(service("postgres", "url", "aodh_unit"), *files)
