"""The Tacker-compatible face: its shapes, codes and refusals, and that it tells no password."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from fed_common.core.model import Credentials
from fed_common.inventory.models import Vim
from tests.callers import Caller, caller
from tests.stored import everything

PASSWORD = "pl4nted-S3cret"
VIM = {
    "name": "testvim2",
    "type": "openstack",
    "auth_url": "http://keystone:5000/v3",
    "auth_cred": {
        "username": "nfv_user",
        "password": PASSWORD,
        "user_domain_name": "Ours",
        "cert_verify": "False",
    },
    "vim_project": {"name": "nfv", "project_domain_name": "Theirs"},
    "description": "",
    "is_default": False,
}
VIMS = "//openstack/v1.0/vims"

pytestmark = pytest.mark.django_db


def register(who: Caller, **fields: Any) -> dict[str, Any]:
    answer = who.ask("POST", VIMS, {"vim": {**VIM, **fields}})
    assert answer.status_code == 201, answer.content
    vim: dict[str, Any] = answer.json()["vim"]
    return vim


def names(who: Caller, query: str = "") -> list[str]:
    return [vim["name"] for vim in who.get(f"{VIMS}{query}")["vims"]]


def fault(answer: Any) -> tuple[int, str]:
    """Status and text; the form is what the stock client reads."""
    said = answer.json()["TackerError"]
    assert set(said) == {"type", "message", "detail"}
    return answer.status_code, said["message"]


def test_a_registered_vim_is_shown_as_tacker_does(operator: Caller) -> None:
    shown = register(operator, tenant_id="t1")

    row = Vim.objects.get()
    assert len(shown.pop("created_at")) == len(shown.pop("updated_at")) == len("2024-12-03 08:17:28.513225")
    assert shown == {
        "id": str(row.uuid),
        "name": "testvim2",
        "description": "",
        "tenant_id": "t1",
        "type": "openstack",
        "auth_url": "http://keystone:5000/v3",
        "auth_cred": {
            "username": "nfv_user",
            "password": "***",
            "user_domain_name": "Ours",
            "project_name": "nfv",
            "project_domain_name": "Theirs",
            "auth_url": "http://keystone:5000/v3",
            "cert_verify": "False",
        },
        "vim_project": {"name": "nfv", "project_domain_name": "Theirs"},
        "placement_attr": {"regions": []},
        "is_default": False,
        "status": "PENDING",
    }
    assert row.full_id == "tacker_testvim2"
    assert row.to_core().credentials == Credentials("nfv_user", PASSWORD, "Ours", "Theirs")
    assert not row.to_core().tls.verify


def test_the_owner_of_such_vims_is_a_setting(operator: Caller, settings: Any) -> None:
    settings.TACKER_OWNER = "nfv_o"
    register(operator)

    assert Vim.objects.get().full_id == "nfv_o_testvim2"


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_one_is_shown_changed_and_deleted_by_its_id(operator: Caller, suffix: str) -> None:
    path = f"{VIMS}/{register(operator)['id']}{suffix}"

    assert operator.get(path)["vim"]["name"] == "testvim2"
    changed = operator.put(path, {"vim": {"name": "renamed", "description": "new", "is_default": True}})["vim"]
    assert (changed["name"], changed["description"], changed["is_default"]) == ("renamed", "new", True)
    assert operator.ask("DELETE", path).status_code == 204
    assert fault(operator.ask("GET", path))[0] == 404
    assert not Vim.objects.exists()


def test_a_name_can_be_used_again_after_it_was_deleted(operator: Caller) -> None:
    first = register(operator)["id"]
    operator.ask("DELETE", f"{VIMS}/{first}")

    assert register(operator)["id"] != first


def test_a_vim_registered_over_rest_is_one_of_them(operator: Caller) -> None:
    body = {"cloud_owner": "vio", "cloud_region_id": "R", "type": "vmware", "transport": {"url": "fake://"}}
    operator.post("/vims", {**body, "region_name": "RegionOne"})

    shown = operator.get(VIMS)["vims"][0]
    assert (shown["name"], shown["placement_attr"]) == ("vio_R", {"regions": ["RegionOne"]})
    assert shown["auth_cred"]["username"] == ""


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["one", "two"]),
        (".json", ["one", "two"]),
        ("?name=one", ["one"]),
        ("?name=one&name=two", ["one", "two"]),
        ("?is_default=true", ["two"]),
        ("?is_default=False", ["one"]),
        ("?type=openstack&status=PENDING", ["one", "two"]),
        ("?status=REACHABLE", []),
        ("?id=4406cf8f-no-uuid", []),
    ],
)
def test_fields_choose(operator: Caller, query: str, found: list[str]) -> None:  # T6
    register(operator, name="two", is_default=True)
    register(operator, name="one")

    assert names(operator, query) == found


def test_only_the_fields_asked_for_are_told(operator: Caller) -> None:
    vim_id = register(operator)["id"]

    assert operator.get(f"{VIMS}?fields=id&fields=name")["vims"] == [{"id": vim_id, "name": "testvim2"}]
    assert operator.get(f"{VIMS}/{vim_id}?fields=status") == {"vim": {"status": "PENDING"}}


def test_credentials_and_project_are_changed_one_by_one(operator: Caller) -> None:
    path = f"{VIMS}/{register(operator)['id']}"
    Vim.objects.update(projects=["nfv", "second"], status="REACHABLE")

    operator.put(path, {"vim": {"auth_cred": {"username": "other", "password": "", "user_domain_name": ""}}})
    operator.put(path, {"vim": {"vim_project": {"name": "new", "project_domain_name": ""}}})

    vim = Vim.objects.get()
    assert vim.to_core().credentials == Credentials("other", PASSWORD, "Ours", "Theirs")
    assert (vim.to_core().projects, vim.status) == (("new", "second"), "PENDING")


def test_a_password_that_is_shown_can_be_sent_back(operator: Caller) -> None:
    shown = register(operator)

    operator.put(f"{VIMS}/{shown['id']}", {"vim": {"auth_cred": shown["auth_cred"]}})

    assert Vim.objects.get().to_core().credentials == Credentials("nfv_user", PASSWORD, "Ours", "Theirs")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"type": "kubernetes", "auth_cred": {"bearer_token": "x"}}, "vim.type: 'kubernetes' is not allowed"),
    ({"name": "a b"}, "vim.name: 'a b' is not allowed; allowed: letters, digits"),
    ({"name": "x" * 101}, "vim.name: "),
    ({"name": ""}, "vim.name: '' is not allowed; allowed: a text that is not empty"),
    ({"auth_url": "keystone"}, "vim.auth_url: 'keystone' is not allowed; allowed: http://host"),
    ({"auth_url": f"http://u:{PASSWORD}@h/"}, "vim.auth_url: '***' is not allowed"),
    ({"auth_cred": {"username": "", "password": "x"}}, "vim.auth_cred.username: None is not allowed"),
    ({"auth_cred": {"username": "x", "password": ""}}, "vim.auth_cred.password: None is not allowed"),
    ({"auth_cred": {"username": "x", "password": "***"}}, "vim.auth_cred.password: '***' is not allowed"),
    ({"auth_cred": {**VIM["auth_cred"], "cert_verify": "maybe"}}, "vim.auth_cred.cert_verify"),  # type: ignore[dict-item]
    ({"auth_cred": PASSWORD}, "vim.auth_cred: '***' is not allowed"),
    ({"auth_cred": {"pw": PASSWORD}}, "vim.auth_cred.pw: '***' is not allowed; allowed: no such field"),
    ({"vim_project": {}}, "vim.vim_project.name: None is not allowed; allowed: a value"),
    ({"is_default": "yes"}, "vim.is_default: 'yes' is not allowed"),
    ({"status": "REACHABLE"}, "vim.status: 'REACHABLE' is not allowed; allowed: no such field"),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_wrong_input_is_refused_by_name_in_tackers_words(
    operator: Caller, change: dict[str, Any], said: str
) -> None:
    status, message = fault(operator.ask("POST", VIMS, {"vim": {**VIM, **change}}))

    assert status == 400
    assert message.startswith(said)
    assert not Vim.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "", {}, 400, "vim: None is not allowed; allowed: a value"),
        ("POST", "", "{nonsense", 400, "body: "),
        ("POST", "", {"vim": [], "x": 1}, 400, "x: 1 is not allowed"),
        ("GET", "?colour=red", None, 400, "colour: 'red' is not allowed; allowed: no such parameter"),
        ("GET", "?fields=colour", None, 400, "fields: 'colour' is not allowed; allowed: id, name"),
        ("GET", f"/{uuid4()}", None, 404, "there is no VIM"),
        ("GET", "/testvim2", None, 404, "there is no VIM 'testvim2'"),
        ("PUT", f"/{uuid4()}", {"vim": {}}, 404, "there is no VIM"),
        ("DELETE", f"/{uuid4()}.json", None, 404, "there is no VIM"),  # T27
        ("PATCH", "", {}, 405, 'Method "PATCH" not allowed'),
    ],
)
def test_other_refusals_are_in_tackers_words(
    operator: Caller, method: str, path: str, body: Any, status: int, said: str
) -> None:
    found = fault(operator.ask(method, VIMS + path, body))

    assert found[0] == status
    assert found[1].startswith(said)


def test_what_cannot_be_changed_is_told(operator: Caller) -> None:
    path = f"{VIMS}/{register(operator)['id']}"

    for field in ("type", "auth_url", "tenant_id"):
        status, message = fault(operator.ask("PUT", path, {"vim": {field: "x"}}))
        assert (status, message.split(":")[0]) == (400, f"vim.{field}")


def test_conflicts_are_409(operator: Caller) -> None:
    register(operator, name="first", is_default=True)
    second = register(operator, name="second")["id"]

    for method, path, body, said in (
        ("POST", VIMS, {**VIM, "name": "first"}, "VIM of the name 'first' exists already"),
        ("POST", VIMS, {**VIM, "name": "third", "is_default": True}, "default VIM 'first' exists already"),
        ("PUT", f"{VIMS}/{second}", {"name": "first"}, "VIM of the name 'first' exists already"),
        ("PUT", f"{VIMS}/{second}", {"is_default": True}, "default VIM 'first' exists already"),
    ):
        assert fault(operator.ask(method, path, {"vim": body})) == (409, said)
    operator.put(f"{VIMS}/{operator.get(f'{VIMS}?name=first')['vims'][0]['id']}", {"vim": {"is_default": False}})
    operator.put(f"{VIMS}/{second}", {"vim": {"is_default": True}})


def test_who_may_do_what(operator: Caller, reader: Caller, nobody: Caller) -> None:
    vim_id = register(operator)["id"]
    some = caller("operator", "vio*")

    assert fault(nobody.ask("GET", VIMS))[0] == 401
    assert "WWW-Authenticate" in nobody.ask("GET", VIMS)
    assert names(reader) == ["testvim2"]
    assert fault(reader.ask("POST", VIMS, {"vim": VIM}))[0] == 403
    assert fault(reader.ask("DELETE", f"{VIMS}/{vim_id}"))[0] == 403
    assert names(some) == []
    assert fault(some.ask("GET", f"{VIMS}/{vim_id}"))[0] == 404
    assert fault(some.ask("DELETE", f"{VIMS}/{vim_id}"))[0] == 404
    assert fault(some.ask("POST", VIMS, {"vim": {**VIM, "name": "other"}}))[0] == 403
    assert fault(Caller("wrong").ask("GET", VIMS)) == (401, "the token is unknown, revoked or expired")


@pytest.mark.django_db(transaction=True)
def test_a_planted_password_is_in_no_answer_no_log_and_not_in_the_database_in_clear(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    operator = caller("operator")
    caplog.set_level("DEBUG")
    told = ""
    with capture_logs() as logs:
        vim_id = register(operator)["id"]
        for method, path, body in (
            ("POST", VIMS, VIM),
            *(("POST", VIMS, {**VIM, "name": "b", **change}) for change, _ in WRONG),
            ("PUT", f"{VIMS}/{vim_id}", {"auth_cred": {"password": PASSWORD, "cert_verify": PASSWORD}}),
            ("PUT", f"{VIMS}/{vim_id}", {"auth_cred": {"password": PASSWORD * 200}}),
            ("PUT", f"{VIMS}/{vim_id}", {"auth_cred": {"password": PASSWORD}}),
            ("GET", f"{VIMS}/{vim_id}", None),
            ("GET", VIMS, None),
        ):
            answer = operator.ask(method, path, body and {"vim": body})
            assert answer.status_code != 500
            assert PASSWORD not in answer.content.decode(), (method, path, body)
            told += answer.content.decode() + str(dict(answer.items()))

    assert PASSWORD not in told + str(logs) + caplog.text + "".join(capfd.readouterr())
    assert "nfv_user" in told
    stored = everything()
    assert b"testvim2" in stored
    assert PASSWORD.encode() not in stored
