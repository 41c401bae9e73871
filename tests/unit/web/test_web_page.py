"""The page: who may see it, what the browser is told, and that nothing comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from fed_common.access import tokens
from fed_common.core.kinds import Kind

WEB = Path(__file__).parents[3] / "fed_common" / "web"
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
SEVERITY = re.compile(r"const SEVERITY = \{(.*?)\};", re.DOTALL)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("fed_common.web.urls")]


@pytest.fixture
def token() -> str:
    return tokens.create("watcher", "reader")


@pytest.fixture
def inside(client: Client, token: str) -> Client:
    client.get("/", {"token": token})
    return client


def test_without_a_token_the_page_leads_to_the_form(client):
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/login")


def test_a_token_in_the_address_moves_into_a_cookie_that_no_script_and_no_other_site_can_use(client, token):
    answer = client.get("/", {"token": token})
    cookie = answer.cookies["mcfed_token"]
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert cookie.value == token
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert not cookie["secure"]
    assert client.get("/").status_code == 200


def test_over_tls_the_cookie_never_goes_in_clear(client, token):
    assert client.get("/", {"token": token}, secure=True).cookies["mcfed_token"]["secure"] is True


@pytest.mark.parametrize("wrong", ["", "nobody's", "\udcff"])
def test_a_wrong_token_in_the_address_gets_the_form_and_no_cookie(client, wrong):
    answer = client.get("/", {"token": wrong.encode(errors="surrogateescape")})
    assert answer.status_code == 401
    assert "mcfed_token" not in answer.cookies
    assert "does not know this token" in answer.content.decode()


def test_a_revoked_token_is_out(inside):
    tokens.revoke("watcher")
    assert inside.get("/")["Location"] == "/login"


def test_the_form_lets_a_token_in(client, token):
    answer = client.post("/login", {"token": f" {token}\n"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert answer.cookies["mcfed_token"]["httponly"] is True


def test_the_form_refuses_a_wrong_token(client):
    answer = client.post("/login", {"token": "nobody's"})
    assert answer.status_code == 401
    assert "nobody" not in answer.content.decode()


def test_who_is_in_needs_no_form(inside):
    assert inside.get("/login")["Location"] == "/"


def test_signing_out_forgets_the_cookie(inside):
    answer = inside.post("/logout")
    assert answer["Location"] == "/login"
    assert answer.cookies["mcfed_token"].value == ""
    assert inside.get("/")["Location"] == "/login"


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_another_site_can_neither_sign_in_nor_out_in_our_name(token, path):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path, {"token": token}).status_code == 403


def test_the_forms_of_our_own_pages_are_taken(token):
    strict = Client(enforce_csrf_checks=True)
    strict.get("/", {"token": token})
    for page, path in (("/", "/logout"), ("/login", "/login"), ("/", "/logout")):
        own = FORM_TOKEN.search(strict.get(page).content.decode())
        answer = strict.post(path, {"csrfmiddlewaretoken": own[1], "token": token})
        assert answer.status_code == 302, path


@pytest.mark.parametrize(("method", "path"), [("post", "/"), ("get", "/logout"), ("put", "/login")])
def test_other_methods_are_refused(client, method, path):
    assert getattr(client, method)(path).status_code == 405


def test_without_authentication_everyone_is_in_and_nobody_signs_out(client, settings):
    settings.AUTH = "none"
    page = client.get("/")
    assert page.status_code == 200
    assert "/logout" not in page.content.decode()
    assert client.get("/login")["Location"] == "/"


@pytest.mark.parametrize("path", ["/", "/login", "/?token=wrong"])
def test_every_answer_carries_the_content_policy(client, path):
    answer = client.get(path)
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"


def test_the_page_never_holds_the_token(inside, token):
    assert token not in inside.get("/").content.decode()


def test_the_page_is_its_own_files_only(inside):
    page = inside.get("/").content.decode()
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) == {
        "/static/web/icon.svg",
        "/static/web/style.css",
        "/static/web/page.css",
        "/static/web/stream.js",
        "/",
        "/clouds",
        "/vnfs",
        "/alarms",
    }
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", page)


def test_no_file_of_the_page_names_another_place():
    for file in (WEB / "static" / "web").iterdir():
        places = re.findall(r"https?://[^\s\"')]+", file.read_text())
        assert set(places) <= {"http://www.w3.org/2000/svg"}, file.name


def test_every_kind_can_be_chosen(inside):
    page = inside.get("/").content.decode()
    assert all(f"<option>{kind}</option>" in page for kind in Kind)


def test_the_colours_know_only_kinds_that_exist():
    coloured = SEVERITY.search((WEB / "static" / "web" / "row.js").read_text())
    words = re.findall(r'"(\w+)"', coloured[1])
    assert set(words) <= set(Kind)
    assert len(words) == len(set(words))


def test_the_gateway_is_named_without_trusting_the_name(inside, settings):
    settings.ALLOWED_HOSTS = ["gateway.example"]
    assert "gateway.example" in inside.get("/", headers={"host": "gateway.example"}).content.decode()
    assert inside.get("/", headers={"host": "<script>.example"}).status_code == 400
