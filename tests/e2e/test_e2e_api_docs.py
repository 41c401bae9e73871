"""The documentation of the API in a real browser, without the internet."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.processes import Deployment

pytestmark = pytest.mark.servers


def test_swagger_ui_shows_the_api_and_asks_nobody_else(page: Page, gateway: Deployment) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))

    page.goto(f"{gateway.url}/api/docs")

    expect(page.get_by_role("heading", name="Multicloud Event-Federation Gateway")).to_be_visible()
    expect(page.get_by_text("/api/multicloud/v1/events", exact=True).first).to_be_visible()
    assert asked <= {urlsplit(gateway.url).netloc, ""}


def test_a_call_can_be_tried_with_a_token(page: Page, gateway: Deployment) -> None:
    page.set_default_timeout(90_000)  # so many operations stand still late on a machine that does much else
    page.goto(f"{gateway.url}/api/docs#/words/get_v1_words")
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("Value:").first.fill(str(gateway.session.headers["X-Auth-Token"]))
    page.get_by_role("button", name="Apply credentials").first.click()
    page.get_by_role("button", name="Close").last.click()

    page.get_by_role("button", name="Execute").click()

    expect(page.get_by_text('"drop_reasons"').first).to_be_visible()


def test_the_page_may_do_no_more_than_it_needs(gateway: Deployment) -> None:
    answer = requests.get(f"{gateway.url}/api/docs", timeout=60)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy
