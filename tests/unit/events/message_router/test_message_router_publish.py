from __future__ import annotations

import gzip
import socket
import threading
import time

import pytest
import requests

from fed_common.core.errors import Permanent, Retryable
from fed_common.events.message_router import topic_log
from tests.router_client import refused

CAMBRIA, ZIP, TEXT = "application/cambria", "application/cambria-zip", "text/plain"


def nothing_stored(router, topic) -> bool:
    router.publish(topic, "marker")
    return router.poll(topic) == ["marker"]


def test_01_an_object_is_stored_and_its_topic_listed_after(router):
    name = f"new-{time.time_ns()}"
    answer = router.post(f"/events/{name}", '{"n":1}')
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"count", "serverTimeMs"}
    assert body["count"] == 1
    assert isinstance(body["serverTimeMs"], int)
    assert name in router.get("/topics").json()["topics"]


def test_01_a_slash_after_the_topic_changes_nothing(router, topic):
    router.join(topic)
    assert router.post(f"/events/{topic}/", '{"n":1}').json()["count"] == 1
    assert router.poll(topic) == ['{"n":1}']


def test_02_an_array_with_a_partition_key_comes_in_order(router, topic):
    router.join(topic)
    assert router.post(f"/events/{topic}?partitionKey=k", '[{"n":1},{"n":2},{"n":3}]').json()["count"] == 3
    assert router.poll(topic) == ['{"n":1}', '{"n":2}', '{"n":3}']


def test_03_an_empty_array_stores_nothing(router, topic):
    router.join(topic)
    assert router.post(f"/events/{topic}", "[]").json()["count"] == 0
    assert nothing_stored(router, topic)


def test_04_text_is_a_message_per_line(router, topic):
    router.join(topic)
    assert router.post(f"/events/{topic}", "l1\nl2\n\nl4", TEXT).json()["count"] == 4
    assert router.poll(topic) == ["l1", "l2", "", "l4"]


def test_05_and_06_cambria_plain_and_zipped(router, topic):
    router.join(topic)
    assert router.post(f"/events/{topic}", "1.2.khi\n1.5.khello", CAMBRIA).json()["count"] == 2
    assert router.poll(topic) == ["hi", "hello"]
    assert router.post(f"/events/{topic}", gzip.compress(b"1.3.kzip1.4.kzipp"), ZIP).json()["count"] == 2
    assert router.poll(topic) == ["zip", "zipp"]


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        (ZIP, b"abc", "Couldn't read compressed format"),
        (ZIP, gzip.compress(b"1.3.kzip")[:-4], "Couldn't read compressed format"),
        (CAMBRIA, b"x.2.khi", "Expected . after length."),
        (CAMBRIA, b"1.2.khi1.10.kab", "End of stream while reading 10 bytes"),
        (CAMBRIA, "0.2.\u00e9!".encode(), "Expected . after length."),
        ("application/json", b'["x"]', "Expected { to start an object"),
        ("application/json", b'[{"n":9},7]', "Expected { to start an object"),
        ("application/json", b'"x"', "Expecting an array or an object."),
        ("application/json", b"", "Expecting an array or an object."),
        ("application/json", b'{"n":', "at 5 [character 6 line 1]"),
        (TEXT, b"ok\n\xff", "Not UTF-8 at byte 3."),
    ],
)
def test_06_07_08_12_a_malformed_body_is_refused_whole_with_the_reason(router, topic, kind, body, words):
    router.join(topic)
    message = refused(router.post(f"/events/{topic}", body, kind), 400, 5007)
    assert message.startswith(
        f"Error while publishing data to topic.:{topic}.Successfully published number of messages :0."
    )
    assert words in message
    assert nothing_stored(router, topic)


def test_09_the_partition_field_stays_in_the_message(router, topic):
    router.join(topic)
    router.post(f"/events/{topic}?partitionKey=zz", '{"n":13,"cambria.partition":"pk"}')
    assert router.poll(topic) == ['{"n":13,"cambria.partition":"pk"}']


def test_13_a_message_above_the_limit_is_refused_and_names_its_place(router, topic, settings):
    settings.MESSAGE_MAX_BYTES = 1000
    router.join(topic)
    message = refused(router.post(f"/events/{topic}", "ok\n" + "x" * 1001, TEXT), 413, 5004)
    assert "message 1 has 1001 bytes or more; at most 1000" in message
    assert nothing_stored(router, topic)


