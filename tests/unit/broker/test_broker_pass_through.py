"""Calls passed on, byte for byte: the cases T-* of the compatibility list, and the failings B* they repair."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
import requests

from tests.doubles.aai import region
from tests.doubles.clouds import ScriptedCloud
from tests.doubles.upstream import said
from tests.unit.broker.conftest import Gateway, read_answer

VIM = "/v0/CloudOwner_RegionOne"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_t01_every_verb_arrives_with_its_body(gateway: Gateway, method: str) -> None:
    body = bytes(range(256)) * 10

    answer = gateway.ask(method, f"{VIM}/nova/t/servers", data=body)

    asked = gateway.behind.last
    assert (asked.method, asked.target) == (method, "/api/multicloud-pike/v0/CloudOwner_RegionOne/nova/t/servers")
    assert asked.body == body
    assert (answer.status_code, answer.content) == (200, b"" if method == "HEAD" else b"ok")


def test_t02_headers_arrive_as_they_were_sent(gateway: Gateway) -> None:
    sent = [
        (b"X-Auth-Token", b"gAAAA-cloud"),
        (b"X-Subject-Token", b"s"),
        (b"Project", b"p 1"),
        (b"Accept", b"application/json;q=0.9, */*"),
        (b"Content-Type", b"application/openstack-images-v2.1-json-patch"),
        (b"X-Twice", b"1"),
        (b"X-Twice", b"2"),
        (b"X-Utf8", "größe".encode()),
    ]

    gateway.raw("PATCH", f"{VIM}/glance/v2/images/1", [*sent, (b"Content-Length", b"2")], b"[]")

    came = [(name.lower().encode(), value) for name, value in gateway.behind.last.headers]
    assert [pair for pair in came if pair[0] in {name.lower() for name, _ in sent}] == [
        (name.lower(), value) for name, value in sent
    ]


def test_t02_nothing_is_added_that_changes_what_is_asked_for(gateway: Gateway) -> None:
    gateway.raw("GET", f"{VIM}/x", [])

    names = {name.lower() for name, _ in gateway.behind.last.headers}
    assert names == {
        "host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "x-onap-requestid",
        "x-transactionid",
    }  # fmt: skip


def test_t03_b20_authorization_for_the_plugin_reaches_it(gateway: Gateway) -> None:
    gateway.ask("GET", f"{VIM}/x", headers={"Authorization": "Basic dXNlcjpwYXNz"})

    assert gateway.behind.last.one("authorization") == b"Basic dXNlcjpwYXNz"


def test_t04_headers_of_one_connection_stop_here(gateway: Gateway) -> None:
    sent = [
        (b"Connection", b"keep-alive, X-Local"),
        (b"Keep-Alive", b"timeout=5"),
        (b"TE", b"trailers"),
        (b"Upgrade", b"h2c"),
        (b"Proxy-Authorization", b"Basic cHJveHk="),
        (b"X-Local", b"1"),
    ]

    gateway.raw("GET", f"{VIM}/x", sent)

    asked = gateway.behind.last
    for name, _ in sent:
        assert not asked.all(name.decode()), name
    assert asked.one("host") == gateway.behind.url.removeprefix("http://").encode()


def test_t04_who_asked_whom_is_told(gateway: Gateway) -> None:
    host = gateway.url.removeprefix("http://")

    gateway.ask("GET", f"{VIM}/x", headers={"X-Forwarded-For": "192.0.2.1, 192.0.2.2"})

    asked = gateway.behind.last
    assert asked.one("x-forwarded-for").startswith(b"192.0.2.1, 192.0.2.2, ")
    assert (asked.one("x-forwarded-proto"), asked.one("x-forwarded-host")) == (b"http", host.encode())


def test_t05_a_token_made_there_comes_back(gateway: Gateway) -> None:
    gateway.behind.answer = said("201 Created", "X-Subject-Token: t", body=b"{}")

    answer = gateway.ask("POST", f"{VIM}/identity/v3/auth/tokens", json={})

    assert (answer.status_code, answer.headers["X-Subject-Token"], answer.content) == (201, "t", b"{}")


def test_t06_headers_of_the_other_connection_stop_here(gateway: Gateway) -> None:
    gateway.behind.answer = said(
        "200 OK", "Connection: keep-alive", "Keep-Alive: timeout=9", "TE: x", "Upgrade: h2c",
        "Proxy-Authenticate: Basic", "X-Kept: 1",
    )  # fmt: skip

    with gateway.begin("GET", f"{VIM}/x") as connection:
        answer = read_answer(connection)

    for name in ("connection", "keep-alive", "te", "upgrade", "proxy-authenticate", "transfer-encoding"):
        assert not answer.all(name), name
    assert answer.one("x-kept") == "1"


def test_t07_b4_what_one_answer_lists_is_stripped_from_that_one_only(gateway: Gateway) -> None:
    gateway.behind.answer = said("200 OK", "Connection: X-Foo", "X-Foo: 1")
    first = gateway.ask("GET", f"{VIM}/x")
    gateway.behind.answer = said("200 OK", "X-Foo: 2")
    second = gateway.ask("GET", f"{VIM}/x")

    assert "X-Foo" not in first.headers
    assert second.headers["X-Foo"] == "2"


@pytest.mark.parametrize("head", ["204 No Content", "304 Not Modified"])
def test_t08_b13_an_answer_without_a_body_has_none(gateway: Gateway, head: str) -> None:
    gateway.behind.answer = f"HTTP/1.1 {head}\r\nETag: e\r\n\r\n".encode()

    answer = gateway.raw("GET", f"{VIM}/x", [])

    assert (answer.status, answer.body, answer.one("etag")) == (int(head[:3]), b"", "e")
    assert answer.one("content-length") is None


def test_t08_a_204_that_tells_a_length_passes(gateway: Gateway) -> None:
    gateway.behind.answer = said("204 No Content")

    assert gateway.raw("DELETE", f"{VIM}/x", []).status == 204


def test_t08_head_keeps_the_length_and_has_no_body(gateway: Gateway) -> None:
    gateway.behind.answer = said("200 OK", body=b"12345")

    answer = gateway.raw("HEAD", f"{VIM}/x", [])

    assert (answer.status, answer.one("content-length"), answer.body) == (200, "5", b"")


@pytest.mark.parametrize("status", ["300 Multiple Choices", "301 Moved", "302 Found", "303 See", "307 T", "308 P"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_t09_b13_a_redirect_is_told_not_followed(gateway: Gateway, status: str, method: str) -> None:
    gateway.behind.answer = said(status, "Location: http://elsewhere.example/", body=b"choices")

    answer = gateway.ask(method, f"{VIM}/glance/")

    assert (answer.status_code, answer.headers["Location"]) == (int(status[:3]), "http://elsewhere.example/")
    assert answer.content == b"choices"
    assert len(gateway.behind.asked) == 1


@pytest.mark.parametrize(
    ("status", "header", "value"),
    [
        ("404 Not Found", "Retry-After", "7"),
        ("401 Unauthorized", "WWW-Authenticate", 'Keystone uri="http://k/v3"'),
        ("409 Conflict", "X-Openstack-Request-Id", "req-1"),
        ("413 Too Large", "Retry-After", "1"),
        ("500 Error", "X-Compute-Request-Id", "req-2"),
        ("503 Unavailable", "Retry-After", "30"),
    ],
)
def test_t10_t11_b12_errors_of_the_cloud_stay_what_they_are(
    gateway: Gateway, status: str, header: str, value: str
) -> None:
    body = b'{"itemNotFound": {"code": 404}}'
    gateway.behind.answer = said(status, "Content-Type: application/json", f"{header}: {value}", body=body)

    answer = gateway.ask("GET", f"{VIM}/x")

    assert (answer.status_code, answer.headers["Content-Type"]) == (int(status[:3]), "application/json")
    assert (answer.headers[header], answer.content) == (value, body)


def test_t12_b11_binary_and_gzip_pass_untouched(gateway: Gateway) -> None:
    packed = gzip.compress(bytes(range(256)) * 100)
    gateway.behind.answer = said("200 OK", "Content-Encoding: gzip", body=packed)

    answer = gateway.raw("GET", f"{VIM}/glance/x", [(b"Accept-Encoding", b"gzip")])

    assert (answer.body, answer.one("content-encoding")) == (packed, "gzip")
    assert answer.one("content-length") == str(len(packed))
    assert gateway.behind.last.one("accept-encoding") == b"gzip"


def test_repeated_headers_of_an_answer_are_kept_apart(gateway: Gateway) -> None:
    gateway.behind.answer = said("200 OK", "Set-Cookie: a=1, x", "Set-Cookie: b=2", "Date: D", "Server: s")

    answer = gateway.raw("GET", f"{VIM}/x", [])

    assert answer.all("set-cookie") == ["a=1, x", "b=2"]
    assert (answer.all("date"), answer.all("server")) == (["D"], ["s"])


def test_cookies_of_a_cloud_are_not_kept(gateway: Gateway) -> None:
    ScriptedCloud.service = gateway.behind.url.replace("127.0.0.1", "localhost")
    gateway.behind.answer = said("200 OK", "Set-Cookie: session=other; Path=/")
    gateway.ask("GET", "/v0/here_One/nova/x")
    gateway.ask("GET", "/v0/here_One/nova/x")

    assert gateway.behind.last.all("cookie") == []


def test_chunks_stay_chunks_both_ways(gateway: Gateway) -> None:
    gateway.behind.answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )

    answer = gateway.raw("PUT", f"{VIM}/x", [(b"Transfer-Encoding", b"chunked")], b"4\r\nwxyz\r\n0\r\n\r\n")

    assert (answer.body, answer.one("transfer-encoding"), answer.one("content-length")) == (
        b"abcde",
        "chunked",
        None,
    )
    asked = gateway.behind.last
    assert (asked.body, asked.one("transfer-encoding"), asked.one("content-length")) == (b"wxyz", b"chunked", None)


def test_an_answer_that_ends_with_its_connection_passes(gateway: Gateway) -> None:
    gateway.behind.answer = b"HTTP/1.0 200 OK\r\n\r\nuntil the end"
    gateway.behind.keep = False

    assert gateway.raw("GET", f"{VIM}/x", []).body == b"until the end"


def test_t14_b18_a_refused_connection_is_502_and_names_the_vim(gateway: Gateway) -> None:
    gateway.behind.close()

    answer = gateway.ask("GET", f"{VIM}/x")

    said_ = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "application/problem+json")
    assert said_["vim_id"] == "CloudOwner_RegionOne"
    assert said_["error"] == said_["detail"]
    for word in ("aiohttp", "Traceback", "Errno", "Client", "<"):
        assert word not in answer.text


def test_t15_b3_a_vim_that_never_answers_is_504_and_holds_up_nobody(gateway: Gateway, settings: Any) -> None:
    settings.CLOUD_TIMEOUT = 0.5
    gateway.behind.answer = lambda connection, _: connection.recv(1)

    answer = gateway.ask("GET", f"{VIM}/x")

    assert (answer.status_code, answer.json()["code"]) == (504, "cloud_timeout")
    assert "CloudOwner_RegionOne" in answer.json()["detail"]
    assert gateway.ask("GET", "/v0/vim_types").status_code == 200


def test_t16_b21_multipart_is_passed_on(gateway: Gateway) -> None:
    gateway.ask("POST", "/v1/CloudOwner/RegionOne/infra_workload", files={"file": ("a.zip", bytes(range(256)))})

    asked = gateway.behind.last
    assert asked.one("content-type").startswith(b"multipart/form-data; boundary=")
    assert bytes(range(256)) in asked.body


def test_t17_a_workload_is_exactly_201(gateway: Gateway) -> None:
    body = b'{"template_type":"HEAT","workload_id":"1"}'
    gateway.behind.answer = said("201 Created", "Content-Type: application/json", body=body)

    answer = gateway.ask(
        "POST", "/v1/CloudOwner/RegionOne/infra_workload", json={"a": 1}, headers={"Project": "t"}
    )

    assert (answer.status_code, answer.content) == (201, body)
    assert gateway.behind.last.target == "/api/multicloud-pike/v1/CloudOwner/RegionOne/infra_workload"
    assert gateway.behind.last.one("project") == b"t"


def test_t18_deleting_a_vim_of_a_remote_plugin_is_its_business(gateway: Gateway) -> None:
    gateway.behind.answer = said("204 No Content")

    assert gateway.ask("DELETE", VIM).status_code == 204
    assert (gateway.behind.last.method, gateway.behind.last.target) == (
        "DELETE",
        "/api/multicloud-pike/v0/CloudOwner_RegionOne",
    )


def test_t19_b19_the_ids_of_a_request_go_on_and_come_back(gateway: Gateway) -> None:
    ids = {"X-ONAP-RequestID": "onap-1", "X-TransactionId": "9001-2", "X-Request-ID": "r-3"}

    answer = gateway.ask("GET", f"{VIM}/x", headers=ids)

    for name, value in ids.items():
        assert (gateway.behind.last.one(name), answer.headers[name]) == (value.encode(), value)
    assert gateway.aai.asked[-1].headers["X-TransactionId"] == "r-3"


def test_t19_missing_ids_are_made(gateway: Gateway) -> None:
    answer = gateway.ask("GET", f"{VIM}/x", headers={"X-ONAP-RequestID": "onap-1"})

    assert answer.headers["X-Request-ID"] == answer.headers["X-TransactionId"] == "onap-1"
    bare = gateway.ask("GET", f"{VIM}/x")
    assert len(bare.headers["X-Request-ID"]) == 32
    assert gateway.behind.last.one("x-transactionid") == bare.headers["X-Request-ID"].encode()


def test_t19_an_id_the_cloud_gave_itself_stays(gateway: Gateway) -> None:
    gateway.behind.answer = said("200 OK", "X-Request-ID: theirs")

    assert gateway.raw("GET", f"{VIM}/x", []).all("x-request-id") == ["theirs"]


def test_b22_a_foreign_host_is_refused(gateway: Gateway, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]

    answer = gateway.ask("GET", f"{VIM}/x", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")
    assert not gateway.behind.asked


def test_a_call_that_changes_is_logged_with_its_author(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr("fed_common.broker.requests.log.info", lambda event, **told: lines.append(told))

    gateway.ask("DELETE", f"{VIM}/nova/t/servers/1")
    gateway.ask("GET", f"{VIM}/nova/t/servers/1")

    [line] = lines
    assert line == {
        "method": "DELETE",
        "path": f"/api/multicloud{VIM}/nova/t/servers/1",
        "status": 200,
        "by": "the broker's caller",
    }


def test_calls_are_counted(gateway: Gateway) -> None:
    gateway.aai.regions["counted", "R"] = region("counted", "R", "vmware", "4.0")
    gateway.behind.answer = said("404 Not Found")
    gateway.ask("GET", "/v1/counted/R/x")

    page = requests.get(f"{gateway.url}/metrics", timeout=30).text

    assert 'mcfed_broker_requests_total{answer="4xx",vim="counted_R"} 1.0' in page
    assert 'mcfed_broker_seconds_count{vim="counted_R"} 1.0' in page
