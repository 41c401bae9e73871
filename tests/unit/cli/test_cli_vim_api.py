"""Describing how a VIM's API is reached; trying one that is not registered; importing many."""

from __future__ import annotations

import pytest

VIM = {
    "vim_id": "core_RegionOne",
    "type": "openstack",
    "credentials": {"username": "u", "password": "***", "user_domain": "d", "project_domain": "p"},
    "tls": {"verify": True, "ca": ""},
    "transport": None,
    "status": "PENDING",
}
CORE = ("vim", "register", "core_RegionOne", "--type", "openstack", "--auth-url", "http://k:5000")
PAIR = {"cloud_owner": "core", "cloud_region_id": "RegionOne"}


def test_register_sends_every_field_of_the_api(api, mcfed, tmp_path):
    (tmp_path / "ca.pem").write_text("PEM\n")
    api.answer("POST", "/vims", VIM, status=201)
    ran = mcfed(
        *(*CORE, "--name", "core cloud", "--description", "first", "--cloud-version", "2024.1"),
        *("--username", "u", "--password", "p", "--user-domain", "d", "--project-domain", "e"),
        *("--project", "admin", "--project", "vnf", "--region-name", "R1", "--poll-interval", "1.5"),
        *("--ca-file", str(tmp_path / "ca.pem"), "--insecure"),
    )
    assert ran.code == 0
    assert api.asked[0].body == {
        **PAIR,
        "type": "openstack",
        "name": "core cloud",
        "description": "first",
        "version": "2024.1",
        "auth_url": "http://k:5000",
        "credentials": {"username": "u", "password": "p", "user_domain": "d", "project_domain": "e"},
        "projects": ["admin", "vnf"],
        "region_name": "R1",
        "poll_interval": 1.5,
        "tls": {"verify": False, "ca": "PEM\n"},
    }


def test_what_is_shown_is_flat_and_without_the_password(api, mcfed):
    api.answer("POST", "/vims", VIM, status=201)
    shown = mcfed(*CORE, "-f", "json").json
    assert (shown["username"], shown["tls_verify"], shown["project_domain"]) == ("u", True, "p")
    assert not {"password", "credentials", "tls", "transport"} & set(shown)


def test_secrets_are_read_from_standard_input_a_line_each(api, mcfed):
    api.answer("POST", "/vims", VIM, status=201)
    mcfed(*CORE, "--password", "-", "--transport-url", "-", stdin="rabbit://u:p@h/\n with spaces \n")
    assert api.asked[0].body["transport"] == {"url": "rabbit://u:p@h/"}
    assert api.asked[0].body["credentials"] == {"password": " with spaces "}


def test_the_password_of_the_environment_counts_where_a_sign_in_is_described(api, mcfed, monkeypatch):
    monkeypatch.setenv("MCFED_VIM_PASSWORD", "of the environment")
    api.answer("POST", "/vims", VIM, status=201)
    api.answer("PATCH", "/vims/core_RegionOne", VIM)
    mcfed(*CORE)
    mcfed(*CORE, "--password", "given")
    mcfed("vim", "set", "core_RegionOne", "--username", "other")
    mcfed("vim", "set", "core_RegionOne", "--disable")
    sent = [asked.body.get("credentials") for asked in api.asked]
    assert sent[0] == {"password": "of the environment"}
    assert sent[1] == {"password": "given"}
    assert sent[2] == {"username": "other", "password": "of the environment"}
    assert sent[3] is None


def test_an_owner_with_an_underscore_is_said(api, mcfed):
    api.answer("POST", "/vims", VIM, status=201)
    mcfed("vim", "register", "a_b_c", "--cloud-owner", "a_b", "--type", "openstack")
    assert api.asked[0].body == {"cloud_owner": "a_b", "cloud_region_id": "c", "type": "openstack"}
    ran = mcfed("vim", "register", "a_b_c", "--cloud-owner", "b", "--type", "openstack")
    assert (ran.code, ran.err) == (1, "--cloud-owner: a_b_c does not begin with b_\n")


def test_a_file_of_certificates_that_is_not_there_is_refused(api, mcfed):
    ran = mcfed(*CORE, "--ca-file", "/nowhere/ca.pem")
    assert ran.code == 1
    assert ran.err.startswith("--ca-file: cannot read /nowhere/ca.pem")
    assert not api.asked


def test_set_takes_certificates_away_and_verifies_again(api, mcfed):
    api.answer("PATCH", "/vims/core_RegionOne", VIM)
    mcfed("vim", "set", "core_RegionOne", "--ca-file", "", "--secure")
    assert api.asked[0].body == {"tls": {"verify": True, "ca": ""}}


