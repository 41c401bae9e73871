"""What a consumer receives over HTTP, and how it knows that it is ours."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from pathlib import Path
from typing import Any

import pytest

from fed_common.core.alarm import Notice
from fed_common.core.errors import Invalid, Retryable
from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.interfaces.registry import parse_config
from fed_common.notify.http import HttpConfig, HttpNotifier
from fed_common.notify.posting import close_session
from tests.certificates import Authority
from tests.consumers import Consumer
from tests.notices import EVENT, a_notice


def tell(notifier: Notifier, *notices: Notice, attempt: int = 1) -> None:
    ids = [f"d-{number}" for number in range(len(notices))]

    async def once() -> None:
        try:
            await notifier.notify(Packet(ids[0], attempt, notices, ids), timeout=5)
        finally:
            await close_session()

    asyncio.run(asyncio.wait_for(once(), 10))


def of_url(url: str) -> HttpNotifier:
    return HttpNotifier(parse_config(HttpConfig, HttpNotifier.options_of(url)))


def test_the_body_is_aodhs_and_nothing_else(consumer: Consumer) -> None:
    """N29, §1.5"""
    notice = a_notice()
    tell(of_url(f"{consumer.url}/failure?a=b"), notice)
    [told] = consumer.told
    assert (told.path, told.query) == ("/failure", "a=b")
    assert told.json == {
        "alarm_name": notice.name,
        "alarm_id": notice.alarm_id,
        "severity": "moderate",
        "previous": "insufficient data",
        "current": "alarm",
        "reason": notice.reason,
        "reason_data": {"type": "event", "event": EVENT},
    }


def test_the_headers_name_the_delivery_and_the_event(consumer: Consumer) -> None:
    """N65"""
    tell(of_url(consumer.url), a_notice(sequence=7), attempt=3)
    headers = consumer.told[0].headers
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Openstack-Request-Id"] == "req-d-0"
    assert headers["Idempotency-Key"] == headers["X-Multicloud-Delivery"] == "d-0"
    assert (headers["X-Multicloud-Attempt"], headers["X-Multicloud-Sequence"]) == ("3", "7")
    assert headers["X-Multicloud-Event"] == EVENT["message_id"]
    assert "X-Multicloud-Signature" not in headers


@pytest.mark.parametrize("whose", ["receiver", "gateway"])
def test_the_signature_is_over_the_time_and_the_body(consumer: Consumer, settings: Any, whose: str) -> None:
    """N65"""
    settings.NOTIFY_SECRET = "gateway"
    tell(HttpNotifier(HttpConfig(consumer.url, secret="receiver" if whose == "receiver" else "")), a_notice())
    [told] = consumer.told
    signed = told.headers["X-Multicloud-Timestamp"].encode() + b"." + told.body
    expected = "sha256=" + hmac.new(whose.encode(), signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(told.headers["X-Multicloud-Signature"], expected)


def test_an_event_of_a_cloud_cannot_add_headers(consumer: Consumer) -> None:
    tell(of_url(consumer.url), a_notice(event={**EVENT, "message_id": "1\r\nX-Evil: yes"}))
    assert consumer.told[0].headers["X-Multicloud-Event"] == "1X-Evil: yes"
    assert "X-Evil" not in consumer.told[0].headers


def test_the_native_body_is_the_notice(consumer: Consumer) -> None:
    """N51: nothing is cropped"""
    notice = a_notice("n" * 400)
    tell(HttpNotifier(HttpConfig(consumer.url, format="native")), notice)
    assert Notice.from_dict(consumer.told[0].json) == notice


@pytest.mark.parametrize(
    ("query", "sent", "verify"),
    [
        ("", "", True),
        ("?aodh-alarm-ssl-verify=0", "", False),
        ("?aodh-alarm-ssl-verify=1&x=%2F", "?x=%2F", True),
        ("?a=1&aodh-alarm-ssl-verify=0&b", "?a=1&b", False),
    ],
)
def test_aodhs_query_option_is_taken_out(query: str, sent: str, verify: bool) -> None:
    """N62"""
    assert HttpNotifier.options_of(f"https://h/p{query}") == {"url": f"https://h/p{sent}", "verify": verify}


def test_a_certificate_is_judged_unless_the_url_says_otherwise(tmp_path: Path) -> None:
    """N62"""
    authority = Authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.issue("127.0.0.1"))
    with Consumer(tls=tls) as consumer:
        with pytest.raises(Retryable, match="certificate"):
            tell(of_url(consumer.url), a_notice())
        tell(of_url(f"{consumer.url}/?aodh-alarm-ssl-verify=0"), a_notice())
        tell(HttpNotifier(HttpConfig(consumer.url, ca=authority.pem)), a_notice())
        assert len(consumer.told) == 2


class RawServer:
    """Answers as told in bytes, by the number of the request within its connection; None: it hangs up."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = answers
        self.connections = self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for answer in self._answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            self.requests += 1
            if answer is None:
                break
            writer.write(answer)
        writer.close()

    def tell(self, times: int) -> None:
        """Notices one after another; raises what the notifier does."""

        async def often() -> None:
            server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            notifier = of_url(url)
            try:
                for number in range(times):
                    await notifier.notify(Packet(f"d{number}", 1, [a_notice()], [f"d{number}"]), timeout=5)
            finally:
                await close_session()
                server.close()

        asyncio.run(asyncio.wait_for(often(), 10))


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_connections_are_kept() -> None:
    server = RawServer(*[OK] * 5)
    server.tell(5)
    assert (server.connections, server.requests) == (1, 5)


def test_a_kept_connection_that_the_consumer_gave_up_costs_no_try() -> None:
    server = RawServer(OK, None)
    server.tell(3)
    assert server.requests == 5


def test_a_consumer_that_hangs_up_without_an_answer_is_tried_again() -> None:
    with pytest.raises(Retryable, match="broke before it answered"):
        RawServer(None).tell(1)


def test_what_is_no_http_is_tried_again() -> None:
    with pytest.raises(Retryable, match="not HTTP"):
        RawServer(b"SSH-2.0-OpenSSH\r\n\r\n").tell(1)


def test_a_head_that_says_yes_is_enough_whatever_becomes_of_the_rest() -> None:
    server = RawServer(OK[:-1], b"")
    server.tell(2)
    assert server.connections == 2


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ftp://h/"},
        {"url": "http:///path"},
        {"url": "http://user:secret@h/"},
        {"url": "http://h:99999/"},
        {"url": "http://h:0/"},
        {"url": "http://h/ x"},
        {"url": "http://h/\r\nX: y"},
        {"url": "http://h/" + "x" * 2000},
        {"url": "http://h", "format": "xml"},
        {"url": "http://h", "ca": "no PEM"},
    ],
)
def test_options_that_cannot_be_are_named_without_a_secret(options: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        HttpNotifier(HttpConfig(**options))
    assert caught.value.field == f"options.{list(options)[-1]}"
    assert "secret" not in str(caught.value)
