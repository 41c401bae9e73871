"""Where the services of in-process VIMs are: asked of their plugins, remembered for some minutes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from django.conf import settings

from fed_common.broker.circuits import circuits
from fed_common.broker.threads import in_thread
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
        self._asking: dict[Key, asyncio.Task[_Found]] = {}

    async def url(self, plugin: CloudPlugin, vim: Vim, service: str) -> str:
        """The base URL. Raises NotFound, Unsupported, CloudFailed & co, which are remembered for ``REFUSED`` s.

        One that is no longer fresh is still used while it is asked for again, once for all who wait.
        """
        key = (vim, service)
        found = self._found.get(key)
        if found is None or found.age() > (REFUSED if found.error else KEPT):
            found = await asyncio.shield(self._ask(plugin, key))
        elif not found.error and found.age() > FRESH:
            self._ask(plugin, key)
        if found.error:
            raise found.error.with_traceback(None)
        return found.url

    def _ask(self, plugin: CloudPlugin, key: Key) -> asyncio.Task[_Found]:
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._asked(plugin, key))
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return task

    async def _asked(self, plugin: CloudPlugin, key: Key) -> _Found:
        old = self._found.get(key)
        try:
            found = _Found(await in_thread(_service_url, plugin, *key), None, time.monotonic())
        except GatewayError as error:
            keep_old = old and not old.error and isinstance(error, CloudFailed) and old.age() < KEPT
            found = old if keep_old and old else _Found("", error, time.monotonic())
        if len(self._found) >= MOST:
            self._found.clear()
        if not isinstance(found.error, CloudShut):
            self._found[key] = found
        return found


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, ServiceUrls] = WeakKeyDictionary()


def service_urls() -> ServiceUrls:
    """Those of this event loop."""
    return _of_loop.setdefault(asyncio.get_running_loop(), ServiceUrls())


def _service_url(plugin: CloudPlugin, vim: Vim, service: str) -> str:
    with circuits().through(str(vim.id)) as passage:
        try:
            url = plugin.service_url(vim, service, timeout=settings.CLOUD_TIMEOUT)
        except CloudTimeout:
            passage.failed()
            raise
        passage.answered()
        return url