def test_13_a_body_above_the_limit_is_refused(router, topic, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    refused(router.post(f"/events/{topic}", "x\n" * 5001, TEXT), 413, 5001)
    refused(
        router.call("POST", f"/events/{topic}", data=iter([b"x\n" * 5001]), headers={"Content-Type": TEXT}),
        413,
        5001,
    )


@pytest.mark.parametrize(("kind", "count"), [("application/json", 1), (TEXT, 1), (CAMBRIA, 1)])
def test_14_chunked_bodies_are_read_as_any_other(router, topic, kind, count):
    router.join(topic)
    parts = {"application/json": [b'{"n"', b":1}"], TEXT: [b"on", b"e"], CAMBRIA: [b"0.3", b".one"]}[kind]
    answer = router.call("POST", f"/events/{topic}", data=iter(parts), headers={"Content-Type": kind})
    assert answer.json()["count"] == count
    assert router.poll(topic) == ['{"n":1}' if kind == "application/json" else "one"]


class BrokenLog:
    """A store that cannot take anything now, or never."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def append(self, *args, **names) -> None:
        raise self._error


def test_15_a_store_that_is_down_is_503_with_a_hint_when_to_come_again(router, topic, monkeypatch):
    monkeypatch.setattr("fed_common.events.message_router.views.topic_log", lambda: BrokenLog(Retryable("down")))
    answer = router.post(f"/events/{topic}", '{"n":1}')
    assert refused(answer, 503, 3002) == "down"
    assert int(answer.headers["Retry-After"]) >= 1


def test_15_a_store_that_never_takes_it_is_400(router, topic, monkeypatch):
    monkeypatch.setattr(
        "fed_common.events.message_router.views.topic_log", lambda: BrokenLog(Permanent("too odd"))
    )
    assert "too odd" in refused(router.post(f"/events/{topic}", '{"n":1}'), 400, 5007)


def test_16_a_store_that_hangs_is_503_by_the_deadline(router, topic, monkeypatch, settings):
    release = threading.Event()
    settings.PUBLISH_TIMEOUT_SECONDS = -0.5

    class HangingLog:
        def append(self, *args, **names) -> None:
            release.wait(60)

    monkeypatch.setattr("fed_common.events.message_router.views.topic_log", HangingLog)
    try:
        refused(router.post(f"/events/{topic}", '{"n":1}'), 503, 3002)
    finally:
        release.set()
    monkeypatch.undo()
    settings.PUBLISH_TIMEOUT_SECONDS = 10
    assert router.post(f"/events/{topic}", '{"n":1}').status_code == 200


def test_17_publishers_at_once_add_up(router, topic):
    router.join(topic)
    counts = []

    def publish(name: int) -> None:
        body = "".join(f"{name}.{n}\n" for n in range(100))
        answer = requests.post(
            f"http://127.0.0.1:{router.port}/events/{topic}?partitionKey={name}",
            data=body,
            headers={"Content-Type": TEXT},
            timeout=60,
        )
        counts.append(answer.json()["count"])

    threads = [threading.Thread(target=publish, args=[name]) for name in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 2000
    found: list[str] = []
    while len(found) < 2000:
        found += router.poll(topic)
    for name in range(20):
        assert [text for text in found if text.startswith(f"{name}.")] == [f"{name}.{n}" for n in range(100)]


@pytest.mark.parametrize("name", ["a%20b", "x" * 250, "%2e%2e", "caf%C3%A9"])
def test_an_illegal_topic_name_is_refused_and_says_what_is_allowed(router, name):
    message = refused(router.post(f"/events/{name}", '{"n":1}'), 400, 5007)
    assert "1 to 249 letters, digits" in message


def test_other_methods_are_405_and_name_those_there_are(router, topic):
    answer = router.call("PUT", f"/events/{topic}")
    refused(answer, 405, 3003)
    assert answer.headers["Allow"] == "POST"
    answer = router.post(f"/events/{topic}/g/c", "x")
    refused(answer, 405, 3003)
    assert answer.headers["Allow"] == "GET"
    head = router.call("HEAD", f"/events/{topic}/g/c")
    assert head.status_code == 405


def test_expect_100_continue_is_served(router, topic):
    with socket.create_connection(("127.0.0.1", router.port), timeout=20) as client:
        head = f"POST /events/{topic} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 7\r\n"
        client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b'{"n":1}')
        assert client.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_page_of_another_origin_may_not_publish_through_a_browser(router, topic):
    answer = router.post(f"/events/{topic}", "x", TEXT, headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 401
    own = {"Origin": f"http://127.0.0.1:{router.port}"}
    assert router.post(f"/events/{topic}", "x", TEXT, headers=own).status_code == 200


def test_the_log_in_use_is_the_one_the_setting_names(settings):
    settings.TOPIC_LOG = "embedded"
    topic_log.topic_log.cache_clear()
    assert type(topic_log.topic_log()).__name__ == "EmbeddedLog"
    topic_log.topic_log.cache_clear()
