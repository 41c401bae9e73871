"""Tokens, addresses and refusals: what every command has in common."""

from __future__ import annotations

import subprocess
import sys

import pytest

WORDS = {"kinds": ["DELETE", "PAUSE"], "phases": ["start", "end"]}


@pytest.fixture(autouse=True)
def _words(api):
    api.answer("GET", "/words", WORDS)


def test_the_token_goes_in_its_header(api, mcfed, token):
    assert mcfed("words").code == 0
    assert api.asked[0].headers["X-Auth-Token"] == token


def test_the_token_comes_from_the_environment(api, mcfed, monkeypatch):
    monkeypatch.setenv("MCFED_TOKEN", "from-environment")
    mcfed("words", token="")
    assert api.asked[0].headers["X-Auth-Token"] == "from-environment"


def test_the_token_comes_from_the_file_the_gateway_wrote(api, mcfed, tmp_path):
    (tmp_path / "token").write_text("from-file\n")
    mcfed("words", token="")
    assert api.asked[0].headers["X-Auth-Token"] == "from-file"


def test_without_any_token_none_is_sent(api, mcfed):
    assert mcfed("words", token="").code == 0
    assert "X-Auth-Token" not in api.asked[0].headers


def test_a_token_file_that_cannot_be_read_is_named(mcfed, tmp_path):
    (tmp_path / "token").mkdir()
    ran = mcfed("words", token="")
    assert ran.code == 1
    assert str(tmp_path / "token") in ran.err


@pytest.mark.parametrize("token", ["two\nlines", "tøken"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(mcfed, token):
    ran = mcfed("words", token=token)
    assert ran.code == 1
    assert ran.err == "--token: holds characters that no token has\n"


def test_the_url_comes_from_the_environment(api, mcfed, monkeypatch):
    monkeypatch.setenv("MCFED_URL", api.url + "/")
    ran = subprocess.run(
        [sys.executable, "-c", "from fed_common.cli.main import main; raise SystemExit(main())", "words"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0
    assert "DELETE, PAUSE" in ran.stdout


def test_a_url_of_another_kind_is_refused(mcfed):
    ran = mcfed("words", url="ftp://gateway")
    assert ran.code == 1
    assert ran.err == "--url: 'ftp://gateway' is not allowed; allowed: http://HOST:PORT, https://HOST:PORT\n"


def test_no_gateway_says_how_to_start_one(mcfed):
    ran = mcfed("words", url="http://127.0.0.1:9")
    assert ran.code == 1
    assert ran.err == "no gateway at http://127.0.0.1:9; start one with: make run\n"


def test_a_refusal_names_field_value_and_what_is_allowed(api, mcfed):
    api.refuse("GET", "/words", 400, field="kind", value="DELET", allowed=["DELETE", "PAUSE"])
    ran = mcfed("words")
    assert ran.code == 1
    assert ran.err == "kind: 'DELET' is not allowed; allowed: DELETE, PAUSE\n"
    assert ran.out == ""


def test_what_is_allowed_may_be_a_sentence(api, mcfed):
    api.refuse("GET", "/words", 400, field="limit", value=0, allowed="1 to 1000")
    assert mcfed("words").err == "limit: 0 is not allowed; allowed: 1 to 1000\n"


def test_a_problem_without_a_field_is_told_by_its_detail(api, mcfed):
    api.refuse("GET", "/words", 404, title="Not Found", detail="there is no vim 'x'")
    assert mcfed("words").err == "there is no vim 'x'\n"


def test_a_failure_of_the_gateway_names_the_request(api, mcfed):
    api.refuse("GET", "/words", 503, title="The database is down")
    assert mcfed("words").err == "The database is down (request req-1)\n"


def test_a_refused_token_says_where_tokens_come_from(api, mcfed, token):
    api.refuse("GET", "/words", 401, title="Unauthorized")
    ran = mcfed("words")
    assert ran.code == 1
    assert "MCFED_TOKEN" in ran.err
    assert token not in ran.err


def test_a_redirect_is_not_followed_because_it_would_carry_the_token(api, mcfed):
    api.answer("GET", "/words", status=302, Location=f"{api.url}/elsewhere")
    ran = mcfed("words")
    assert ran.code == 1
    assert "HTTP 302" in ran.err
    assert [one.path for one in api.asked] == ["/words"]


def test_an_answer_that_is_no_json_is_told_so(api, mcfed):
    api.answer("GET", "/words", b"<html>", Content_Type="text/html")
    ran = mcfed("words")
    assert ran.code == 1
    assert "text/html" in ran.err


def test_a_problem_that_is_no_document_is_told_by_its_status(api, mcfed):
    api.answer("GET", "/words", b"[]", status=500)
    assert mcfed("words").err == f"HTTP 500 from {api.url}/api/multicloud/v1/words\n"


def test_the_token_is_in_no_output_even_with_debug(api, mcfed, token):
    api.refuse("GET", "/words", 500, title="broken")
    ran = mcfed("-v", "--debug", "words")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert token not in ran.out + ran.err


def test_without_a_command_the_commands_are_listed(mcfed):
    ran = mcfed()
    assert "event tail" in ran.out
    assert "subscription create" in ran.out


def test_an_unknown_command_ends_with_2(mcfed):
    ran = mcfed("vim", "regster")
    assert ran.code == 2
    assert "vim register" in ran.out


def test_help_shows_an_example_that_can_be_copied(mcfed):
    ran = mcfed("help", "vim", "register")
    assert "example:\n  mcfed vim register vio_RegionOne --type vmware --transport-url rabbit://" in ran.out
