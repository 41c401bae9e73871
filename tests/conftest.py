"""Fixtures every test may use: the real servers, started when first asked for."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("MCFED_DATA", tempfile.mkdtemp(prefix="mcfed-test-"))

import hypothesis
import psycopg
import pytest

import fed_common.bus  # noqa: F401 - before any test imports oslo.messaging by itself
from tests.vhosts import virtual_host
from tests.waiting import until

if TYPE_CHECKING:  # it needs Django, which is set up later
    from tests.callers import Caller
    from tests.doubles.aai import Aai
    from tests.vcsim import Vcsim

# a machine that does much else is no finding
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

SERVICES = Path(__file__).parent / "services"


def service(name: str, *verb: str, **env: str) -> str:
    """Run a start script of tests/services and return what it prints."""
    command = [str(SERVICES / f"{name}.sh"), *verb]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
    return done.stdout.strip()


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    """A running RabbitMQ as an oslo transport URL, ``rabbit://user:password@host:port/``."""
    service("rabbitmq", "start")
    return service("rabbitmq", "url").replace("amqp://", "rabbit://")


@pytest.fixture
def vhost_url(rabbitmq_url: str) -> Iterator[str]:
    """A virtual host of its own on the running RabbitMQ, so that nobody else is met on exchange ``tacker``."""
    with virtual_host(rabbitmq_url) as made:
        yield made.url


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A running PostgreSQL as ``postgresql://user:password@host:port/name``."""
    service("postgres", "start")
    return service("postgres", "url")


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """An empty database."""
    with empty_database(postgres_url) as url:
        yield url


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """The URL of a database on that server, dropped in the end."""
    name = f"mcfed_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"create database {name}")
    yield f"{server_url.rpartition('/')[0]}/{name}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def kafka_bootstrap() -> str:
    """The bootstrap address of a running single Kafka broker."""
    service("kafka", "start")
    return service("kafka", "bootstrap")


@pytest.fixture(scope="module")
def vcsim() -> Iterator[Vcsim]:
    """A vSphere simulator with a fresh inventory, for one module."""
    from tests.vcsim import Vcsim

    with Vcsim() as running:
        yield running


@pytest.fixture(scope="session")
def openstack_clients() -> Path:
    """The folder of the stock ``openstack`` command with the plugins of Tacker, Mistral and Aodh."""
    return Path(service("openstack-clients", "path", PYTHON=sys.executable))


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """This process's database need not survive a power cut, and nobody reads Django's lists of what is in it.

    Else each test that commits waits for the disk, and after it all content types and permissions are made anew.
    """
    from django.contrib.auth.management import create_permissions
    from django.contrib.contenttypes.management import create_contenttypes
    from django.db import connections
    from django.db.models.signals import post_migrate

    options: Any = connections.settings["default"]["OPTIONS"]
    if command := options.get("init_command"):
        options["init_command"] = command.replace("synchronous=FULL", "synchronous=OFF")
    assert post_migrate.disconnect(
        create_permissions, dispatch_uid=f"{create_permissions.__module__}.create_permissions"
    )
    assert post_migrate.disconnect(create_contenttypes)


@pytest.fixture
def eventually() -> Callable[..., object]:
    """``eventually(condition)``: wait until it holds, with a deadline."""
    return until


@pytest.fixture(autouse=True)
def unthrottled() -> Iterator[None]:
    """No test pays for what another one asked."""
    from fed_common.access import throttle

    yield
    throttle.callers.cache_clear()
    throttle.failures.cache_clear()


@pytest.fixture(autouse=True)
def fresh_directory() -> Iterator[None]:
    """No test knows the VIMs of another one's database."""
    from fed_common.inventory.directory import directory

    directory.cache_clear()
    yield
    directory.cache_clear()


@pytest.fixture(autouse=True)
def fresh_rule_book() -> Iterator[None]:
    """No test knows the rules of another one's database."""
    from fed_common.alarms.evaluator.rule_book import rule_book

    rule_book.cache_clear()
    yield
    rule_book.cache_clear()


@pytest.fixture
def aai(settings: Any) -> Iterator[Aai]:
    """An A&AI with the standard clouds, which the gateway asks."""
    from tests.doubles import aai as double

    with double.Aai() as standing:
        settings.AAI_URL, settings.AAI_TIMEOUT = standing.url, 5.0
        settings.AAI_USERNAME, settings.AAI_PASSWORD = double.USERNAME, double.OWN_PASSWORD
        yield standing


@pytest.fixture
def memory_sink() -> Iterator[None]:
    """An empty memory publisher before and after the test."""
    from fed_common.publishers import memory

    memory.clear()
    yield
    memory.clear()


@pytest.fixture
def nobody() -> Caller:
    """Calls the REST API without a token."""
    return _caller("")


@pytest.fixture
def reader(db: None) -> Caller:
    """Calls it and may read."""
    return _caller("reader")


@pytest.fixture
def operator(db: None) -> Caller:
    """Calls it and may read and write."""
    return _caller("operator")


@pytest.fixture
def admin(db: None) -> Caller:
    """Calls it and may do everything."""
    return _caller("admin")


def _caller(role: str) -> Caller:
    from tests.callers import Caller, caller

    return caller(role) if role else Caller()
