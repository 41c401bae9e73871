"""Tokens at the command line."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from fed_common.access import tokens

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_new_token_is_printed_alone() -> None:
    printed = run("createtoken", "--name", "ci", "--role", "operator")

    identity = tokens.authenticate(printed.rstrip("\n"))
    assert identity == tokens.Identity("ci", tokens.Role.OPERATOR)


def test_the_list_names_tokens_and_never_shows_them() -> None:
    token = run("createtoken", "--name", "ci", "--hours", "2").strip()
    run("createtoken", "--name", "page", "--role", "admin")

    listed = run("listtokens")

    assert [line.split("\t")[:2] for line in listed.splitlines()] == [["ci", "reader"], ["page", "admin"]]
    assert listed.splitlines()[1].endswith("expires never")
    assert token not in listed


def test_a_token_may_be_for_a_project() -> None:
    token = run("createtoken", "--name", "doctor", "--role", "operator", "--project", "943e").strip()

    assert tokens.authenticate(token) == tokens.Identity("doctor", tokens.Role.OPERATOR, project="943e")
    assert "\tVIMs all\tproject 943e\tmade" in run("listtokens")


def test_a_revoked_token_is_gone() -> None:
    token = run("createtoken", "--name", "ci").strip()

    run("revoketoken", "ci")

    assert tokens.authenticate(token) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["createtoken", "--name", ""],
        ["createtoken", "--name", "x", "--role", "root"],
        ["createtoken", "--name", "x", "--hours", "0"],
        ["createtoken", "--name", "x", "--project", "p" * 101],
        ["createtoken", "--name", "x", "--project", "a\nb"],
        ["createtoken", "--name", "x", "--hours", "nan"],
        ["createtoken"],
        ["revoketoken", "nobody"],
    ],
)
def test_wrong_arguments_are_told_without_a_trace(arguments: list[str]) -> None:
    with pytest.raises(CommandError) as caught:
        run(*arguments)

    assert str(caught.value)
