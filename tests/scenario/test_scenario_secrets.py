"""Passwords of clouds and buses: planted everywhere, provoked by every kind of failure, found nowhere."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.doubles import aai
from tests.processes import Deployment, deployed, free_port
from tests.waiting import until

NAMES = ("vim", "bus", "sink", "vsphere", "tacker", "import", "wrong-url")
PLANTED = {name: f"pl4nted/{name}+S3cret" for name in NAMES}  # every encoding writes some of it differently
PLANTED |= {"aai-vim": aai.PASSWORD, "aai-login": aai.OWN_PASSWORD}


def forms(secret: str) -> set[str]:
    """How a secret could look in a URL, in JSON or in a header."""
    return {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode(), secret.replace("/", "\\/")}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Deployment]:
    """A gateway, a listener and a poller, all telling everything they can."""
    with aai.Aai() as stub:
        settings = {
            "MCFED_LOG_LEVEL": "DEBUG",
            "MCFED_CLOUD_TIMEOUT": "2",
            "MCFED_AAI_URL": stub.url,
            "MCFED_AAI_USERNAME": aai.USERNAME,
            "MCFED_AAI_PASSWORD": aai.OWN_PASSWORD,
        }
        with deployed(tmp_path, **settings) as deployment:
            deployment.gateway()
            deployment.start("listener", wait=False)
            deployment.start("poller", wait=False)
            yield deployment


def vim(owner: str, **fields: Any) -> dict[str, Any]:
    """A VIM at a port nobody listens on."""
    return {
        "cloud_owner": owner,
        "cloud_region_id": "R",
        "type": "openstack",
        "auth_url": f"http://127.0.0.1:{free_port()}/v3",
        "credentials": {"username": "gw", "password": PLANTED["vim"]},
        "projects": ["admin"],
        "poll_interval": 1,
        **fields,
    }


def provocations() -> list[tuple[str, str, Any]]:
    """Calls of the gateway that make it hold, use, refuse or pass on every secret."""
    api = "/api/multicloud/v1"
    bus = {"url": f"rabbit://u:{quote(PLANTED['bus'], safe='')}@127.0.0.1:{free_port()}/"}
    sphere = {
        "type": "vsphere",
        "auth_url": f"https://127.0.0.1:{free_port()}/sdk",
        "credentials": {"username": "root", "password": PLANTED["vsphere"]},
    }
    sink = {"bootstrap": f"127.0.0.1:{free_port()}", "sasl_password": PLANTED["sink"]}
    tacker = {"username": "u", "password": PLANTED["tacker"], "user_domain_name": "Default"}
    login = f"http://u:{quote(PLANTED['wrong-url'], safe='')}@127.0.0.1/v3"
    return [
        ("POST", f"{api}/vims", vim("open", type="vmware", transport=bus)),
        ("POST", f"{api}/vims", vim("sphere", **sphere)),
        ("POST", f"{api}/vims", vim("open")),
        ("POST", f"{api}/vims", vim("odd", type="nutanix")),
        ("POST", f"{api}/vims", vim("odd", auth_url=login)),
        ("POST", f"{api}/vims", vim("odd", credentials={"username": "gw", "password": [PLANTED["vim"]]})),
        ("POST", f"{api}/vims/check", vim("dry", transport=bus)),
        ("POST", f"{api}/vims/import", {"vims": [vim("bulk", credentials={"password": PLANTED["import"]})]}),
        ("POST", f"{api}/vims/import", {"source": "aai"}),
        ("GET", f"{api}/vims", None),
        ("PATCH", f"{api}/vims/open_R", {"credentials": {"username": "gw", "password": PLANTED["vim"], "x": 1}}),
        ("POST", f"{api}/vims/open_R/check", None),
        ("POST", f"{api}/vims/sphere_R/check", None),
        ("POST", f"{api}/subscriptions", {"name": "s", "sinks": [{"publisher": "kafka", "options": sink}]}),
        ("GET", f"{api}/subscriptions", None),
        ("POST", f"{api}/open/R/check_vim_status", {"states": []}),
        ("POST", f"{api}/sphere/R/check_vim_status", {"states": []}),
        ("GET", f"{api}/open/R/compute/v2.1/servers", None),
        ("GET", f"{api}/CloudOwner/RegionOne/compute/v2.1/servers", None),
        ("POST", "/api/multicloud/v0/check_vim_capacity", {"vCPU": 1, "VIMs": ["open_R", "sphere_R"]}),
        ("POST", "/openstack/v1.0/vims", {"vim": {"name": "t", "type": "openstack", "auth_cred": tacker,
            "auth_url": "http://127.0.0.1:9/v3", "vim_project": {"name": "admin"}}}),
        ("GET", "/openstack/v1.0/vims", None),
        ("POST", "/openstack/v1.0/vims", {"vim": {"name": "t", "auth_cred": tacker}}),
        ("GET", "/metrics", None),
        ("GET", "/api/schema", None),
    ]  # fmt: skip


def ask(fleet: Deployment, method: str, path: str, body: Any) -> requests.Response:
    """The gateway's answer, whatever it is."""
    return fleet.session.request(method, fleet.url + path, json=body, timeout=60)


def written(answer: requests.Response) -> str:
    """All of an answer a caller sees."""
    return f"{answer.request.method} {answer.url}: {answer.status_code} {answer.headers} {answer.text}"


def dumped(fleet: Deployment) -> str:
    """The whole database as text."""
    with closing(sqlite3.connect(fleet.folder / "var" / "mcfed.sqlite3")) as database:
        return "\n".join(database.iterdump())


def test_a_planted_password_is_nowhere_to_be_found(fleet: Deployment) -> None:
    answers = [ask(fleet, *call) for call in provocations()]
    assert not [written(one) for one in answers if one.status_code == 500]
    until(lambda: fleet.rest("GET", "/vims/open_R")["status"] == "UNREACHABLE", within=120)
    answers.append(ask(fleet, "GET", "/api/multicloud/v1/vims?limit=50", None))
    until(lambda: all("open_R" in process.log.read_text() for process in fleet.processes), within=120)
    places = {f"answer {number}": written(one) for number, one in enumerate(answers)}
    places |= {process.log.name: process.log.read_text() for process in fleet.processes}
    places["database"] = dumped(fleet)
    assert "open_R" in places["database"]
    found = {
        (place, name)
        for place, text in places.items()
        for name, secret in PLANTED.items()
        if any(form in text for form in forms(secret))
    }
    assert not found
