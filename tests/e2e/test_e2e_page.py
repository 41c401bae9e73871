"""The live page in a real browser, against a real gateway."""

from __future__ import annotations

import json
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest
from playwright.sync_api import expect

from tests.e2e.told import Watched, event, store
from tests.processes import deployed

pytestmark = pytest.mark.servers


def test_a_gateway_without_vims_says_how_to_register_one(watched):
    expect(watched.page.locator("#empty")).to_contain_text("No VIM is registered yet.")
    expect(watched.page.locator("#empty pre")).to_contain_text("mcfed vim register")


def test_the_form_lets_in_who_has_a_token(page, gateway):
    page.goto(gateway.url)
    page.get_by_label("Token").fill("nobody's")
    page.get_by_role("button", name="Open the page").click()
    expect(page.get_by_role("alert")).to_have_text("The gateway does not know this token.")
    page.get_by_label("Token").fill(gateway.session.headers["X-Auth-Token"])
    page.get_by_role("button", name="Open the page").click()
    Watched(page, gateway).is_live()
    assert page.url == f"{gateway.url}/"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()


def test_the_token_leaves_the_address_and_no_script_can_read_it(watched):
    assert "token" not in watched.page.url
    assert "mcfed_token" not in watched.page.evaluate("document.cookie")
    assert "mcfed_token" in [cookie["name"] for cookie in watched.page.context.cookies()]


def test_an_event_appears_while_one_looks(watched):
    store(watched.gateway, event(instance_name="live-1"))
    age, kind, phase, vm, state, host, vim, latency = watched.cells("live-1")
    assert (kind, phase, host, vim, latency) == ("PAUSE", "end", "compute-2", "vio_RegionOne", "5 ms")
    assert vm.split() == ["live-1", "a7f85fb2"]
    assert state == "active → paused"
    assert age
    assert watched.rows("live-1").get_attribute("data-severity") == "warning"
    expect(watched.page.locator("#empty")).to_be_hidden()


def test_what_happened_before_is_there_and_the_newest_is_on_top(page, gateway):
    store(gateway, event(instance_name="before-1"), event(instance_name="before-2"))
    watched = Watched(page, gateway)
    watched.open()
    assert "before-2" in watched.rows("before-").first.inner_text()
    store(gateway, event(instance_name="after-3"))
    watched.cells("after-3")
    assert "after-3" in watched.rows().first.inner_text()
    expect(watched.rows("before-1")).to_have_count(1)


def test_a_click_and_a_key_open_the_whole_event(watched):
    store(watched.gateway, event(instance_name="whole-1", payload={"flavor": "m1.tiny"}))
    watched.cells("whole-1")
    details = watched.page.get_by_role("dialog")
    watched.rows("whole-1").click()
    shown = json.loads(details.locator("pre").inner_text())
    assert shown["payload"] == {"flavor": "m1.tiny"}
    assert "searched" not in shown
    watched.page.keyboard.press("Escape")
    expect(details).to_be_hidden()
    watched.rows("whole-1").get_by_role("button").focus()
    watched.page.keyboard.press("Enter")
    expect(details).to_contain_text("PAUSE end · whole-1")


def test_filters_narrow_the_table_and_stay_in_the_address(watched):
    store(
        watched.gateway,
        event(instance_name="narrow-1", kind="DELETE"),
        event(instance_name="narrow-2", kind="DELETE", vim_id="vio_RegionTwo"),
        event(instance_name="narrow-3"),
    )
    watched.cells("narrow-3")
    watched.page.get_by_label("Kind").select_option("DELETE")
    watched.page.get_by_label("Text").fill("NARROW-")
    expect(watched.rows()).to_have_count(2)
    watched.page.locator("select[name=vim]").select_option("vio_RegionTwo")
    expect(watched.rows()).to_have_count(1)
    watched.page.reload()
    watched.is_live()
    expect(watched.rows()).to_have_count(1)
    assert "narrow-2" in watched.rows().inner_text()
    watched.page.get_by_label("Text").fill("nothing like it")
    expect(watched.page.locator("#empty")).to_contain_text("No event that this page remembers passes the filter.")


def test_a_paused_page_stands_still_and_loses_nothing(watched):
    watched.page.get_by_role("button", name="Pause", exact=True).click()
    store(watched.gateway, event(instance_name="paused-1"), event(instance_name="paused-2"))
    resume = watched.page.get_by_role("button", name="Resume (2 new)")
    expect(resume).to_be_visible()
    expect(watched.rows("paused-")).to_have_count(0)
    resume.click()
    expect(watched.rows("paused-")).to_have_count(2)


def test_names_of_vms_are_text_whatever_they_hold(watched):
    name = "<img src=x onerror=alert(1)>"
    store(watched.gateway, event(instance_name=name, host="<b>evil</b>"))
    assert name in watched.cells("<img")[3]
    assert watched.page.locator("#events img, #events b").count() == 0


def test_a_burst_leaves_the_newest_two_hundred(watched):
    store(watched.gateway, *(event(instance_name=f"burst-{number}") for number in range(1, 3001)))
    watched.cells("burst-3000")
    expect(watched.rows()).to_have_count(200)
    assert "burst-3000" in watched.rows().first.inner_text()
    assert "burst-2801" in watched.rows().last.inner_text()
    watched.page.get_by_label("Text").fill("burst-29")
    expect(watched.rows()).to_have_count(100)
    assert len(set(watched.rows().locator(".vm-name").all_inner_texts())) == 100


def test_a_gateway_that_comes_back_brings_what_was_missed_once(watched):
    gateway = watched.gateway
    gateway.processes[-1].kill()
    expect(watched.page.locator("#connection")).to_have_text("reconnecting")
    store(gateway, event(instance_name="missed-1"))
    gateway.start("gateway")
    watched.is_live()
    watched.cells("missed-1")
    store(gateway, event(instance_name="next-1"))
    watched.cells("next-1")
    expect(watched.rows("missed-1")).to_have_count(1)


def test_a_gateway_that_hangs_is_not_shown_as_live(page, gateway):
    page.clock.install()  # the page looks every ten seconds: time is put forward to its next look
    watched = Watched(page, gateway)
    watched.open()
    store(gateway, event(instance_name="seen-1"))
    watched.cells("seen-1")
    process = gateway.processes[-1]
    process.signal(SIGSTOP)
    try:
        with page.expect_event("requestfailed"):
            page.clock.fast_forward(10_000)
        page.clock.fast_forward(10_000)
        expect(page.locator("#connection")).to_have_text("reconnecting")
    finally:
        process.signal(SIGCONT)
    page.clock.fast_forward(3_000)
    watched.is_live()


def test_a_revoked_token_leads_to_the_form_when_the_gateway_comes_back(watched):
    gateway = watched.gateway
    gateway.manage("revoketoken", "test")
    gateway.processes[-1].kill()
    gateway.start("gateway")
    expect(watched.page.get_by_label("Token")).to_be_visible()


def test_the_demo_shows_live_events_and_says_that_they_are_recorded(page, tmp_path: Path):
    with deployed(tmp_path) as gateway:
        gateway.start("up", "--demo")
        gateway.session.headers["X-Auth-Token"] = (tmp_path / "var" / "token").read_text().strip()
        watched = Watched(page, gateway)
        watched.open()
        seen = watched.rows().count()
        expect(watched.rows().nth(seen)).to_be_visible()
        assert watched.cells("demo_RegionOne")[6] == "demo_RegionOne"
        expect(page.locator("#demo")).to_contain_text("Recorded demo events")
