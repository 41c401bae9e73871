from __future__ import annotations

import threading

import pytest

from fed_common.core.errors import Retryable
from fed_common.topics.waiters import TailWatch, Waiters


def test_only_who_waits_for_the_key_is_woken():
    waiters: Waiters[str] = Waiters()
    woken: list[str] = []
    with waiters.waiting("t", lambda: woken.append("t")), waiters.waiting("u", lambda: woken.append("u")):
        waiters.notify("t")
    waiters.notify("u")
    assert woken == ["t"]
    assert not waiters.anybody("t")


def test_two_who_wait_for_one_key_are_both_woken_and_leave_alone():
    waiters: Waiters[str] = Waiters()
    woken: list[int] = []
    with waiters.waiting("t", lambda: woken.append(1)):
        with waiters.waiting("t", lambda: woken.append(2)):
            waiters.notify("t")
        waiters.notify("t")
    assert woken == [1, 2, 1]


class Ends:
    """The ends of topics as another process moves them."""

    def __init__(self) -> None:
        self.now = {"t": 1}
        self.looks = threading.Semaphore(0)
        self.error: Exception | None = None

    def __call__(self, topics):
        self.looks.release()
        if self.error:
            error, self.error = self.error, None
            raise error
        return {name: end for name, end in self.now.items() if name in topics}


@pytest.fixture
def watched():
    ends, waiters = Ends(), Waiters()
    watch = TailWatch(waiters, ends, every=0.001)
    watch.start()
    watch.start()
    return ends, waiters, watch


def test_a_topic_that_grew_elsewhere_wakes_its_waiters(watched):
    ends, waiters, watch = watched
    watch.told("t", 1)
    woken = threading.Event()
    with waiters.waiting("t", woken.set):
        for _ in range(3):
            assert ends.looks.acquire(timeout=60)
        assert not woken.is_set()
        ends.now["t"] = 2
        assert woken.wait(60)


def test_a_topic_never_looked_at_counts_as_grown(watched):
    _, waiters, _ = watched
    woken = threading.Event()
    with waiters.waiting("t", woken.set):
        assert woken.wait(60)


def test_nobody_waiting_means_no_looks(watched):
    ends, waiters, _ = watched
    assert not ends.looks.acquire(timeout=0.2)
    with waiters.waiting("t", lambda: None):
        assert ends.looks.acquire(timeout=60)


def test_a_store_that_is_down_is_looked_at_again(watched):
    ends, waiters, _ = watched
    ends.error = Retryable("down")
    woken = threading.Event()
    with waiters.waiting("t", woken.set):
        assert woken.wait(60)


def test_a_watch_that_broke_is_started_again(watched):
    ends, waiters, watch = watched
    watch.told("t", 1)
    thread = watch._thread
    threading.excepthook, before = (lambda _: None), threading.excepthook
    try:
        ends.error = RuntimeError("a bug")
        with waiters.waiting("t", lambda: None):
            thread.join(60)
    finally:
        threading.excepthook = before
    watch.start()
    woken = threading.Event()
    ends.now["t"] = 2
    with waiters.waiting("t", woken.set):
        assert woken.wait(60)
