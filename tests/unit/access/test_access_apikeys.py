from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.access import apikeys
from fed_common.access.apikeys import Signature
from fed_common.access.models import ApiKey
from fed_common.core import clock
from fed_common.core.errors import NotFound


def sign(key: str, secret: str, date: str, nonce: str = "") -> Signature:
    text = f"{date}:{nonce}" if nonce else date
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return Signature(f"{key}:{base64.b64encode(digest).decode()}", date, nonce)


@pytest.fixture
def made(db) -> tuple[str, str]:
    row, secret = apikeys.create_key("me@x.y", "d")
    return row.key, secret


def test_33_a_key_has_sixteen_characters_and_its_secret_twenty_four(made):
    assert [len(word) for word in made] == [16, 24]
    assert all(word.isalnum() for word in made)


def test_33_the_secret_is_not_in_the_database(made):
    row = ApiKey.objects.get(key=made[0])
    assert made[1] not in f"{row.__dict__}"


def test_keys_are_listed_shown_changed_and_deleted(made):
    other, _ = apikeys.create_key("", "")
    assert apikeys.list_keys() == [made[0], other.key]
    assert apikeys.update_key(made[0], email=None, description="new").email == "me@x.y"
    assert apikeys.show_key(made[0]).description == "new"
    apikeys.delete_key(made[0])
    assert apikeys.list_keys() == [other.key]
    for verb in (apikeys.show_key, apikeys.delete_key):
        with pytest.raises(NotFound):
            verb(made[0])


@pytest.mark.parametrize(
    "form",
    [
        lambda now: now.isoformat(),
        lambda now: now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda now: now.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        lambda now: (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00"),
        lambda now: format_datetime(now, usegmt=True),
        lambda now: now.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        lambda now: now.strftime("%a %b %d %H:%M:%S %Y"),
        lambda now: now.strftime("%a %b %d %H:%M:%S GMT %Y"),
    ],
)
def test_34_a_signature_over_any_form_of_the_date_is_recognised(made, form):
    assert apikeys.signed_by(sign(*made, form(clock.now()))) == made[0]


def test_34_a_nonce_is_part_of_what_is_signed(made):
    date = clock.iso(clock.now())
    good = sign(*made, date, "n1")
    assert apikeys.signed_by(good) == made[0]
    assert apikeys.signed_by(Signature(good.auth, date, "n2")) is None
    assert apikeys.signed_by(Signature(good.auth, date)) is None


@pytest.mark.parametrize(
    ("minutes", "good"), [(-11, False), (-9, True), (9, True), (11, False), (-6_000_000, False)]
)
def test_34_a_date_outside_the_window_is_not_recognised(made, minutes, good):
    date = clock.iso(clock.now() + timedelta(minutes=minutes))
    assert (apikeys.signed_by(sign(*made, date)) == made[0]) is good


def test_34_the_window_is_a_setting(made, settings):
    settings.API_KEY_WINDOW_SECONDS = 86_400
    date = clock.iso(clock.now() - timedelta(hours=23))
    assert apikeys.signed_by(sign(*made, date)) == made[0]


def test_34_a_wrong_secret_key_or_signature_is_not_recognised(made):
    date = clock.iso(clock.now())
    for signature in (
        sign(made[0], "wrong", date),
        sign("nobody", made[1], date),
        Signature(made[0], date),
        Signature(f"{made[0]}:", date),
        Signature(f"{made[0]}:not base64!", date),
        Signature(f"{made[0]}:\u00e9", date),
        Signature("", date),
        Signature(":", ""),
        Signature("k\0:x", date),
    ):
        assert apikeys.signed_by(signature) is None


def test_34_the_window_is_looked_at_before_the_database(django_assert_num_queries, made):
    with django_assert_num_queries(0):
        assert apikeys.signed_by(sign(*made, "Thu, 01 Jan 2015 00:00:00 GMT")) is None


@given(st.text())
def test_reading_a_date_never_raises_and_is_always_aware(text):
    moment = apikeys.read_date(text)
    assert moment is None or moment.tzinfo is not None


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)))
def test_every_form_of_one_second_reads_the_same(moment):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    asctime = moment.strftime("%a %b %d %H:%M:%S %Y")
    for text in (moment.isoformat(), format_datetime(moment, usegmt=True), asctime):
        assert apikeys.read_date(text) == moment
