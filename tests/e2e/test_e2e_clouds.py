"""The page of clouds in a real browser: their status, and what is in them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.processes import ROOT, Deployment

pytestmark = pytest.mark.servers
FOUND = """
import json, sys
from fed_common.core import clock
from fed_common.inventory.models import Instance, Vim
for one in json.loads(sys.stdin.read()):
    vim = Vim.objects.get(full_id=one["vim_id"])
    vim.status, vim.status_reason, vim.status_at = one["status"], one["reason"], clock.now()
    vim.save()
    for name in one["vms"]:
        Instance.objects.create(vim=vim, instance_id=f"id-of-{name}", name=name, state="active", host="esx-1",
            tenant_id="t", changed_at=clock.now(), seen_at=clock.now())
"""


def register(gateway: Deployment, owner: str, **fields: Any) -> None:
    body = {"cloud_owner": owner, "cloud_region_id": "R", "type": "vsphere", "auth_url": "https://vc/sdk"}
    gateway.rest("POST", "/vims", {**body, **fields})


def found(gateway: Deployment, *clouds: dict[str, Any]) -> None:
    """What a poller would have written."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", FOUND]
    told = json.dumps(clouds)
    subprocess.run(command, env=gateway.env, cwd=ROOT, input=told, text=True, check=True, timeout=120)


def opened(page: Page, gateway: Deployment) -> None:
    page.goto(f"{gateway.url}/?token={gateway.session.headers['X-Auth-Token']}")
    page.get_by_role("link", name="Clouds").click()
    expect(page.locator("#connection")).to_have_text("live")


def test_clouds_show_their_status_and_their_vms(page: Page, gateway: Deployment) -> None:
    opened(page, gateway)
    expect(page.locator("#empty")).to_contain_text("No VIM is registered yet.")
    register(gateway, "good")
    register(gateway, "bad", type="vmware", auth_url="", transport={"url": "rabbit://u:p@h/"})
    expect(page.locator("tr[data-vim=good_R]")).to_contain_text("PENDING")
    found(
        gateway,
        {"vim_id": "good_R", "status": "REACHABLE", "reason": "", "vms": ["web-1", "web-2"]},
        {"vim_id": "bad_R", "status": "UNREACHABLE", "reason": "Keystone refused the credentials", "vms": []},
    )
    good, bad = page.locator("tr[data-vim=good_R]"), page.locator("tr[data-vim=bad_R]")
    expect(good).to_contain_text("REACHABLE")
    expect(good).to_contain_text("polling")
    expect(bad).to_contain_text("Keystone refused the credentials")
    expect(bad).to_contain_text("notifications")
    good.get_by_role("button").click()
    expect(page.locator("#inside-count")).to_have_text("2 VMs")
    expect(page.locator("#instances")).to_contain_text("web-2")
    page.reload()
    expect(page.locator("#inside-title")).to_have_text("good_R")
    page.locator("tr[data-vim=good_R]").get_by_role("button").click()
    expect(page.locator("#inside")).to_be_hidden()


def test_nobody_sees_the_clouds_without_a_token(page: Page, gateway: Deployment) -> None:
    page.goto(f"{gateway.url}/clouds")
    expect(page.get_by_label("Token")).to_be_visible()
