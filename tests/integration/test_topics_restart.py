"""Real server processes: killed, restarted, several on one database."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.router_process import RouterProcess, running_router, store_of
from tests.waiting import until

STORES = [
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.servers),
    pytest.param("kafka", marks=pytest.mark.servers),
]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> dict[str, str]:
    return store_of(request.param)


@pytest.fixture
def router(tmp_path: Path, store: dict[str, str]) -> Iterator[RouterProcess]:
    with running_router(tmp_path, MCFED_REDELIVER_SECONDS="2", **store) as process:
        yield process


@pytest.fixture
def topic(router: RouterProcess) -> str:
    name = f"R-{uuid.uuid4().hex}"
    router.client.call("POST", "/topics/create", json={"topicName": name})
    return name


def test_23_a_server_killed_after_a_page_hands_out_the_rest_after_its_restart(router, topic):
    router.client.join(topic)
    router.client.publish(topic, *"12345")
    assert router.client.poll(topic, limit=1) == ["1"]
    router.kill()
    router.start()
    found: list[str] = []
    while "5" not in found:
        found += router.client.poll(topic, timeout=30000)
    assert found[-4:] == [*"2345"]
    assert found in ([*"2345"], [*"12345"])


class Load:
    """Publishers that never stop, and what was answered with 200."""

    def __init__(self, router: RouterProcess, topic: str) -> None:
        self.url = f"http://127.0.0.1:{router.port}/events/{topic}"
        self.stored: list[str] = []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._publish, args=[name]) for name in range(4)]
        for thread in self._threads:
            thread.start()

    def more(self, count: int) -> None:
        """Wait until so many more are stored."""
        enough = len(self.stored) + count
        until(lambda: len(self.stored) >= enough, within=180)

    def stop(self) -> None:
        """End the publishers."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _publish(self, name: int) -> None:
        for n in itertools.takewhile(lambda _: not self._stopping.is_set(), itertools.count()):
            texts = [f"{name}.{n}.{k}" for k in range(10)]
            with contextlib.suppress(requests.RequestException):
                if self._post(name, texts).status_code == 200:
                    self.stored.extend(texts)

    def _post(self, name: int, texts: list[str]) -> requests.Response:
        kind = {"Content-Type": "text/plain"}
        return requests.post(f"{self.url}?partitionKey={name}", data="\n".join(texts), headers=kind, timeout=30)


def test_what_was_answered_200_is_there_after_a_kill_under_load(router, topic):
    router.client.join(topic)
    load = Load(router, topic)
    for _ in range(2):
        load.more(500)
        router.kill()
        router.start()
    load.more(500)
    load.stop()
    found: list[str] = []
    while not set(load.stored) <= set(found):
        page = router.client.poll(topic, timeout=30000)
        assert page, f"{len(set(load.stored) - set(found))} of {len(load.stored)} are lost"
        found += page
    for name in range(4):
        mine = [text for text in dict.fromkeys(found) if text.startswith(f"{name}.")]
        assert mine == sorted(mine, key=lambda text: [int(part) for part in text.split(".")])


def test_a_publish_to_one_process_wakes_a_request_that_waits_at_another(router, topic, store, tmp_path):
    with running_router(tmp_path, migrate=False, MCFED_REDELIVER_SECONDS="2", **store) as other:
        router.client.join(topic)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(router.client.poll, topic, timeout=30000)
            started = time.monotonic()
            other.client.publish(topic, "1")
            assert waiting.result(40) == ["1"]
            assert time.monotonic() - started < 25, "it was found only when the time was up"


def test_two_consumers_at_two_processes_share_a_group(router, topic, store, tmp_path):
    with running_router(tmp_path, migrate=False, MCFED_REDELIVER_SECONDS="2", **store) as other:
        router.client.join(topic, consumer="a")
        other.client.join(topic, consumer="b")
        wanted = {f"{key}-{n}" for key in range(9) for n in range(20)}
        for key in range(9):
            texts = [f"{key}-{n}" for n in range(20)]
            router.client.post(f"/events/{topic}?partitionKey={key}", "\n".join(texts), "text/plain")
        found: list[str] = []
        deadline = time.monotonic() + 180
        while set(found) < wanted and time.monotonic() < deadline:
            found += router.client.poll(topic, consumer="a", limit=15, timeout=500)
            found += other.client.poll(topic, consumer="b", limit=15, timeout=500)
        assert set(found) == wanted
