"""Dry runs: a cloud's failure is an answer, with the reason; what is not kept stays not kept."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.core.errors import CloudFailed, CloudTimeout
from fed_common.core.instances import Sweep
from fed_common.core.model import Credentials, Vim
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.inventory import models
from tests.callers import Caller
from tests.processes import free_port

PASSWORD = "pl4nted-S3cret"
CLOUD = {
    "cloud_owner": "core",
    "cloud_region_id": "RegionOne",
    "type": "staged",
    "auth_url": "http://up:5000/v3",
    "credentials": {"username": "u", "password": PASSWORD},
}
ONE = "/vims/core_RegionOne"
BUS = {"url": "fake://"}
GOOD = {"reachable": True, "reason": ""}

pytestmark = pytest.mark.django_db


class StagedPlugin(CloudPlugin):
    """Clouds that fail by their host's name, and take one password."""

    name = "staged"
    vim_types = frozenset({"staged"})

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        """See CloudPlugin."""
        assert timeout == 10
        if "slow" in vim.auth_url:
            raise CloudTimeout(str(vim.id), "no answer within 10 s")
        if vim.credentials != Credentials("u", PASSWORD):
            raise CloudFailed(str(vim.id), "it refuses the credentials")

    def list_instances(self, vim: Vim, **_options: Any) -> Sweep:
        """Never asked."""
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _staged(settings: Any) -> None:
    path = f"{__name__}.StagedPlugin"
    settings.CLOUD_PLUGINS = {**settings.CLOUD_PLUGINS, "staged": path}


def bus(reason: str = "") -> dict[str, Any]:
    return {"reachable": not reason, "reason": reason}


def test_a_registered_vim_is_tried_with_what_is_kept(operator: Caller) -> None:
    operator.post("/vims", {**CLOUD, "transport": BUS})

    assert operator.post(f"{ONE}/check") == {**GOOD, "api": GOOD, "notifications": GOOD}


def test_a_vim_is_tried_before_it_is_registered(operator: Caller) -> None:
    assert operator.post("/vims/check", CLOUD) == {**GOOD, "api": GOOD, "notifications": None}
    assert not models.Vim.objects.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"auth_url": "http://slow:5000/v3"}, "no answer within 10 s"),
        ({"credentials": {"username": "u", "password": "wrong"}}, "it refuses the credentials"),
        ({"credentials": None}, "it refuses the credentials"),
    ],
)
def test_a_cloud_that_fails_is_an_answer_with_the_reason(
    operator: Caller, change: dict[str, Any], reason: str
) -> None:
    found = operator.post("/vims/check", {**CLOUD, **change, "transport": BUS})

    assert found == {
        "reachable": False,
        "reason": f"API: {reason}",
        "api": {"reachable": False, "reason": reason},
        "notifications": GOOD,
    }


def test_a_bus_that_is_not_reached_is_told_beside_the_api(operator: Caller) -> None:
    port = free_port()
    url = f"rabbit://nova:{PASSWORD}@127.0.0.1:{port}/"

    found = operator.post("/vims/check", {**CLOUD, "transport": {"url": url}})

    assert (found["reachable"], found["api"]) == (False, GOOD)
    assert found["notifications"]["reachable"] is False
    assert found["reason"] == f"notifications: {found['notifications']['reason']}"
    assert f"127.0.0.1:{port}" in found["reason"]
    assert PASSWORD not in str(found)


def test_a_vim_with_a_bus_only_is_tried_by_its_bus(operator: Caller) -> None:
    operator.post("/vims", {**CLOUD, "auth_url": "", "transport": BUS})

    assert operator.post(f"{ONE}/check") == {**GOOD, "api": None, "notifications": GOOD}


def test_a_vim_that_has_neither_says_so(operator: Caller) -> None:
    operator.post("/vims", {**CLOUD, "auth_url": ""})

    found = operator.post(f"{ONE}/check")

    assert found["reachable"] is False
    assert found["reason"] == "the VIM has neither an auth_url nor a transport"


def test_a_vim_whose_secrets_cannot_be_read_is_refused(operator: Caller) -> None:
    operator.post("/vims", CLOUD)
    models.Vim.objects.update(sealed_credentials="sealed-with-another-key")

    answer = operator.ask("POST", f"{ONE}/check")

    assert answer.status_code == 422
    assert "another sealing key" in answer.json()["detail"]


def test_a_check_leaves_the_status_alone(operator: Caller) -> None:
    operator.post("/vims", {**CLOUD, "auth_url": "http://slow"})
    operator.post(f"{ONE}/check")

    assert operator.get(ONE)["status"] == "PENDING"
