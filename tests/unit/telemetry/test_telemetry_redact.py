"""No secret survives redaction, and what is no secret does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.telemetry.redact import redact, redact_value


@pytest.mark.parametrize(
    ("clear", "shown"),
    [
        ("rabbit://u:p@h:5672/v", "rabbit://u:***@h:5672/v"),
        ("rabbit://u:p@h1:5672,u2:p2@h2:5672/v", "rabbit://u:***@h1:5672,u2:***@h2:5672/v"),
        ("rabbit://u:p@h1,h2/", "rabbit://u:***@h1,h2/"),
        ("rabbit://u:p@[::1]:5672,u2:p2@h2/", "rabbit://u:***@[::1]:5672,u2:***@h2/"),
        ("rabbit://u:p@ss@h/", "rabbit://u:***@***@h/"),
        ("rabbit://u:p/w#x@h/", "rabbit://u:***@h/"),
        ("no route to rabbit://u:p@h/ now", "no route to rabbit://u:***@h/ now"),
        ("rabbit://h/?ssl_key_password=p&x=1", "rabbit://h/?ssl_key_password=***"),
        ("http://h:80/path", "http://h:80/path"),
        ("http://user@h/path", "http://user@h/path"),
        (
            "Forbidden: /v1.0/vnfs/8f1c/cpu/respawn%25log/k3yk3yk3",
            "Forbidden: /v1.0/vnfs/8f1c/cpu/respawn%25log/***",
        ),
        ("https://h/v1.0/vnfs/8f1c/cpu/log/k3yk3yk3 is away", "https://h/v1.0/vnfs/8f1c/cpu/log/*** is away"),
        ("http://h/api/multicloud/v1/vnfs/8f1c/events", "http://h/api/multicloud/v1/vnfs/8f1c/events"),
        ("fake://", "fake://"),
    ],
)
def test_passwords_of_urls_are_masked_and_the_rest_is_kept(clear: str, shown: str) -> None:
    assert redact(clear) == shown


@given(st.text(alphabet=st.characters(exclude_categories=["Z", "C"]), min_size=1))
def test_no_password_without_blanks_is_shown_whatever_its_letters(password: str) -> None:
    secret = f"x{password}y"

    assert secret not in redact(f"rabbit://user:{secret}@host:5672/")


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact("rabbit://u:p@h1,u2:p2@h2/?a_token=1")

    assert redact(once) == once


def test_values_are_masked_by_their_names_at_any_depth() -> None:
    shown = redact_value("options", {"sasl_password": "p", "hosts": [{"url": "http://u:p@h", "api_key": "k"}]})

    assert shown == {"sasl_password": "***", "hosts": [{"url": "http://u:***@h", "api_key": "***"}]}


@pytest.mark.parametrize(
    "piece", ["a", "a:", "password", "token ", "a://", "a:b@", "://", "secret=", "x@,", "/v1.0/vnfs"]
)
def test_a_long_hostile_text_is_no_work(piece: str) -> None:
    text = piece * 200_000  # hours, when the time grew with the square of the length

    assert len(redact(f"{text} token=pl4nted")) < len(text) + 20


def test_behind_a_long_text_a_secret_is_still_found() -> None:
    assert redact("a" * 300_000 + " token=pl4nted").endswith("a token=***")
