"""Where the services of in-process VIMs are: asked of their plugins, remembered for some minutes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from django.conf import settings

from fed_common.broker.circuits import circuits
from fed_common.broker.threads import begun, shared
from fed_common.core.errors import CloudFailed, CloudShut, CloudTimeout, GatewayError
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin

FRESH, KEPT, REFUSED = 300.0, 3600.0, 5.0
MOST = 10_000

Key = tuple[Vim, str]


@dataclass(slots=True)
class _Found:
    """What was answered, and when."""

    url: str
    error: GatewayError | None
    at: float

    def age(self) -> float:
        return time.monotonic() - self.at


class ServiceUrls:
    """Lives in one event loop. A changed VIM is another key, so its old addresses are not used again."""

    def __init__(self) -> None:
        self._found: dict[Key, _Found] = {}

    async def url(self, plugin: CloudPlugin, vim: Vim, service: str) -> str:
        """The base URL. Raises NotFound, Unsupported, CloudFailed & co, which are remembered for ``REFUSED`` s.

        One that is no longer fresh is still used while it is asked for again.
        """
        key = (vim, service)
        found = self._found.get(key)
        if found is None or found.age() > (REFUSED if found.error else KEPT):
            found = self._kept(key, await shared(key, _asked, plugin, vim, service))
        elif not found.error and found.age() > FRESH:
            begun(key, self._ask_again, plugin, vim, service)
        if found.error:
            raise found.error.with_traceback(None)
        return found.url

    def _ask_again(self, plugin: CloudPlugin, vim: Vim, service: str) -> _Found:
        """An address outlives a failure to ask for it again; the next try is a while later."""
        key = (vim, service)
        old, new = self._found[key], _asked(plugin, vim, service)
        if isinstance(new.error, CloudFailed):
            new = _Found(old.url, None, time.monotonic() - FRESH + REFUSED)
        return self._kept(key, new)

    def _kept(self, key: Key, new: _Found) -> _Found:
        if len(self._found) >= MOST:
            self._found.clear()
        if not isinstance(new.error, CloudShut):
            self._found[key] = new
        return new


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, ServiceUrls] = WeakKeyDictionary()


def service_urls() -> ServiceUrls:
    """Those of this event loop."""
    return _of_loop.setdefault(asyncio.get_running_loop(), ServiceUrls())


def _asked(plugin: CloudPlugin, vim: Vim, service: str) -> _Found:
    """What the plugin says. Blocks."""
    try:
        with circuits().through(str(vim.id)) as passage:
            try:
                url = plugin.service_url(vim, service, timeout=settings.CLOUD_TIMEOUT)
            except CloudTimeout:
                passage.failed()
                raise
            passage.answered()
            return _Found(url, None, time.monotonic())
    except GatewayError as error:
        return _Found("", error, time.monotonic())
