"""The Message Router face while its store is dead or hangs: refusals by the deadline, no lies, no loss."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import service
from tests.router_client import refused
from tests.router_process import RouterProcess, running_router, store_of
from tests.waiting import until

pytestmark = pytest.mark.servers

DEADLINE = 3.0
MARGIN = 30.0


@pytest.fixture(params=["kafka", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the service that is to fail."""
    yield request.param
    service(request.param, "resume")
    service(request.param, "start")


@pytest.fixture
def router(tmp_path: Path, store: str) -> Iterator[RouterProcess]:
    with running_router(tmp_path, MCFED_PUBLISH_TIMEOUT_SECONDS=str(DEADLINE), **store_of(store)) as process:
        yield process


@pytest.fixture
def topic(router: RouterProcess) -> str:
    name = f"F-{uuid.uuid4().hex}"
    router.client.call("POST", "/topics/create", json={"topicName": name})
    router.client.join(name)
    until(lambda: router.client.post(f"/events/{name}", "before", "text/plain").status_code == 200)
    assert set(router.client.poll(name, timeout=30000)) == {"before"}
    return name


@pytest.mark.parametrize(("fault", "cure"), [("pause", "resume"), ("kill", "start")])
def test_15_16_requests_are_503_by_the_deadline_and_served_after_the_cure(router, topic, store, fault, cure):
    service(store, fault)
    started = time.monotonic()
    answer = router.client.post(f"/events/{topic}", "during", "text/plain")
    refused(answer, 503, 3002)
    assert answer.headers["Retry-After"]
    assert time.monotonic() - started < DEADLINE + MARGIN
    until(lambda: router.client.get(f"/events/{topic}/g/c?timeout=0").status_code == 503)
    service(store, cure)
    until(lambda: router.client.post(f"/events/{topic}", "after", "text/plain").status_code == 200, within=180)
    found: list[str] = []
    deadline = time.monotonic() + 180
    while "after" not in found and time.monotonic() < deadline:
        page = router.client.get(f"/events/{topic}/g/c?timeout=5000")
        found += page.json() if page.status_code == 200 else []
    assert "after" in found


def test_15_a_server_that_starts_without_kafka_says_so_and_works_once_it_is_there(tmp_path, kafka_bootstrap):
    kafka = {"MCFED_TOPIC_LOG": "kafka", "MCFED_KAFKA": kafka_bootstrap}
    service("kafka", "stop")
    with running_router(tmp_path, MCFED_PUBLISH_TIMEOUT_SECONDS=str(DEADLINE), **kafka) as router:
        name = f"F-{uuid.uuid4().hex}"
        refused(router.client.post(f"/events/{name}", "x", "text/plain"), 503, 3002)
        refused(router.client.get(f"/events/{name}/g/c?timeout=0"), 503, 3002)
        refused(router.client.get("/topics"), 503, 3002)
        service("kafka", "start")
        until(lambda: router.client.post(f"/events/{name}", "x", "text/plain").status_code == 200, within=180)
