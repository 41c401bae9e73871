from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from fed_common.core.errors import Retryable
from fed_common.events.message_router.polls import REMEMBERED, Consumer, Polls
from fed_common.interfaces.topics import NOTHING, Page
from tests.contract.topic_log import ODD_TEXTS
from tests.router_client import RawClient, refused
from tests.waiting import until


def timed(router, path: str) -> tuple[float, requests.Response]:
    started = time.monotonic()
    answer = router.get(path)
    return time.monotonic() - started, answer


def test_19_a_new_group_gets_only_what_comes_after_its_first_request(router, topic):
    router.publish(topic, "old")
    assert router.poll(topic, timeout=0) == []
    router.publish(topic, "new")
    assert router.poll(topic) == ["new"]


def test_19_a_new_group_gets_everything_where_the_setting_says_so(router, topic, settings):
    settings.NEW_GROUP_STARTS = "earliest"
    router.publish(topic, "old")
    assert router.poll(topic) == ["old"]


def test_20_an_idle_request_is_answered_empty_when_its_time_is_up(router, topic):
    took, answer = timed(router, f"/events/{topic}/g/c?timeout=700")
    assert answer.json() == []
    assert took >= 0.7
    assert router.get(f"/events/{topic}/g/c?timeout=0").json() == []


@pytest.mark.parametrize("timeout", ["", "?timeout=abc", "?timeout="])
def test_20_without_a_number_the_time_is_ten_seconds(router, topic, monkeypatch, timeout):
    asked = []

    async def next_page(self, topics, consumer, *, limit, timeout):
        asked.append((limit, timeout))
        return NOTHING

    monkeypatch.setattr(Polls, "next_page", next_page)
    router.get(f"/events/{topic}/g/c{timeout}")
    assert asked == [(4096, 10.0)]


@pytest.mark.parametrize(
    ("query", "limit", "seconds"),
    [("limit=0", 4096, 10.0), ("limit=x", 4096, 10.0), ("limit=99999", 4096, 10.0), ("limit=7&timeout=-5", 7, 0.0),
     ("timeout=999999999", 4096, 120.0)],
)  # fmt: skip
def test_20_22_limit_and_timeout_have_bounds(router, topic, monkeypatch, query, limit, seconds):
    asked = []

    async def next_page(self, topics, consumer, *, limit, timeout):
        asked.append((limit, timeout))
        return NOTHING

    monkeypatch.setattr(Polls, "next_page", next_page)
    router.get(f"/events/{topic}/g/c?{query}")
    assert asked == [(limit, seconds)]


def test_21_a_waiting_request_is_answered_when_something_is_published(router, topic):
    router.join(topic)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(timed, router, f"/events/{topic}/g/c?timeout=30000")
        other = type(router)(router.port)
        other.publish(topic, "late1", "late2")
        took, answer = waiting.result(60)
    assert answer.json() == ["late1", "late2"]
    assert took < 30


def test_22_limits_walk_through_the_topic_and_a_negative_one_takes_nothing(router, topic):
    router.join(topic)
    router.publish(topic, *"12345")
    assert router.poll(topic, limit=-1) == []
    assert [router.poll(topic, limit=2) for _ in range(3)] == [["1", "2"], ["3", "4"], ["5"]]


def test_24_a_client_that_resets_in_the_middle_of_a_long_answer_gets_the_page_again(router, topic):
    router.join(topic)
    texts = [f"{n}-" + "x" * 900_000 for n in range(4)]
    for text in texts:
        router.publish(topic, text)
    client = RawClient(router.port, f"/events/{topic}/g/c?timeout=20000", window=4096)
    assert client.read(1000)
    client.reset()
    assert until(lambda: router.poll(topic, timeout=1000)) == texts


@pytest.mark.parametrize("read", [0, 20])
def test_24_a_client_that_resets_with_a_short_answer_unread_gets_the_page_again(router, topic, read):
    router.join(topic)
    router.publish(topic, "short")
    client = RawClient(router.port, f"/events/{topic}/g/c?timeout=20000")
    assert client.socket.recv(1, socket.MSG_PEEK)
    if read:
        client.read(read)
    client.reset()
    assert router.poll(topic, timeout=1000) == ["short"]
    assert router.poll(topic, timeout=0) == []


def test_24_a_client_that_closes_with_bytes_unread_gets_the_page_again(router, topic):
    router.join(topic)
    router.publish(topic, "short")
    client = RawClient(router.port, f"/events/{topic}/g/c?timeout=20000")
    assert client.read(20)
    client.socket.close()
    assert router.poll(topic, timeout=1000) == ["short"]


