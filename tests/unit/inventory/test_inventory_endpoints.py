"""How a VIM's API is reached: what is kept of it, what is shown, and where a kept password may go."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from fed_common.core.errors import Invalid
from fed_common.core.model import Credentials, Tls
from fed_common.inventory.endpoints import checked_url
from fed_common.inventory.models import Vim
from tests.callers import Caller, caller
from tests.certificates import self_signed
from tests.stored import everything

PASSWORD = "pl4nted S3cret "
OPENSTACK = {
    "cloud_owner": "core",
    "cloud_region_id": "RegionOne",
    "name": "core cloud",
    "description": "the first one",
    "type": "openstack",
    "version": "antelope",
    "auth_url": "https://keystone:5000/v3/",
    "credentials": {"username": "gateway", "password": PASSWORD, "user_domain": "ours"},
    "projects": ["admin", "vnf"],
    "region_name": "RegionOne",
    "tls": {"verify": False},
    "poll_interval": 1.5,
}
SHOWN = {"username": "gateway", "password": "***", "user_domain": "ours", "project_domain": "Default"}
ONE = "/vims/core_RegionOne"

pytestmark = pytest.mark.django_db


def kept() -> Credentials | None:
    return Vim.objects.get().to_core().credentials


def judged(url: str) -> tuple[str, object]:
    """The address that is taken, or what is told of one that is refused."""
    try:
        return checked_url(url), None
    except Invalid as error:
        return "", error.value


def seen(status: str = "REACHABLE") -> None:
    """A poller looked at it."""
    Vim.objects.update(status=status, status_reason="as told")


def test_a_plugin_sees_all_of_it_in_clear(operator: Caller) -> None:
    operator.post("/vims", OPENSTACK)

    vim = Vim.objects.get().to_core()
    assert vim.auth_url == "https://keystone:5000/v3"
    assert vim.credentials == Credentials("gateway", PASSWORD, "ours", "Default")
    assert (vim.projects, vim.region_name, vim.version) == (("admin", "vnf"), "RegionOne", "antelope")
    assert vim.tls == Tls(verify=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://keystone",
        "https://10.0.0.1:35357/identity/v3",
        "http://[2001:db8::1]:5000/v3",
        "http://[fe80::1%25eth0]/v3",
        "https://vcenter.example/sdk",
        "",
    ],
)
def test_an_address_may_have_any_host_a_port_and_a_path(url: str) -> None:
    assert checked_url(url) == url


@given(st.text() | st.from_regex(r"https?://[^\s]{0,30}", fullmatch=True))
def test_an_address_is_taken_with_a_host_and_no_secret_or_refused(url: str) -> None:
    taken, shown = judged(url)

    assert shown in (None, "***") or (shown == url and "@" not in url)
    assert not taken or (urlsplit(taken).hostname and urlsplit(taken).username is None)
    assert not set("@?#\\ ") & set(taken)


def test_a_password_is_shown_as_three_stars(operator: Caller) -> None:
    assert operator.post("/vims", OPENSTACK)["credentials"] == SHOWN
    assert operator.get(ONE)["credentials"] == SHOWN
    assert operator.get("/vims")["vims"][0]["credentials"] == SHOWN


def test_what_is_shown_can_be_sent_back_and_changes_nothing(operator: Caller) -> None:
    before = operator.post("/vims", OPENSTACK)
    seen()

    after = operator.patch(ONE, before)

    assert after["status"] == "REACHABLE"
    assert {**after, "updated_at": 0, "status": 0, "status_reason": 0} == {
        **before,
        "updated_at": 0,
        "status": 0,
        "status_reason": 0,
    }
    assert kept() == Credentials("gateway", PASSWORD, "ours", "Default")


def test_credentials_are_changed_one_by_one(operator: Caller) -> None:
    operator.post("/vims", OPENSTACK)

    operator.patch(ONE, {"credentials": {"username": "other"}})
    assert kept() == Credentials("other", PASSWORD, "ours", "Default")
    operator.patch(ONE, {"credentials": {"password": "new", "project_domain": "theirs"}})
    assert kept() == Credentials("other", "new", "ours", "theirs")
    assert operator.patch(ONE, {"credentials": None})["credentials"] is None
    assert kept() is None


@pytest.mark.parametrize(
    "auth_url", ["https://evil:5000/v3", "http://keystone:5000/v3", "https://keystone/v3", "https://keystone:5001"]
)
@pytest.mark.parametrize("credentials", [None, SHOWN, {"password": "***"}, {"username": "other"}])
def test_a_kept_password_is_not_carried_to_another_host(
    operator: Caller, auth_url: str, credentials: dict[str, str] | None
) -> None:
    operator.post("/vims", OPENSTACK)
    change: dict[str, Any] = {"auth_url": auth_url, **({"credentials": credentials} if credentials else {})}

    answer = operator.ask("PATCH", ONE, change)

    assert (answer.status_code, answer.json()["field"]) == (400, "credentials.password")
    assert operator.get(ONE)["auth_url"] == "https://keystone:5000/v3"


def test_a_kept_password_is_not_carried_to_another_host_by_way_of_none(operator: Caller) -> None:
    operator.post("/vims", OPENSTACK)
    operator.patch(ONE, {"auth_url": ""})

    assert operator.ask("PATCH", ONE, {"auth_url": "https://evil:5000/v3"}).status_code == 400


def test_a_new_host_takes_a_new_password(operator: Caller) -> None:
    operator.post("/vims", OPENSTACK)

    operator.patch(ONE, {"auth_url": "https://other/v3", "credentials": {"password": "again"}})

    assert kept() == Credentials("gateway", "again", "ours", "Default")


def test_another_path_on_the_same_host_keeps_the_password(operator: Caller) -> None:
    operator.post("/vims", OPENSTACK)

    assert operator.patch(ONE, {"auth_url": "https://KEYSTONE:5000"})["auth_url"] == "https://KEYSTONE:5000"
    assert kept() == Credentials("gateway", PASSWORD, "ours", "Default")


@pytest.mark.parametrize(
    "change",
    [
        {"auth_url": "https://keystone:5000"},
        {"credentials": {"password": "new"}},
        {"credentials": None},
        {"projects": ["other"]},
        {"region_name": "RegionTwo"},
        {"tls": {"verify": True}},
        {"type": "vmware"},
    ],
)
def test_a_vim_that_is_reached_in_another_way_is_pending(operator: Caller, change: dict[str, Any]) -> None:
    operator.post("/vims", OPENSTACK)
    seen()

    after = operator.patch(ONE, change)

    assert (after["status"], after["status_reason"], after["status_at"]) == ("PENDING", "", None)


@pytest.mark.parametrize(
    "change", [{"description": "new"}, {"enabled": False}, {"poll_interval": 5}, {"name": "b"}, {"version": "x"}]
)
def test_another_change_leaves_the_status(operator: Caller, change: dict[str, Any]) -> None:
    operator.post("/vims", OPENSTACK)
    seen("UNREACHABLE")

    after = operator.patch(ONE, change)

    assert (after["status"], after["status_reason"]) == ("UNREACHABLE", "as told")
    assert all(after[name] == value for name, value in change.items())


def test_how_a_vim_of_aai_is_reached_is_not_changed_here(operator: Caller) -> None:
    operator.post("/vims", OPENSTACK)
    Vim.objects.update(source="aai")

    answer = operator.ask("PATCH", ONE, {"region_name": "RegionTwo", "enabled": False})

    assert answer.status_code == 409
    assert "is A&AI's" in answer.json()["detail"]
    assert operator.get(ONE)["enabled"] is True
    assert operator.patch(ONE, {"enabled": False})["enabled"] is False


def test_a_name_is_there_once(operator: Caller) -> None:
    operator.post("/vims", OPENSTACK)

    answer = operator.ask("POST", "/vims", {**OPENSTACK, "cloud_owner": "edge"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "VIM of the name 'core cloud' exists already")
    operator.post("/vims", {**OPENSTACK, "cloud_owner": "edge", "name": ""})
    assert operator.ask("PATCH", "/vims/edge_RegionOne", {"name": "core cloud"}).status_code == 409
    assert operator.get("/vims/edge_RegionOne")["name"] == "edge_RegionOne"


def test_certificates_are_kept_and_a_private_key_is_not(operator: Caller, tmp_path: Path) -> None:
    certificate, key = (Path(name).read_text() for name in self_signed(tmp_path))
    operator.post("/vims", {**OPENSTACK, "tls": {"ca": certificate}})

    assert operator.get(ONE)["tls"] == {"verify": True, "ca": certificate.strip()}
    answer = operator.ask("PATCH", ONE, {"tls": {"ca": certificate + key}})
    assert (answer.status_code, answer.json()["field"]) == (400, "tls.ca")
    assert key.splitlines()[1] not in answer.content.decode()
    assert operator.patch(ONE, {"tls": {"ca": ""}})["tls"]["ca"] == ""


def test_credentials_sealed_with_a_lost_key_can_still_be_seen_and_replaced(operator: Caller) -> None:
    shown = operator.post("/vims", OPENSTACK)
    Vim.objects.update(sealed_credentials="sealed-with-another-key")

    hidden = dict.fromkeys(shown["credentials"], "***")
    assert operator.get(ONE)["credentials"] == hidden
    assert operator.patch(ONE, {"credentials": hidden})["credentials"] == hidden
    assert operator.ask("PATCH", ONE, {"credentials": {"username": "x"}}).status_code == 400
    operator.patch(ONE, {"credentials": {"username": "u", "password": "p"}})
    assert kept() == Credentials("u", "p")


@pytest.mark.django_db(transaction=True)
def test_a_planted_password_is_in_no_answer_no_log_and_not_in_the_database_in_clear(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    operator = caller("operator")
    caplog.set_level("DEBUG")
    planted = PASSWORD.strip().split()[1]
    cred = {"username": "gateway", "password": PASSWORD}
    told = ""
    with capture_logs() as logs:
        for method, path, body in (
            ("POST", "/vims", OPENSTACK),
            ("POST", "/vims", OPENSTACK),
            ("POST", "/vims", {**OPENSTACK, "credentials": {**cred, "pw": planted}}),
            ("POST", "/vims", {**OPENSTACK, "credentials": {"username": planted * 100, "password": planted}}),
            ("POST", "/vims", {**OPENSTACK, "credentials": f"gateway:{planted}"}),
            ("POST", "/vims", {**OPENSTACK, "credentials": [cred]}),
            ("POST", "/vims", {**OPENSTACK, "credentials": {"username": "u", "password": planted * 500}}),
            ("POST", "/vims", {**OPENSTACK, "cloud_owner": "b", "auth_url": f"http://u:{planted}@h/"}),
            ("POST", "/vims", {**OPENSTACK, "cloud_owner": "b", "auth_url": f"http://u:{planted}"}),
            ("POST", "/vims", {**OPENSTACK, "cloud_owner": "b", "auth_url": f"http://h/?p={planted}"}),
            (
                "POST",
                "/vims",
                {**OPENSTACK, "cloud_owner": "b", "auth_url": f"http://u:{planted} @h/" + "x" * 9999},
            ),
            ("PATCH", ONE, {"auth_url": f"http://u:{planted}@[::1/"}),
            ("PATCH", ONE, {"auth_url": "http://127.0.0.1:1/v3", "credentials": cred}),
            ("POST", f"{ONE}/check", None),
            ("POST", "/vims/check", {**OPENSTACK, "auth_url": "http://127.0.0.1:1/v3"}),
            ("GET", "/vims", None),
            ("GET", ONE, None),
        ):
            answer = operator.ask(method, path, body)
            assert answer.status_code != 500
            assert planted not in answer.content.decode(), (method, path, body)
            told += answer.content.decode() + str(dict(answer.items()))

    assert planted not in told
    assert planted not in str(logs) + caplog.text + "".join(capfd.readouterr())
    assert '"username": "gateway"' in told or '"username":"gateway"' in told
    stored = everything()
    assert b"openstack" in stored
    assert planted.encode() not in stored
