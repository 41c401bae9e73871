"""What the gateway does about hosts is never passed on, whoever serves the VIM."""

from __future__ import annotations

import pytest

from fed_common.inventory.models import Revision, Vim
from tests.unit.broker.conftest import Gateway


@pytest.mark.parametrize(("owner", "type"), [("remote", "openstack"), ("here", "scripted")])
def test_a_host_fault_is_the_gateways_own(gateway: Gateway, owner: str, type: str) -> None:
    Vim.objects.get_or_create(cloud_owner=owner, region="One", defaults={"type": type, "version": "pike"})
    Revision.raise_it()
    answer = gateway.ask("POST", f"/v1/{owner}/One/hosts/h1/fault", json={"cause": "power"})
    assert (answer.status_code, answer.json()["state"]) == (202, "reported")
    assert gateway.ask("GET", f"/v1/{owner}/One/hosts/h1/fault").json()["cause"] == "power"
    assert not gateway.behind.asked


def test_it_needs_a_token_that_may_write(gateway: Gateway) -> None:
    """N77."""
    answer = gateway.ask("POST", "/v1/here/One/hosts/h1/fault", json={}, headers={"X-Multicloud-Token": "wrong"})
    assert answer.status_code == 401
