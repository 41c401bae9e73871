"""The Message Router publisher against a double that answers in the real one's words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core import clock
from fed_common.core.errors import Invalid, Retryable
from fed_common.publishers.dmaap import DmaapPublisher
from fed_common.publishers.dmaap.bodies import cambria
from fed_common.publishers.dmaap.config import DmaapConfig
from tests.doubles.message_router import (
    MessageRouter,
    Script,
    accept,
    closing,
    counted,
    failing,
    frames_in,
    poisoned_by,
    saying,
)
from tests.messages import message, numbered


@pytest.fixture
def router() -> Iterator[MessageRouter]:
    router = MessageRouter()
    yield router
    router.close()


@pytest.fixture
def publisher(router: MessageRouter) -> Iterator[DmaapPublisher]:
    publisher = DmaapPublisher(DmaapConfig(url=router.url))
    yield publisher
    publisher.close()


def refusal(publisher: DmaapPublisher, messages: list[Any], *, timeout: float = 10.0) -> Retryable:
    with pytest.raises(Retryable) as caught:
        publisher.publish(messages, timeout=timeout)
    return caught.value


def test_a_batch_is_one_post_in_cambria_with_a_key_for_each_message(
    router: MessageRouter, publisher: DmaapPublisher
) -> None:
    messages = [message("1", instance_id="vm-é", value="é€".encode()), message("2"), message("3", value=b"")]

    assert publisher.publish(messages, timeout=10) == []

    (request,) = router.requests
    assert (request.method, request.path) == ("POST", "/events/T1")
    assert request.headers["Content-Type"] == "application/cambria"
    assert request.headers["Content-Length"] == str(len(request.body))
    assert "Transfer-Encoding" not in request.headers
    assert request.body == "5.5.vm-éé€\n4.11.vm-1".encode() + b'{"id": "2"}' + b"\n4.0.vm-1"
    assert router.stored["T1"] == [("vm-é", "é€".encode()), ("vm-1", b'{"id": "2"}'), ("vm-1", b"")]


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8"), max_size=8), st.binary(max_size=20)), max_size=8))
def test_cambria_is_read_back_as_it_was_whatever_is_in_it(frames: list[tuple[str, bytes]]) -> None:
    messages = [message(value=value, instance_id=key or "x") for key, value in frames]

    found = frames_in({"Content-Type": "application/cambria"}, "/events/T1", cambria(messages))

    assert found == [(one.key, one.value) for one in messages]


def test_batches_are_cut_at_the_option_and_topics_are_kept_apart(router: MessageRouter) -> None:
    publisher = DmaapPublisher(DmaapConfig(url=router.url + "/", batch=2))

    publisher.publish([*numbered(3), message("b", topic="T2")], timeout=10)

    assert [(one.path, len(one.frames)) for one in router.requests] == [
        ("/events/T1", 2),
        ("/events/T1", 1),
        ("/events/T2", 1),
    ]


def test_one_thread_keeps_one_connection_and_each_thread_has_its_own(
    router: MessageRouter, publisher: DmaapPublisher
) -> None:
    for _ in range(3):
        publisher.publish(numbered(1), timeout=10)
    assert router.connections == 1

    thread = threading.Thread(target=publisher.publish, args=(numbered(1),), kwargs={"timeout": 10})
    thread.start()
    thread.join()

    assert router.connections == 2


def test_the_json_body_is_an_array_for_one_partition_key(router: MessageRouter) -> None:
    publisher = DmaapPublisher(DmaapConfig(url=router.url, body="json"))

    publisher.publish(numbered(4, keys=2), timeout=10)

    assert [one.path for one in router.requests] == [
        "/events/T1?partitionKey=vm-0",
        "/events/T1?partitionKey=vm-1",
    ]
    assert router.requests[0].headers["Content-Type"] == "application/json"
    assert [one.body for one in router.requests] == [b'[{"id": "0"},{"id": "2"}]', b'[{"id": "1"},{"id": "3"}]']


def test_a_count_below_the_number_sent_leaves_the_rest_unsent(
    router: MessageRouter, publisher: DmaapPublisher
) -> None:
    messages = numbered(5)
    router.script.append(counted(2))

    error = refusal(publisher, messages)

    assert error.unsent == messages[2:]
    assert "accepted 2 of 5" in error.reason
    assert len(router.values()) == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (failing(408), "HTTP 408"),
        (failing(425), "HTTP 425"),
        (failing(429, 5012, "too many requests"), "HTTP 429: too many requests"),
        (failing(500), "HTTP 500"),
        (failing(502), "HTTP 502"),
        (failing(503), "HTTP 503: No."),
        (failing(504), "HTTP 504"),
        (failing(404, 5007, "Error while publishing"), "HTTP 404: Error while publishing"),
        (failing(404, 5009), "HTTP 404"),
        (closing, "ConnectionError"),
    ],
)
def test_a_far_side_that_cannot_now_is_retried_soon(
    router: MessageRouter, publisher: DmaapPublisher, answer: Script, words: str
) -> None:
    messages = numbered(3)
    router.script.append(answer)

    error = refusal(publisher, messages)

    assert words in error.reason
    assert error.retry_after is None
    assert error.unsent == messages
    assert publisher.publish(messages, timeout=10) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (failing(401, 5009, "Access denied for (no user)"), "credentials of this sink do not do"),
        (failing(403, 4002), "credentials of this sink do not do"),
        (failing(404, 3001, "No such topic exists.-[T1]"), "create the topic"),
        (saying(404, "<html>nothing here</html>"), "Message Router's root"),
        (saying(301, "", Location="https://else.where/events/T1"), "moved to https://else.where/events/T1"),
        (saying(405, ""), "HTTP 405"),
        (saying(200, "<html>Welcome</html>"), "no count of messages"),
        (saying(204, ""), "no count of messages"),
        (saying(200, '{"count": "3"}'), "no count of messages"),
    ],
)
def test_what_an_operator_must_mend_waits_and_loses_nothing(
    router: MessageRouter, publisher: DmaapPublisher, answer: Script, words: str
) -> None:
    messages = numbered(3)
    router.script.append(answer)

    error = refusal(publisher, messages)

    assert words in error.reason
    assert error.retry_after == 30
    assert error.unsent == messages
    assert len(router.requests) == 1


def test_retry_after_is_honoured_in_both_forms_and_within_reason(
    router: MessageRouter, publisher: DmaapPublisher
) -> None:
    in_a_minute = format_datetime(clock.now() + timedelta(seconds=60))
    for word in ("7", "999999", "soon", in_a_minute):
        router.script.append(failing(503, Retry_After=word))

    pauses = [refusal(publisher, numbered(1)).retry_after for _ in range(4)]

    assert pauses[:3] == [7, 300, None]
    assert 30 < (pauses[3] or 0) <= 60


def test_a_poison_message_is_isolated_and_the_others_are_delivered_in_order(
    router: MessageRouter, publisher: DmaapPublisher
) -> None:
    messages = numbered(9)
    router.otherwise = poisoned_by(b'{"id": "4"}')

    refused = publisher.publish(messages, timeout=10)

    assert [one.message for one in refused] == [messages[4]]
    assert "HTTP 400: Error while publishing data to topic.:T1." in refused[0].reason
    assert router.values() == [one.value for one in messages if one is not messages[4]]


def test_a_request_too_large_is_halved_until_it_fits(router: MessageRouter, publisher: DmaapPublisher) -> None:
    messages = numbered(8)
    too_large = failing(413, 5004, "too large")
    router.otherwise = lambda request: too_large(request) if len(request.frames) > 2 else accept(request)

    assert publisher.publish(messages, timeout=10) == []

    assert router.values() == [one.value for one in messages]


def test_a_message_too_large_on_its_own_is_refused(router: MessageRouter, publisher: DmaapPublisher) -> None:
    messages = numbered(3)
    router.otherwise = poisoned_by(messages[1].value, 413)

    (refused,) = publisher.publish(messages, timeout=10)

    assert refused.message == messages[1]
    assert refused.reason.startswith("HTTP 413")


def test_what_the_real_one_would_accept_and_throw_away_is_never_sent(
    router: MessageRouter, publisher: DmaapPublisher
) -> None:
    big, misnamed, good = message(value=b"x" * 1_200_000), message(topic="a b"), message("good")

    refused = publisher.publish([big, misnamed, good], timeout=10)

    assert [one.message for one in refused] == [big, misnamed]
    assert [value for topic in router.stored for value in router.values(topic)] == [good.value]


def test_an_error_body_that_is_not_quite_json_is_still_read(
    router: MessageRouter, publisher: DmaapPublisher
) -> None:
    router.script.append(saying(400, '400 {"message":"Expecting an array or an object."}'))

    (refused,) = publisher.publish(numbered(1), timeout=10)

    assert refused.reason == "HTTP 400: Expecting an array or an object."


def test_an_outage_in_the_middle_leaves_only_the_rest_unsent(router: MessageRouter) -> None:
    publisher = DmaapPublisher(DmaapConfig(url=router.url, batch=2))
    messages = numbered(6)
    router.script.extend([accept, failing(503)])

    assert refusal(publisher, messages).unsent == messages[2:]


def test_a_server_that_never_answers_is_given_up_at_the_deadline(
    router: MessageRouter, publisher: DmaapPublisher
) -> None:
    messages = numbered(3)
    router.script.append(router.hanging)

    error = refusal(publisher, messages, timeout=0.3)

    assert "ReadTimeout" in error.reason
    assert error.unsent == messages
    assert publisher.publish(messages, timeout=10) == []


def test_no_time_left_between_two_requests_is_not_a_loss(
    router: MessageRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = DmaapPublisher(DmaapConfig(url=router.url, batch=1))
    moments = iter([0.0, 0.0, 99.0])
    clock_of_ours = SimpleNamespace(monotonic=lambda: next(moments))
    monkeypatch.setattr("fed_common.publishers.dmaap.publisher.time", clock_of_ours)
    messages = numbered(2)

    assert refusal(publisher, messages).unsent == messages[1:]


def test_nobody_listening_is_retryable() -> None:
    messages = numbered(1)

    error = refusal(DmaapPublisher(DmaapConfig(url="http://127.0.0.1:1")), messages)

    assert "127.0.0.1:1" in error.reason
    assert error.unsent == messages


def test_an_api_key_signs_the_date_of_each_request(router: MessageRouter) -> None:
    publisher = DmaapPublisher(DmaapConfig(url=router.url, api_key="key0123456789abc", api_secret="s3cret"))

    publisher.publish(numbered(1), timeout=10)

    headers = router.requests[0].headers
    date = headers["X-CambriaDate"]
    digest = base64.b64encode(hmac.new(b"s3cret", date.encode(), hashlib.sha1).digest()).decode()
    assert headers["X-CambriaAuth"] == f"key0123456789abc:{digest}"
    assert abs(datetime.fromisoformat(date) - clock.now()) < timedelta(minutes=1)
    assert "Authorization" not in headers


def test_a_user_is_sent_as_basic(router: MessageRouter) -> None:
    publisher = DmaapPublisher(DmaapConfig(url=router.url, username="mult@ñ", password="pä"))

    publisher.publish(numbered(1), timeout=10)

    assert (
        router.requests[0].headers["Authorization"] == "Basic " + base64.b64encode("mult@ñ:pä".encode()).decode()
    )


def test_nothing_of_the_environment_leaks_into_a_request(
    router: MessageRouter, publisher: DmaapPublisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    publisher.publish(numbered(1), timeout=10)

    assert "Authorization" not in router.requests[0].headers


def test_tls_options_reach_the_connection(tmp_path: Any) -> None:
    lenient = DmaapPublisher(DmaapConfig(url="https://mr", verify=False, cafile="/ca.pem"))
    with_ca = DmaapPublisher(DmaapConfig(url="https://mr", cafile="/ca.pem"))
    default = DmaapPublisher(DmaapConfig(url="https://mr"))

    assert [one._session().verify for one in (lenient, with_ca, default)] == [False, "/ca.pem", True]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"url": "mr:3904"}, "url"),
        ({"url": "ftp://mr"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://mr:port"}, "url"),
        ({"url": "http://mr?x=1"}, "url"),
        ({"url": "http://me:hunter2@mr"}, "url"),
        ({"body": "xml"}, "body"),
        ({"batch": 0}, "batch"),
        ({"api_key": "k"}, "api_key"),
        ({"api_key": "ké", "api_secret": "s"}, "api_key"),
        ({"api_key": "k", "api_secret": "s", "username": "u"}, "username"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(options: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        DmaapPublisher(DmaapConfig(**{"url": "http://mr:3904", **options}))

    assert caught.value.field == f"options.{field}"
    assert "hunter2" not in str(caught.value)


def test_check_tells_whether_something_answers(router: MessageRouter, publisher: DmaapPublisher) -> None:
    publisher.check(timeout=5)
    router.script.append(failing(503))

    with pytest.raises(Retryable, match="HTTP 503"):
        publisher.check(timeout=5)


def test_an_error_never_shows_a_secret() -> None:
    options = {"api_key": "k", "api_secret": "hunter2"}
    publisher = DmaapPublisher(DmaapConfig(url="http://127.0.0.1:1", **options))

    assert "hunter2" not in str(refusal(publisher, numbered(1)))
    assert "hunter2" not in repr(DmaapConfig(url="http://mr", **options))
