"""Tokens: shown once, kept as a digest, gone when revoked or expired."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fed_common.access import tokens
from fed_common.access.models import AccessToken, Role
from fed_common.access.tokens import Identity
from fed_common.core import clock
from fed_common.core.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.django_db


def test_a_token_tells_who_calls_with_which_role() -> None:
    token = tokens.create("vnfm", "operator")

    assert tokens.authenticate(token) == Identity("vnfm", Role.OPERATOR)


def test_the_token_itself_is_not_kept() -> None:
    token = tokens.create("vnfm", "reader")

    assert token not in str(AccessToken.objects.values_list().get())


@pytest.mark.parametrize("wrong", ["", "x", "\udcff", "ü", "a" * 10_000])
def test_what_is_no_token_is_nobodys(wrong: str) -> None:
    tokens.create("vnfm", "reader")

    assert tokens.authenticate(wrong) is None


def test_a_known_token_is_not_looked_up_again(django_assert_num_queries: Any) -> None:
    token = tokens.create("vnfm", "reader")
    tokens.authenticate(token)

    with django_assert_num_queries(0):
        assert tokens.authenticate(token)


def test_a_revoked_token_is_refused_at_once_in_this_process() -> None:
    token = tokens.create("vnfm", "reader")
    tokens.authenticate(token)

    tokens.revoke("vnfm")

    assert tokens.authenticate(token) is None


def test_a_token_revoked_elsewhere_is_refused_within_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.create("vnfm", "reader")
    start = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: start)
    tokens.authenticate(token)
    AccessToken.objects.filter(name="vnfm").delete()

    monkeypatch.setattr(tokens.time, "monotonic", lambda: start + 5.0)

    assert tokens.authenticate(token) is None


def test_a_token_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.create("vnfm", "reader", timedelta(hours=1))
    assert tokens.authenticate(token)
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(tokens.clock, "now", lambda: later)
    tokens._known.clear()

    assert tokens.authenticate(token) is None


def test_a_token_that_expires_soon_is_not_remembered_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.create("vnfm", "reader", timedelta(seconds=1))
    start = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: start)
    assert tokens.authenticate(token)
    later = clock.now() + timedelta(seconds=2)
    monkeypatch.setattr(tokens.clock, "now", lambda: later)
    monkeypatch.setattr(tokens.time, "monotonic", lambda: start + 1.5)

    assert tokens.authenticate(token) is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "KNOWN_MOST", 3)
    for number in range(10):
        tokens.authenticate(tokens.create(f"t{number}", "reader"))

    assert len(tokens._known) <= 3


@pytest.mark.parametrize(
    ("role", "may"),
    [("reader", ["reader"]), ("operator", ["reader", "operator"]), ("admin", ["reader", "operator", "admin"])],
)
def test_each_role_includes_the_ones_before(role: str, may: list[str]) -> None:
    identity = Identity("x", Role(role))

    assert [one.value for one in Role if identity.may(one)] == may


@pytest.mark.parametrize(
    ("name", "role", "field"), [("x", "root", "role"), ("", "reader", "name"), ("a\nb", "reader", "name")]
)
def test_a_wrong_name_or_role_is_refused(name: str, role: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        tokens.create(name, role)

    assert caught.value.field == field


def test_a_name_is_taken_once() -> None:
    tokens.create("vnfm", "reader")

    with pytest.raises(Conflict):
        tokens.create("vnfm", "admin")


def test_only_a_token_that_is_there_can_be_revoked() -> None:
    with pytest.raises(NotFound):
        tokens.revoke("nobody")


def test_the_first_start_leaves_an_admin_token_only_the_owner_can_read(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path / "var"

    token = tokens.ensure_first_token()

    file = tmp_path / "var" / "token"
    identity = tokens.authenticate(token)
    assert identity is not None
    assert identity.role == Role.ADMIN
    assert file.read_text() == token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_start_brings_the_same_token(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path

    assert tokens.ensure_first_token() == tokens.ensure_first_token()
    assert AccessToken.objects.count() == 1


def test_a_new_database_takes_the_token_that_was_kept(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    (tmp_path / "token").write_text("kept-from-before\n")

    assert tokens.ensure_first_token() == "kept-from-before"
    assert tokens.authenticate("kept-from-before")


def test_a_first_token_that_was_revoked_stays_so(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    first = tokens.ensure_first_token()
    tokens.create("mine", "admin")
    tokens.revoke(tokens.FIRST_NAME)

    assert tokens.ensure_first_token() == ""
    assert tokens.authenticate(first) is None
