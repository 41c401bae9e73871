"""A browser, and a gateway for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import service
from tests.e2e.told import Watched
from tests.processes import Deployment, deployed

PATIENCE_MS = 90_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    path = service("chromium", "path").splitlines()[-1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """An HTTP process on a database of its own."""
    with deployed(tmp_path_factory.mktemp("e2e")) as deployment:
        deployment.gateway()
        yield deployment


@pytest.fixture(scope="session")
def open_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """An HTTP process that asks nobody who they are."""
    with deployed(tmp_path_factory.mktemp("open"), MCFED_AUTH="none") as deployment:
        deployment.start("gateway")
        yield deployment


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of a browser that knows nobody; fails the test when the page complains."""
    with browser.new_context(viewport={"width": 1440, "height": 800}) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        yield page
        assert not complaints


@pytest.fixture
def watched(page: Page, gateway: Deployment) -> Watched:
    """The live page of the gateway, connected."""
    watched = Watched(page, gateway)
    watched.open()
    return watched
