"""Addresses of services: asked for once, used while they are renewed, kept while that fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fed_common.broker import service_urls
from fed_common.broker.service_urls import ServiceUrls
from fed_common.core.errors import CloudFailed, NotFound
from fed_common.core.model import Vim, VimId
from tests.doubles.clouds import ScriptedCloud
from tests.unit.broker.conftest import forget

VIM = Vim(VimId("a", "b"), "scripted")


class Moody(ScriptedCloud):
    """Says what ``says`` holds, the last of it for ever."""

    def __init__(self, *says: str | Exception) -> None:
        self.says = list(says)
        self.asked = 0

    def service_url(self, vim: Vim, service: str, *, timeout: float) -> str:
        self.asked += 1
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return said


async def url(urls: ServiceUrls, plugin: Moody) -> str | None:
    try:
        return await urls.url(plugin, VIM, "nova")
    except (CloudFailed, NotFound):
        return None


@pytest.fixture(autouse=True)
def fresh(db: None) -> None:
    forget()


@pytest.fixture
def ages(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``ages(fresh, refused)``: for how long addresses and refusals are good."""

    def set_ages(good: float, refused: float) -> None:
        monkeypatch.setattr(service_urls, "FRESH", good)
        monkeypatch.setattr(service_urls, "REFUSED", refused)

    return set_ages


def test_who_asks_together_asks_once() -> None:
    async def run() -> tuple[list[str | None], int]:
        urls, plugin = ServiceUrls(), Moody("http://one")
        return await asyncio.gather(*(url(urls, plugin) for _ in range(9))), plugin.asked

    assert asyncio.run(run()) == (["http://one"] * 9, 1)


def test_an_old_address_is_used_while_it_is_renewed(ages: Any) -> None:
    ages(0.0, 60.0)

    async def run() -> list[str | None]:
        urls, plugin = ServiceUrls(), Moody("http://one", "http://two")
        found = [await url(urls, plugin), await url(urls, plugin)]
        while plugin.asked < 2:
            await asyncio.sleep(0.01)
        while (newest := await url(urls, plugin)) == "http://one":
            await asyncio.sleep(0.01)
        return [*found, newest]

    assert asyncio.run(run()) == ["http://one", "http://one", "http://two"]


def test_an_address_outlives_a_cloud_that_fails_and_the_cloud_is_not_pestered(ages: Any) -> None:
    ages(0.0, 60.0)

    async def run() -> tuple[set[str | None], int]:
        urls, plugin = ServiceUrls(), Moody("http://one", CloudFailed("a_b", "wrong password"))
        found = {await url(urls, plugin)}
        while plugin.asked < 2:
            found.add(await url(urls, plugin))
            await asyncio.sleep(0.01)
        for _ in range(20):
            found.add(await url(urls, plugin))
            await asyncio.sleep(0.001)
        return found, plugin.asked

    assert asyncio.run(run()) == ({"http://one"}, 2)


@pytest.mark.parametrize("error", [NotFound("service", "nova"), CloudFailed("a_b", "wrong password")])
def test_a_refusal_is_remembered_for_a_while(ages: Any, error: Exception) -> None:
    async def run() -> tuple[list[str | None], int]:
        urls, plugin = ServiceUrls(), Moody(error, "http://one")
        found = [await url(urls, plugin), await url(urls, plugin)]
        ages(300.0, 0.0)
        return [*found, await url(urls, plugin)], plugin.asked

    assert asyncio.run(run()) == ([None, None, "http://one"], 2)