def test_list_asks_for_what_is_chosen_and_follows_the_pages(api, mcfed):
    first, second = (
        {"vims": [{**VIM, "vim_id": name}], "next": page} for name, page in (("a_R", 2), ("b_R", None))
    )
    api.answers("GET", "/vims", first, second)
    rows = mcfed("vim", "list", "--type", "openstack", "--status", "PENDING", "-f", "json").json
    assert [row["vim_id"] for row in rows] == ["a_R", "b_R"]
    assert [asked.query for asked in api.asked] == [
        {"type": "openstack", "status": "PENDING"},
        {"type": "openstack", "status": "PENDING", "page": "2"},
    ]


def test_a_vim_that_is_not_registered_can_be_checked(api, mcfed):
    half = {"reachable": False, "reason": "refused"}
    api.answer("POST", "/vims/check", {**half, "api": half, "notifications": None})
    ran = mcfed("vim", "check", *CORE[2:], "-f", "json")
    assert ran.code == 1
    assert ran.json == {"vim_id": "core_RegionOne", **half, "api": half, "notifications": None}
    assert api.asked[0].body == {**PAIR, "type": "openstack", "auth_url": "http://k:5000"}


def test_both_halves_of_a_check_are_told_in_a_line(api, mcfed):
    halves = {"api": {"reachable": True, "reason": ""}, "notifications": {"reachable": False, "reason": "refused"}}
    api.answer("POST", "/vims/a_R/check", {"reachable": False, "reason": "notifications: refused", **halves})
    out = mcfed("vim", "check", "a_R", "-c", "api", "-c", "notifications").out
    assert [line.split("|")[2].strip() for line in out.splitlines() if "|" in line] == [
        "Value",
        "reached",
        "refused",
    ]


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 1)])
def test_import_sends_the_file_and_tells_what_became_of_each(api, mcfed, tmp_path, failed, code):
    (tmp_path / "vims.yaml").write_text("vims: [] # none\n")
    row = {"vim_id": "a_R", "outcome": "created", "reason": "", "notes": ["x"]}
    api.answer("POST", "/vims/import", {"vims": [row], "failed": failed, "dry_run": False})
    ran = mcfed("vim", "import", str(tmp_path / "vims.yaml"), "--dry-run", "-f", "json")
    assert ran.code == code
    assert ran.json == [{"vim_id": "a_R", "outcome": "created", "reason": ""}]
    assert api.asked[0].headers["Content-Type"] == "application/yaml"
    assert api.asked[0].body == "vims: [] # none\n"
    assert api.asked[0].query == {"dry_run": "true"}


def test_import_asks_for_aai(api, mcfed):
    api.answer("POST", "/vims/import", {"vims": [], "failed": 0})
    assert mcfed("vim", "import", "--aai").code == 0
    assert api.asked[0].body == {"source": "aai"}


def test_import_of_a_file_that_is_not_there_is_refused(api, mcfed):
    ran = mcfed("vim", "import", "/nowhere/vims.yaml")
    assert (ran.code, api.asked) == (1, [])
    assert "cannot read /nowhere/vims.yaml" in ran.err


def test_instances_are_listed_up_to_the_limit(api, mcfed):
    row = {"vim_id": "a_R", "id": "1", "name": "web", "state": "active", "addresses": ["10.0.0.1"]}
    api.answer("GET", "/instances", {"instances": [row, {**row, "id": "2"}], "next": 2})
    rows = mcfed(
        *("instance", "list", "--vim", "a_R", "--state", "active", "--order=-name", "--limit", "3"),
        *("--long", "-f", "json"),
    ).json
    assert [row["id"] for row in rows] == ["1", "2", "1"]
    assert rows[0]["addresses"] == ["10.0.0.1"]
    assert api.asked[0].query == {"vim_id": "a_R", "state": "active", "order": "-name", "limit": "3"}
    assert len(api.asked) == 2


def test_hosts_are_listed(api, mcfed):
    api.answer(
        "GET", "/vims/a_R/hosts", {"hosts": [{"name": "h", "state": "down", "reason": "gone"}], "next": None}
    )
    out = mcfed("host", "list", "a_R", "--state", "down").out
    assert "gone" in out
    assert api.asked[0].query == {"state": "down"}


def test_an_answer_without_a_list_is_refused(api, mcfed):
    api.answer("GET", "/vims/a_R/hosts", {"hosts": "none"})
    ran = mcfed("host", "list", "a_R")
    assert (ran.code, ran.err) == (1, "the gateway's answer to hosts holds no list\n")