def test_24_a_client_that_stops_reading_a_long_answer_and_asks_anew_gets_the_page_again(router, topic):
    router.join(topic)
    texts = [f"{n}-" + "x" * 900_000 for n in range(4)]
    for text in texts:
        router.publish(topic, text)
    stalled = RawClient(router.port, f"/events/{topic}/g/c?timeout=20000", window=4096)
    assert stalled.read(1000)
    assert router.poll(topic, timeout=1000) == texts
    stalled.socket.close()


def test_24_a_client_that_ends_before_its_side_has_everything_gets_the_page_again(router, topic):
    router.join(topic)
    text = "x" * 100_000
    router.publish(topic, text)
    client = RawClient(router.port, f"/events/{topic}/g/c?timeout=20000", window=4096)
    assert client.read(100)
    client.socket.shutdown(socket.SHUT_WR)
    assert until(lambda: router.poll(topic, timeout=0)) == [text]
    client.socket.close()


def test_24_a_reset_after_a_next_request_on_the_connection_undoes_nothing(router, topic):
    router.join(topic)
    router.publish(topic, "1")
    client = RawClient(router.port, f"/events/{topic}/g/c?timeout=20000")
    assert client.read_answer() == ["1"]
    client.socket.sendall(b"GET /topics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert client.read(1)
    client.reset()
    assert router.poll(topic, timeout=500) == []


def test_24_a_client_that_goes_away_while_waiting_loses_nothing(router, topic):
    router.join(topic)
    client = RawClient(router.port, f"/events/{topic}/g/c?timeout=60000")
    client.reset()
    router.publish(topic, "1")
    assert router.poll(topic) == ["1"]


def test_24_a_client_that_read_everything_and_closed_does_not_get_it_again(router, topic):
    router.join(topic)
    for text in ("1", "2", "3"):
        router.publish(topic, text)
        client = RawClient(router.port, f"/events/{topic}/g/c?timeout=20000")
        assert client.read_answer() == [text]
        client.socket.close()


def test_24_what_went_with_one_connection_is_not_undone_by_the_end_of_an_older_one(router, topic):
    router.join(topic)
    router.publish(topic, "1")
    first = RawClient(router.port, f"/events/{topic}/g/c?timeout=20000")
    assert first.read_answer() == ["1"]
    router.publish(topic, "2")
    assert router.poll(topic) == ["2"]
    first.reset()
    assert router.poll(topic, timeout=0) == []


def test_25_two_consumers_share_the_group(router, topic):
    router.join(topic, consumer="c")
    router.join(topic, consumer="d")
    for key in range(9):
        router.publish(topic, *(f"{key}-{n}" for n in range(3)))
    found: list[str] = []

    def more() -> bool:
        for consumer in ("c", "d"):
            found.extend(router.poll(topic, consumer=consumer, limit=4, timeout=0))
        return len(found) >= 27

    until(more)
    assert sorted(found) == sorted(f"{key}-{n}" for key in range(9) for n in range(3))


def test_26_a_second_request_of_the_same_consumer_takes_the_place_of_the_first(router, topic):
    router.join(topic)
    with ThreadPoolExecutor() as pool:
        path = f"/events/{topic}/g/c?timeout=30000"
        first = pool.submit(requests.get, f"http://127.0.0.1:{router.port}{path}", timeout=60)
        until(lambda: _waiting(topic))
        second = pool.submit(requests.get, f"http://127.0.0.1:{router.port}{path}", timeout=60)
        refused(first.result(60), 409, 5012)
        router.publish(topic, "1")
        assert second.result(60).json() == ["1"]


def _waiting(topic: str) -> bool:
    from fed_common.events.message_router import views

    return Consumer(topic, "g", "c") in views._POLLS._seats


def test_27_an_unknown_topic_is_404(router):
    answer = router.get("/events/nope/g/c?timeout=1000")
    assert refused(answer, 404, 3001) == "No such topic exists.-[nope]"
    refused(router.get("/events/a%20b/g/c"), 404, 3001)


def test_27_a_url_without_group_or_id_is_404(router, topic):
    assert refused(router.get(f"/events/{topic}"), 404, 5008).startswith(
        "Incorrect url - Expects consumer Group and ID in /events/"
    )
    assert refused(router.get(f"/events/{topic}/g"), 404, 5008).startswith(
        "Incorrect url - Expects consumer ID in /events/"
    )


@pytest.mark.parametrize("path", ["g%01/c", "g/" + "x" * 201])
def test_27_an_illegal_group_or_id_is_refused(router, topic, path):
    assert "1 to 200 characters" in refused(router.get(f"/events/{topic}/{path}?timeout=0"), 400, 5008)


def test_28_too_many_empty_polls_are_429_with_a_hint(router, topic):
    for _ in range(10):
        assert router.poll(topic, timeout=0) == []
    answer = router.get(f"/events/{topic}/g/c?timeout=0")
    assert "too many requests" in refused(answer, 429, 5012)
    assert 1 <= int(answer.headers["Retry-After"]) <= 6


def test_28_messages_come_also_to_a_consumer_that_asks_too_often_and_are_a_fresh_start(router, topic):
    for _ in range(11):
        router.get(f"/events/{topic}/g/c?timeout=0")
    router.publish(topic, "1")
    assert router.poll(topic, timeout=0) == ["1"]
    assert router.poll(topic, timeout=0) == []


def test_28_the_allowance_grows_back_with_time(monkeypatch):
    now = 1000.0
    monkeypatch.setattr("fed_common.events.message_router.polls.time.monotonic", lambda: now)
    polls, consumer = Polls(), Consumer("t", "g", "c")
    assert [polls.too_many_empty(consumer, 10) for _ in range(10)] == [0.0] * 10
    assert polls.too_many_empty(consumer, 10) == 6.0
    now += 6
    assert polls.too_many_empty(consumer, 10) == 0.0
    assert polls.too_many_empty(consumer, 10) == 6.0
    assert polls.too_many_empty(consumer, 0) == 0.0


def test_28_the_memory_of_empty_polls_is_bounded():
    polls = Polls()
    for n in range(REMEMBERED + 50):
        polls.too_many_empty(Consumer("t", "g", str(n)), 10)
    assert len(polls._allowed_from) == REMEMBERED


def test_29_every_text_comes_out_as_it_went_in(router, topic):
    router.join(topic)
    frames = b"".join(b"0.%d.%s" % (len(text.encode()), text.encode()) for text in ODD_TEXTS)
    assert router.post(f"/events/{topic}", frames, "application/cambria").json()["count"] == len(ODD_TEXTS)
    assert router.poll(topic) == ODD_TEXTS


def test_30_a_filter_is_accepted_and_ignored(router, topic):
    router.join(topic)
    router.post(f"/events/{topic}", '{"f":1}')
    assert router.poll(topic, filter='{"class":"Equals","foo":"f","value":2}') == ['{"f":1}']


def test_an_answer_is_never_cached(router, topic):
    router.join(topic)
    router.publish(topic, "1")
    for answer in (router.get(f"/events/{topic}/g/c"), router.get(f"/events/{topic}/g/c?timeout=0")):
        assert answer.headers["Cache-Control"] == "no-store, no-cache, must-revalidate"
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Content-Length"] == str(len(answer.content))


class SlowLog:
    """A log that takes its time to note that a page was written."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.release = threading.Event()

    def written(self, *args, whole: bool) -> None:
        self.release.wait(60)
        self.heard.append("written")

    def confirm(self, *args) -> None:
        self.heard.append("confirm")

    def fetch(self, *args, limit: int) -> Page:
        return NOTHING

    def arrivals(self, *args):
        return contextlib.nullcontext()


def test_a_consumer_that_comes_back_at_once_waits_until_its_page_is_noted_as_written():
    async def come_back() -> None:
        polls, consumer = Polls(), Consumer("t", "g", "c")
        polls.mark(log, consumer, 1, whole=True)
        asking = asyncio.create_task(polls.next_page(log, consumer, limit=1, timeout=0))
        await asyncio.sleep(0)
        log.release.set()
        await asking

    log = SlowLog()
    asyncio.run(come_back())
    assert log.heard == ["written", "confirm"]


class BrokenLog:
    def confirm(self, *args) -> None:
        raise Retryable("down")

    def arrivals(self, *args):
        return contextlib.nullcontext()


def test_a_store_that_is_down_is_503_not_empty(router, topic, monkeypatch):
    monkeypatch.setattr("fed_common.events.message_router.views.topic_log", BrokenLog)
    refused(router.get(f"/events/{topic}/g/c?timeout=0"), 503, 3002)


def test_hundreds_of_waiting_requests_do_not_hold_up_others(router, topic):
    clients = [RawClient(router.port, f"/events/{topic}/g{n}/c?timeout=60000") for n in range(300)]
    from fed_common.events.message_router import views

    until(lambda: sum(one.topic == topic for one in views._POLLS._seats) == 300)
    assert router.get("/topics").status_code == 200
    assert threading.active_count() < 60
    router.publish(topic, "1")
    assert [client.read_answer() for client in clients] == [["1"]] * 300
    for client in clients:
        client.socket.close()
