"""The stock ``openstack vim`` commands, unchanged, against a gateway process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.processes import Deployment
from tests.stock import CONFIG, PASSWORD, Stock


@pytest.fixture
def stock(gateway: Deployment, openstack_clients: Path, tmp_path: Path) -> Iterator[Stock]:
    yield Stock.of(gateway, openstack_clients, tmp_path)
    for vim in gateway.rest("GET", "/vims")["vims"]:
        gateway.rest("DELETE", f"/vims/{vim['vim_id']}")


def test_a_vim_is_registered_listed_shown_set_and_deleted(stock: Stock, gateway: Deployment) -> None:  # T4 T5
    registered = stock.register("testvim2", "-c", "id", "-c", "name", "-c", "status")
    ours = gateway.rest("GET", "/vims/tacker_testvim2")
    assert registered.code == 0, registered.err
    assert [line.split("|")[1:3] for line in registered.out.splitlines() if line.startswith("|")] == [
        [" Field  ", " Value                                "],
        [" id     ", f" {ours['uuid']} "],
        [" name   ", " testvim2                             "],
        [" status ", " PENDING                              "],
    ]
    assert (ours["type"], ours["auth_url"], ours["projects"]) == ("openstack", CONFIG["auth_url"], ["nfv"])

    row = {"ID": ours["uuid"], "Name": "testvim2", "Type": "openstack", "Is Default": False, "Status": "PENDING"}
    assert stock.run("vim", "list", "-f", "json").json == [{**row, "Tenant_id": ""}]

    shown = stock.run("vim", "show", ours["uuid"], "-f", "json").json
    assert shown["auth_cred"] == {
        **{name: CONFIG[name] for name in ("username", "user_domain_name", "cert_verify", "auth_url")},
        **{"password": "***", "project_name": "nfv", "project_domain_name": "Default"},
    }
    assert shown["vim_project"] == {"name": "nfv", "project_domain_name": "Default"}

    changed = stock.run("vim", "set", "testvim2", "--name", "renamed", "--is-default", "True", "-f", "json").json
    assert (changed["name"], changed["is_default"], changed["id"]) == ("renamed", True, ours["uuid"])

    deleted = stock.run("vim", "delete", "renamed")
    assert (deleted.code, deleted.out) == (0, "All specified vim(s) deleted successfully\n")
    assert stock.run("vim", "list", "-f", "json").json == []


def test_registering_with_json_tells_nothing_but_json(stock: Stock) -> None:  # T29
    answer = stock.register("testvim2", "--description", "the second", "--tenant-id", "t1", "-f", "json")

    assert answer.json["description"] == "the second"
    assert answer.json["project_id"] == "t1"
    assert PASSWORD not in answer.out + answer.err
    assert "Is Default" in stock.run("vim", "list", "--long").out


def test_set_takes_another_file(stock: Stock, gateway: Deployment) -> None:
    stock.register("testvim2", cert_verify="False")

    changed = stock.run("vim", "set", "testvim2", "--config-file", stock.config(username="other", auth_url=None))

    assert changed.code == 0, changed.err
    ours = gateway.rest("GET", "/vims/tacker_testvim2")
    assert (ours["credentials"]["username"], ours["tls"]["verify"]) == ("other", True)


def test_a_name_that_is_taken_is_told(stock: Stock) -> None:  # T17
    stock.register("testvim2")

    again = stock.register("testvim2")

    assert (again.code, again.err.strip()) == (1, "VIM of the name 'testvim2' exists already")


def test_a_second_default_is_refused(stock: Stock) -> None:  # T19
    stock.register("first", "--is-default")
    stock.register("second")

    refused = stock.run("vim", "set", "second", "--is-default", "True")

    assert (refused.code, refused.err.strip()) == (1, "default VIM 'first' exists already")


def test_a_name_that_is_no_region_is_told(stock: Stock) -> None:
    refused = stock.register("test vim")

    assert refused.code == 1
    assert refused.err.startswith("vim.name: 'test vim' is not allowed; allowed: letters, digits")


def test_kubernetes_is_refused_by_name(stock: Stock) -> None:
    refused = stock.register("k8s", type="kubernetes", bearer_token="token")

    assert refused.code == 1
    assert refused.err.startswith("vim.type: 'kubernetes' is not allowed; allowed: openstack")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"auth_url": None}, "Auth URL must be specified"),
        ({"auth_url": "keystone"}, "Invalid auth URL"),
        ({"project_name": None}, "Project name must be specified"),
        ({"cert_verify": "maybe"}, "Supported cert_verify types: True, False"),
    ],
)
def test_a_file_that_lacks_something_comes_to_nothing(  # T22
    stock: Stock, gateway: Deployment, change: dict[str, str | None], said: str
) -> None:
    refused = stock.register("testvim2", **change)

    assert (refused.code, refused.err.strip()) == (1, said)
    assert gateway.rest("GET", "/vims")["total"] == 0


def test_what_is_not_there_is_told(stock: Stock) -> None:
    refused = stock.run("vim", "show", "nothing")

    assert (refused.code, refused.err.strip()) == (1, "Unable to find vim with name 'nothing'")


def test_of_several_those_that_are_there_are_deleted(stock: Stock, gateway: Deployment) -> None:  # T28
    stock.register("first")
    stock.register("second")

    mixed = stock.run("vim", "delete", "first", "missing", "second")

    assert mixed.code == 1
    assert "Successfully deleted vim(s): first, second" in mixed.err
    assert "Cannot delete missing: Unable to find vim with name 'missing'" in mixed.err
    assert gateway.rest("GET", "/vims")["total"] == 0


def test_a_wrong_token_is_told(stock: Stock) -> None:
    refused = stock.run("vim", "list", OS_TOKEN="wrong")

    assert (refused.code, refused.err.strip()) == (1, "the token is unknown, revoked or expired")


def test_where_everybody_is_admin_no_token_is_needed(stock: Stock, open_gateway: Deployment) -> None:
    env = {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": f"{open_gateway.url}/openstack"}

    listed = replace(stock, env=env).run("vim", "list", "-f", "json")

    assert (listed.out, listed.err) == ("[]\n", "")
