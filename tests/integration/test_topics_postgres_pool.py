"""Connections out of the pool: one that the server closed meanwhile is noticed before it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, OperationalError

from fed_common.topics.postgresql.base import check_connection
from tests.waiting import until

pytestmark = pytest.mark.servers


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as made:
        yield made


def broken(connection: Connection[Any]) -> bool:
    try:
        check_connection(connection)
    except OperationalError:
        return True
    return False


def test_one_that_is_well_may_be_used(connection: Connection[Any]) -> None:
    check_connection(connection)
    connection.execute("listen news")
    connection.execute("notify news")  # the server says something unasked
    check_connection(connection)
    assert connection.execute("select 1").fetchone() == (1,)


def test_one_that_the_server_closed_may_not(connection: Connection[Any], postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as another:
        another.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
    until(lambda: broken(connection))
