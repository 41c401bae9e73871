"""The Message Router face, served by uvicorn in a thread, on the test database."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from tests.processes import free_port
from tests.router_client import Router
from tests.waiting import until


@pytest.fixture(scope="session")
def served() -> Iterator[int]:
    """The port of a server in this process."""
    from tests.router_app import application

    server = uvicorn.Server(
        uvicorn.Config(
            application,
            port=free_port(),
            lifespan="on",
            date_header=False,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield server.config.port
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def router(served: int, transactional_db: None, settings: Any) -> Router:
    """The face without authentication, as the real one is without AAF."""
    settings.AUTH = "none"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    return Router(served)


@pytest.fixture
def topic(router: Router) -> str:
    """A topic of its own for each test."""
    name = f"T-{uuid.uuid4().hex}"
    assert router.call("POST", "/topics/create", json={"topicName": name}).status_code == 200
    return name
