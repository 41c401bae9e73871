"""The oslo.messaging envelope: real ones open, anything else says why it does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.bus.envelope import Malformed, open_envelope

INNER = {
    "message_id": "m",
    "event_type": "t",
    "payload": {"a": 1},
    "_context_request_id": "req-1",
    "_context_auth_token": "x",
}


def test_a_version_2_envelope_opens_without_the_senders_context() -> None:
    body = json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(INNER)}).encode()
    opened = open_envelope(body)
    assert not isinstance(opened, Malformed)
    assert (opened["message_id"], opened["payload"], opened["request_id"]) == ("m", {"a": 1}, "req-1")
    assert not [key for key in opened if key.startswith("_context")]


def test_a_message_without_an_envelope_opens_too() -> None:
    opened = open_envelope(json.dumps(INNER))
    assert not isinstance(opened, Malformed)
    assert opened["event_type"] == "t"


def test_what_a_fast_parser_is_too_strict_for_is_read_all_the_same() -> None:
    opened = open_envelope('{"event_type": "t", "payload": {"n": NaN}}')
    assert not isinstance(opened, Malformed)
    assert opened["event_type"] == "t"


def test_what_no_database_holds_is_left_out_or_refused() -> None:
    opened = open_envelope(json.dumps({"oslo.message": json.dumps({"payload": {"a\x00": ["b\x00c"]}})}).encode())
    assert not isinstance(opened, Malformed)
    assert opened["payload"] == {"a": ["bc"]}
    assert isinstance(open_envelope('{"payload": "\\ud800"}'), Malformed)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\x00", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"oslo.version": "3.0", "oslo.message": "{}"}', "'3.0' is not 2.x"),
        (b'{"oslo.version": "2.0", "oslo.message": {"a": 1}}', "not JSON"),
        (b'{"oslo.version": "2.0", "oslo.message": "7"}', "not a JSON object"),
    ],
)
def test_what_is_no_notification_says_why(body: bytes, reason: str) -> None:
    opened = open_envelope(body)
    assert isinstance(opened, Malformed)
    assert reason in opened.reason
    assert "\x00" not in opened.body


@given(
    st.binary(max_size=60)
    | st.text(max_size=60)
    | st.text(max_size=30).map(lambda t: json.dumps({"oslo.message": t}))
)
def test_no_body_makes_it_raise(body: bytes | str) -> None:
    assert isinstance(open_envelope(body), dict | Malformed)
