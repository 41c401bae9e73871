"""The stock ``openstack vim`` commands, unchanged, against a gateway process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Deployment, deployed

PASSWORD = "pl4nted-S3cret"
CONFIG = {
    "auth_url": "http://keystone:5000/v3",
    "username": "nfv_user",
    "password": PASSWORD,
    "project_name": "nfv",
    "project_domain_name": "Default",
    "user_domain_name": "Default",
    "cert_verify": "True",
}


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Stock:
    """The client, set up as an operator would."""

    folder: Path
    bin: Path
    env: dict[str, str]

    def run(self, *words: str, **env: str) -> Ran:
        """One command."""
        command = [str(self.bin / "openstack"), *words]
        plain = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        done = subprocess.run(
            command, env={**plain, **self.env, **env}, capture_output=True, text=True, timeout=120
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def config(self, **changes: str | None) -> str:
        """A file as the client's manual shows it; ``None`` leaves a line out."""
        lines = {name: value for name, value in {**CONFIG, **changes}.items() if value is not None}
        file = self.folder / "vim.yaml"
        file.write_text("".join(f"{name}: '{value}'\n" for name, value in lines.items()))
        return str(file)

    def register(self, name: str, *words: str, **changes: str | None) -> Ran:
        """``vim register`` with such a file."""
        return self.run("vim", "register", "--config-file", self.config(**changes), name, *words)


@pytest.fixture
def stock(gateway: Deployment, openstack_clients: Path, tmp_path: Path) -> Iterator[Stock]:
    token = str(gateway.session.headers["X-Auth-Token"])
    env = {"OS_AUTH_TYPE": "admin_token", "OS_TOKEN": token, "OS_ENDPOINT": f"{gateway.url}/openstack"}
    yield Stock(tmp_path, openstack_clients, env)
    for vim in gateway.rest("GET", "/vims")["vims"]:
        gateway.rest("DELETE", f"/vims/{vim['vim_id']}")


def test_a_vim_is_registered_listed_shown_set_and_deleted(stock: Stock, gateway: Deployment) -> None:
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


def test_registering_with_json_tells_nothing_but_json(stock: Stock) -> None:
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


def test_a_name_that_is_taken_is_told(stock: Stock) -> None:
    stock.register("testvim2")

    again = stock.register("testvim2")

    assert (again.code, again.err.strip()) == (1, "VIM of the name 'testvim2' exists already")


def test_a_second_default_is_refused(stock: Stock) -> None:
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
def test_a_file_that_lacks_something_comes_to_nothing(
    stock: Stock, gateway: Deployment, change: dict[str, str | None], said: str
) -> None:
    refused = stock.register("testvim2", **change)

    assert (refused.code, refused.err.strip()) == (1, said)
    assert gateway.rest("GET", "/vims")["total"] == 0


def test_what_is_not_there_is_told(stock: Stock) -> None:
    refused = stock.run("vim", "show", "nothing")

    assert (refused.code, refused.err.strip()) == (1, "Unable to find vim with name 'nothing'")


def test_of_several_those_that_are_there_are_deleted(stock: Stock, gateway: Deployment) -> None:
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


def test_where_everybody_is_admin_no_token_is_needed(stock: Stock, tmp_path: Path) -> None:
    with deployed(tmp_path / "open", MCFED_AUTH="none") as open_gateway:
        open_gateway.start("gateway")
        env = {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": f"{open_gateway.url}/openstack"}
        listed = replace(stock, env=env).run("vim", "list", "-f", "json")
        assert (listed.out, listed.err) == ("[]\n", "")
