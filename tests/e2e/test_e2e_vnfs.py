"""The page of VNFs in a real browser: their status, the health of their members, what they went through."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.processes import ROOT, Deployment
from tests.vnfds import good

pytestmark = pytest.mark.servers
FAILED = """
from fed_common.core import clock
from fed_common.monitor.models import LifecycleEvent, Target, Vnf, Vnfc
vnf = Vnf.objects.get(name="firewall")
Vnf.objects.filter(pk=vnf.pk).update(status="DEAD", failure_count=1)
for member in Vnfc.objects.filter(vnf=vnf, vdu="VDU1"):
    member.health, member.reason, member.rule, member.changed_at = "DOWN", "no answer", "fall", clock.now()
    member.save()
    Target.objects.create(member=member, action_id=vnf.pk, subject=vnf.pk, shard=1, kind="ping", health="DOWN")
LifecycleEvent.objects.create(resource_type="vnf", resource_id=vnf.pk, vim_id="core_R", resource_state="DEAD",
    event_type="MONITOR", event_details="ActionRespawnHeat invoked", rule="fall", timestamp=clock.now())
"""


def failed(gateway: Deployment) -> None:
    """What a conductor would have written."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", FAILED]
    subprocess.run(command, env=gateway.env, cwd=ROOT, check=True, timeout=120)


def test_vnfs_show_how_they_are_without_being_asked_again(page: Page, gateway: Deployment) -> None:
    page.goto(f"{gateway.url}/?token={gateway.session.headers['X-Auth-Token']}")
    page.get_by_role("link", name="VNFs").click()
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#empty")).to_contain_text("There is no VNF yet.")

    gateway.rest("POST", "/vims", {"cloud_owner": "core", "cloud_region_id": "R", "type": "openstack"})
    adopt = {"VDU1": [{"instance_id": "42", "address": "10.0.0.4"}]}
    gateway.rest("POST", "/vnfs", {"name": "firewall", "vim_id": "core_R", "vnfd": good(), "adopt": adopt})
    row = page.locator("tr[data-vnf=firewall]")
    expect(row).to_contain_text("PENDING_CREATE")
    expect(row).to_contain_text("1 pending")

    row.get_by_role("button").click()
    expect(page.locator("#inside-count")).to_have_text("3 members")
    failed(gateway)
    expect(row).to_contain_text("DEAD")
    expect(row).to_contain_text("1 down")
    expect(row).to_contain_text("respawned once")
    expect(page.locator("#members tr").first).to_contain_text("10.0.0.4")
    expect(page.locator("#members tr").first).to_contain_text("DOWN")
    expect(page.locator("#events tr").first).to_contain_text("ActionRespawnHeat invoked")


def test_nobody_sees_the_vnfs_without_a_token(page: Page, gateway: Deployment) -> None:
    page.goto(f"{gateway.url}/vnfs")
    expect(page.get_by_label("Token")).to_be_visible()
