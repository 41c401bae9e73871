"""Asks clouds for their instances: however many callers want to know, each cloud is asked once at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cache
from weakref import WeakKeyDictionary

from django.conf import settings

from fed_common.core.instances import Sweep
from fed_common.core.model import Vim, VimId
from fed_common.events.status.threads import in_cloud_thread
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.interfaces.registry import Registry
from fed_common.inventory.directory import directory


@dataclass
class _Line:
    """Who asks one cloud: the look under way, and the one that begins after it."""

    now: asyncio.Task[Sweep] | None = None
    next: asyncio.Task[Sweep] | None = None


@dataclass
class _Lines:
    by_vim: dict[Vim, _Line] = field(default_factory=dict)


async def ask(vim: Vim) -> Sweep:
    """A whole look at the cloud that begins after this was called. Raises as ``CloudPlugin.list_instances``."""
    lines = _lines.setdefault(asyncio.get_running_loop(), _Lines()).by_vim
    line = lines.setdefault(vim, _Line())
    if line.now is None:
        line.now = asyncio.create_task(_look(vim))
        line.now.add_done_callback(lambda done: _advance(lines, vim, done))
        return await asyncio.shield(line.now)
    if line.next is None:
        line.next = asyncio.create_task(_look_after(line.now, vim))
    return await asyncio.shield(line.next)


async def find_vim(vim_id: VimId) -> Vim:
    """The VIM. Raises as ``Directory.find``."""
    known = directory().cached(vim_id)
    return known if known else await in_cloud_thread(directory().find, vim_id)


async def _look_after(before: asyncio.Task[Sweep], vim: Vim) -> Sweep:
    await asyncio.wait([before])
    return await _look(vim)


async def _look(vim: Vim) -> Sweep:
    plugin = _plugin(vim.type)
    return await in_cloud_thread(plugin.list_instances, vim, timeout=settings.CLOUD_TIMEOUT)


def _advance(lines: dict[Vim, _Line], vim: Vim, done: asyncio.Task[Sweep]) -> None:
    """The look is over: the next one is the one under way, if anybody waits for it."""
    if not done.cancelled():
        done.exception()  # whoever asked may be gone: then nobody else would take note of it
    line = lines[vim]
    line.now, line.next = line.next, None
    if line.now is None:
        del lines[vim]
    else:
        line.now.add_done_callback(lambda done: _advance(lines, vim, done))


@cache
def _plugin(vim_type: str) -> CloudPlugin:
    plugins: Registry[CloudPlugin] = Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)
    return plugins.get(vim_type)()


_lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lines] = WeakKeyDictionary()
