"""Which clouds have room: all asked at once, each in its plugin's way, until a deadline."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from structlog.contextvars import get_contextvars

from fed_common.broker.circuits import circuits
from fed_common.broker.providers import RemotePlugin, providers
from fed_common.broker.request_ids import ONAP, OURS
from fed_common.broker.resolving import FAKE, resolve
from fed_common.broker.threads import in_thread
from fed_common.broker.upstream import call
from fed_common.core.errors import CloudFailed, CloudTimeout, GatewayError
from fed_common.core.instances import Capacity, Room, Zone
from fed_common.core.model import Vim, VimId
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.telemetry.logging import get_logger

ANSWER_MOST = 4 * 1024 * 1024

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Need:
    """What is asked for: vCPUs, GB of memory and of storage; ``project``: whose quota counts, "" the VIM's own."""

    vcpus: float = 0
    memory_gb: float = 0
    storage_gb: float = 0
    project: str = ""

    def room(self) -> Room:
        """The same as plugins compare it."""
        return Room(self.vcpus, self.memory_gb, self.storage_gb)

    def body(self) -> bytes:
        """The body of ``capacity_check``: exactly these three keys."""
        return json.dumps({"vCPU": self.vcpus, "Memory": self.memory_gb, "Storage": self.storage_gb}).encode()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one VIM said; ``error``: why it said nothing."""

    fits: bool = False
    zones: Sequence[Any] = ()
    error: str = ""


async def ask_all(vim_ids: Sequence[VimId], need: Need, api: str) -> list[Verdict]:
    """One verdict each, in order, after at most MCFED_CAPACITY_DEADLINE seconds. ``api``: v0 or v1."""
    tasks = [asyncio.create_task(_verdict(vim_id, need, api)) for vim_id in vim_ids]
    if tasks:
        await asyncio.wait(tasks, timeout=settings.CAPACITY_DEADLINE)
    late = Verdict(error=f"no answer within {settings.CAPACITY_DEADLINE:g} s")
    verdicts = [task.result() if task.done() else late for task in tasks]
    for task in tasks:
        task.cancel()
    return verdicts


def room_of(plugin: CloudPlugin, vim: Vim, need: Need) -> Verdict:
    """What a VIM in process says. Blocks. Raises CloudFailed & co, Unsupported, NotFound: no such project."""
    if vim.id == FAKE.id and settings.FAKE_VIM:
        return Verdict(fits=True)
    timeout = min(settings.CLOUD_TIMEOUT, settings.CAPACITY_DEADLINE)
    with circuits().through(str(vim.id)) as passage:
        try:
            capacity: Capacity = plugin.capacity(vim, project=need.project, timeout=timeout)
        except CloudTimeout:
            passage.failed()
            raise
        passage.answered()
    return Verdict(capacity.fits(need.room()), [_zone(zone) for zone in capacity.zones])


async def _verdict(vim_id: VimId, need: Need, api: str) -> Verdict:
    try:
        vim = await resolve(vim_id)
        plugin = providers().of(vim)
        if isinstance(plugin, RemotePlugin):
            return await _asked(plugin, vim, need, api)
        return await in_thread(room_of, plugin, vim, need)
    except GatewayError as error:
        return Verdict(error=str(error))
    except Exception:
        log.exception("a plugin failed to tell its capacity", vim=str(vim_id))
        return Verdict(error="the gateway failed; its log tells more")


async def _asked(plugin: RemotePlugin, vim: Vim, need: Need, api: str) -> Verdict:
    """What a remote plugin says. Raises CloudFailed & co."""
    vim_id = str(vim.id)
    name = vim_id if api == "v0" else f"{vim.id.owner}/{vim.id.region}"
    headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
    headers += [(id_name, str(get_contextvars().get("request_id", ""))) for id_name in (OURS, *ONAP)]
    headers += [("Project", need.project)] if need.project else []
    with circuits().through(vim_id) as passage:
        try:
            async with asyncio.timeout(settings.CLOUD_TIMEOUT):
                url = f"{plugin.prefix}/{api}/{name}/capacity_check"
                status, body = await _read(vim_id, url, headers, need.body())
        except TimeoutError:
            passage.failed()
            raise CloudTimeout(vim_id, f"no answer within {settings.CLOUD_TIMEOUT:g} s") from None
        except CloudFailed:
            passage.failed()
            raise
        passage.answered()
    return _judged(vim_id, status, body)


async def _read(vim_id: str, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> tuple[int, bytes]:
    answer = await call(vim_id, "POST", url, headers, body=body)
    try:
        told = b""
        async for chunk in answer.content.iter_any():
            told += chunk
            if len(told) > ANSWER_MOST:
                raise CloudFailed(vim_id, "its plugin answered with too much")
        return answer.status, told
    finally:
        answer.close()


def _judged(vim_id: str, status: int, body: bytes) -> Verdict:
    if status != 200:
        raise CloudFailed(vim_id, f"its plugin answered {status}")
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, Mapping):
        raise CloudFailed(vim_id, "its plugin answered with something else than a JSON object")
    return Verdict(bool(told.get("result")), told.get("AZs") or [])


def _zone(zone: Zone) -> dict[str, Any]:
    """An availability zone in the words of ONAP's multicloud_resource_capacity_check; ``null``: without limit."""
    return {
        "availability-zone-name": zone.name,
        "vCPUTotal": zone.total.vcpus,
        "MemoryTotal": zone.total.memory_gb,
        "StorageTotal": zone.total.storage_gb,
        "vCPUAvail": zone.free.vcpus,
        "MemoryAvail": zone.free.memory_gb,
        "StorageAvail": zone.free.storage_gb,
    }
