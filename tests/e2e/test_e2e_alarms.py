"""The page of alarms in a real browser: what is wrong appears by itself, and is acknowledged by a click."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, Route, expect

from tests.processes import ROOT, Deployment

pytestmark = pytest.mark.servers
WRITE = """
import json, sys, uuid
from fed_common.alarms.table.writing import Clear, Raise, write
from fed_common.core import clock
from fed_common.core.alarm import ManagedObject, ObjectType, Severity
def about(id): return ManagedObject("core_R", ObjectType.INSTANCE, id, f"vm {id}", "t", "h1")
def cause(): return uuid.uuid4().hex
"""
RAISE = (
    WRITE
    + """
raises = [("web", Severity.MAJOR), ("db", Severity.CRITICAL), ("cache", Severity.MINOR)]
write([Raise(about(id), "p", f"{id} broke", severity, clock.now(), cause()) for id, severity in raises])
"""
)
LATE = WRITE + 'write([Raise(about("late"), "q", "late broke", Severity.CRITICAL, clock.now(), cause())])'
END = WRITE + 'write([Clear("p", clock.now(), cause(), about("db"))])'
MANY = (
    WRITE
    + """
write([Raise(about(f"i{n}"), "p", f"i{n} broke", Severity.WARNING, clock.now(), cause()) for n in range(1200)])
"""
)


def done(gateway: Deployment, code: str) -> None:
    """What another process writes."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    subprocess.run(command, env=gateway.env, cwd=ROOT, check=True, timeout=120)


def test_what_is_wrong_appears_by_itself_and_is_acknowledged_by_a_click(page: Page, gateway: Deployment) -> None:
    page.goto(f"{gateway.url}/?token={gateway.session.headers['X-Auth-Token']}")
    page.get_by_role("link", name="Alarms").click()
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#empty")).to_contain_text("Nothing is wrong.")

    done(gateway, RAISE)
    rows = page.locator("#alarms tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("CRITICAL")
    expect(rows.first).to_contain_text("db broke")
    expect(page.locator("#counts")).to_contain_text("1 critical")

    rows.first.get_by_role("button").click()
    expect(rows.first).to_contain_text("by test")
    done(gateway, END)
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("web broke")

    done(gateway, MANY)
    expect(rows).to_have_count(1000)
    expect(page.locator("#shown")).to_have_text("the worst 1000 of 1202 alarms")
    page.get_by_role("button", name="1 minor").click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("cache broke")


def test_what_changes_before_the_page_hears_of_changes_is_shown(page: Page, gateway: Deployment) -> None:
    page.add_init_script("window.setTimeout = () => 0")  # it never looks again by itself

    def late(route: Route) -> None:
        expect(page.locator("#connection")).to_have_text("live")
        done(gateway, LATE)
        route.continue_()

    page.route("**/alarms/stream", late)
    page.goto(f"{gateway.url}/?token={gateway.session.headers['X-Auth-Token']}")
    page.goto(f"{gateway.url}/alarms#CRITICAL")
    expect(page.locator("#alarms")).to_contain_text("late broke")


def test_an_older_answer_that_comes_late_hides_no_newer_one(page: Page, gateway: Deployment) -> None:
    answered: list[str] = []
    page.on("response", lambda answer: answered.append(answer.url) if "alarms/active" in answer.url else None)

    def late(route: Route) -> None:
        page.evaluate("location.hash = 'MINOR'")
        page.evaluate(
            "new Promise((done) => setTimeout(done, 300))"
        )  # time to ask for those, which it does not take
        route.continue_()

    page.route(re.compile(r"/alarms/active\?.*limit=1000$"), late, times=1)
    page.goto(f"{gateway.url}/?token={gateway.session.headers['X-Auth-Token']}")
    page.goto(f"{gateway.url}/alarms")
    expect(page.locator("#counts button[data-severity=MINOR]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#alarms tr:not([data-severity=MINOR])")).to_have_count(0)
    assert ["severity=MINOR" in url for url in answered] == [False, True]


def test_nobody_sees_the_alarms_without_a_token(page: Page, gateway: Deployment) -> None:
    page.goto(f"{gateway.url}/alarms")
    expect(page.get_by_label("Token")).to_be_visible()
