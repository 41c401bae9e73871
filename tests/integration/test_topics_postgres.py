"""The embedded log and the Message Router face on PostgreSQL: the unit tests that write and read, once more."""

from __future__ import annotations

import pytest

from tests.conftest import service
from tests.on_postgres import hold_on_postgresql

FACE = "tests/unit/events/message_router/test_message_router"

pytestmark = pytest.mark.servers


@pytest.mark.usefixtures("postgres_url")
@pytest.mark.parametrize(
    "tests",
    [
        ("tests/unit/topics", "tests/unit/access/test_access_apikeys.py"),
        (f"{FACE}_consume.py", f"{FACE}_publish.py"),
    ],
    ids=["log", "message_router"],
)
def test_the_unit_tests_hold_on_postgresql(tests: tuple[str, ...]) -> None:
    hold_on_postgresql(service("postgres", "url", "topics_unit"), *tests)
