"""Unit tests once more, on PostgreSQL. As a plugin of that run it empties tables by DELETE.

Django's TRUNCATE makes new files for every table and index there is, after each test that commits.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.processes import ROOT


def hold_on_postgresql(database_url: str, *tests: str) -> None:
    """Run these files against a test database that is made anew beside that one; fails when one of them does."""
    env = {**os.environ, "MCFED_DATABASE_URL": database_url}
    plugins = ["-p", "no:cacheprovider", "-p", "tests.on_postgres"]
    command = [sys.executable, "-m", "pytest", "-q", "--create-db", *plugins, *tests]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=380)
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.fixture(scope="session", autouse=True)
def emptied_by_delete() -> Iterator[None]:
    """Foreign keys are checked at the end of the transaction, so any order does."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", _deletes)
        yield


def _deletes(self: Any, _style: Any, tables: Sequence[str], **_: Any) -> list[str]:
    return [f"DELETE FROM {self.quote_name(table)}" for table in tables]
