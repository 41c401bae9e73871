"""Whatever headers, paths and queries there are, they arrive as they were; and what a path names."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fed_common.broker.headers import HOP_BY_HOP, REPLACED, as_text, end_to_end, forwarded, without_token
from fed_common.broker.paths import read_call
from fed_common.core.errors import Invalid
from fed_common.core.model import VimId
from tests.unit.broker.conftest import Gateway

THROUGH = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SPECIAL = HOP_BY_HOP | REPLACED | {b"content-length", b"expect", b"cookie", b"authorization", b"x-auth-token"}
NAMES = (
    st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=30)
    .map(str.encode)
    .filter(lambda name: name.lower() not in SPECIAL)
)
ASCII = st.text("".join(map(chr, range(0x20, 0x7F))) + "\t", max_size=80).map(lambda text: text.strip().encode())
UTF8 = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=40).map(
    lambda text: text.encode().strip()
)
HEADERS = st.lists(st.tuples(NAMES, ASCII | UTF8), max_size=12)
ANY_BYTES = st.binary(max_size=40).map(lambda raw: bytes(b for b in raw if b >= 0x20 and b != 0x7F).strip())
PATH = st.text(string.ascii_letters + string.digits + "-_~!$&'()*+,;=:@/%[]|", max_size=60).map(
    lambda text: text.replace("%", "%2B")
)


def lowered(pairs: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in pairs]


@given(sent=HEADERS)
@THROUGH
def test_any_headers_of_a_request_survive_in_order(gateway: Gateway, sent: list[tuple[bytes, bytes]]) -> None:
    answer = gateway.raw("GET", "/v0/vmware_vio/x", sent)

    assert answer.status == 200, answer.body
    came = [(name.lower().encode(), value) for name, value in gateway.behind.last.headers]
    assert [pair for pair in came if pair[0] not in SPECIAL] == lowered(sent)


@given(told=st.lists(st.tuples(NAMES, ASCII | UTF8 | ANY_BYTES), max_size=12))
@THROUGH
def test_any_headers_of_an_answer_survive_in_order(gateway: Gateway, told: list[tuple[bytes, bytes]]) -> None:
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in told)
    gateway.behind.answer = b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n"

    answer = gateway.raw("GET", "/v0/vmware_vio/x", [])

    came = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers]
    assert [pair for pair in came if pair[0] not in SPECIAL] == lowered(told)


@given(path=PATH, query=PATH | st.none())
@THROUGH
def test_any_path_and_query_survive(gateway: Gateway, path: str, query: str | None) -> None:
    target = f"/x{path}" + (f"?a{query}" if query is not None else "")

    assert gateway.raw("GET", f"/v0/vmware_vio/{target}", []).status == 200
    assert gateway.behind.last.target == f"/api/multicloud-vio/v0/vmware_vio/{target}"


@given(st.lists(st.tuples(NAMES, ASCII)), st.lists(NAMES, max_size=3))
def test_what_connection_lists_goes_and_nothing_else(
    pairs: list[tuple[bytes, bytes]], listed: list[bytes]
) -> None:
    given_ = [*pairs, (b"Connection", b", ".join(listed))]

    gone = {name.lower() for name in listed}
    assert end_to_end(given_) == [pair for pair in pairs if pair[0].lower() not in gone]


def test_bytes_the_client_cannot_repeat_are_refused() -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        as_text([(b"x", b"\xff")])


@pytest.mark.parametrize(
    ("cookie", "left"),
    [
        (b"mcfed_token=t", []),
        (b"a=1; mcfed_token=t; b=2", [(b"cookie", b"a=1; b=2")]),
        (b"xmcfed_token=t", [(b"cookie", b"xmcfed_token=t")]),
        (b"", [(b"cookie", b"")]),
    ],
)
def test_only_the_pages_cookie_is_taken_out(cookie: bytes, left: list[tuple[bytes, bytes]]) -> None:
    assert without_token([(b"cookie", cookie)], "") == left


def test_a_foreign_token_stays() -> None:
    pairs = [(b"x-auth-token", b"theirs"), (b"authorization", b"Basic ours"), (b"x-auth-token", b"ours")]

    assert without_token(pairs, "ours") == pairs[:1]
    assert without_token(pairs, "") == pairs


def test_a_proxy_before_us_is_believed_in_addition() -> None:
    given_ = {b"x-forwarded-for": b"a", b"x-forwarded-proto": b"https", b"x-forwarded-host": b"h", b"host": b"us"}

    assert forwarded(given_, "b", "http") == [
        ("X-Forwarded-For", "a, b"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "h"),
    ]
    assert forwarded({b"host": b"us"}, "b", "http")[2] == ("X-Forwarded-Host", "us")


@pytest.mark.parametrize(
    ("path", "vim_id", "service", "rest"),
    [
        (b"/v0/a_b/nova/t/x", VimId("a", "b"), "nova", "/t/x"),
        (b"/v0/a_b_c.d", VimId("a", "b_c.d"), "", ""),
        (b"/v0/a_b/", VimId("a", "b"), "", ""),
        (b"/v1/a_b/c/nova", VimId("a_b", "c"), "nova", ""),
        (b"/v1/a/b/n%6fva//x%2f", VimId("a", "b"), "nova", "//x%2f"),
    ],
)
def test_a_path_names_vim_service_and_rest(path: bytes, vim_id: VimId, service: str, rest: str) -> None:
    call = read_call(b"/api/multicloud" + path)

    assert call is not None
    assert (call.vim_id, call.service, call.rest) == (vim_id, service, rest)
    assert call.tail == path.decode()


@pytest.mark.parametrize(
    "path",
    [
        *(b"/v0/", b"/v0/vim_types", b"/v0/check_vim_capacity", b"/v0/swagger.json", b"/v1/vims", b"/v1/vims/a_b"),
        *(b"/v1/a", b"/v1/a/", b"/v1//b", b"/v1/events/stream", b"/v2/a_b/x", b"x", b""),
    ],
)
def test_other_paths_are_not_calls_to_a_vim(path: bytes) -> None:
    assert read_call(b"/api/multicloud" + path) is None


@given(st.binary(max_size=60))
def test_any_path_is_read_or_refused(path: bytes) -> None:
    try:
        call = read_call(b"/api/multicloud/v0/" + path)
    except Invalid:
        return
    assert call is None or call.vim_id.sound
