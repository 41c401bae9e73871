"""The probe of a VIM that signs in: what its plugin calls probing, in a bounded pool of threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from fed_common.core.errors import CloudFailed, CloudTimeout, GatewayError, Invalid, NotFound, Retryable
from fed_common.core.health import Check, Outcome, Verdict
from fed_common.core.model import Vim, VimId
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.inventory.checks import clouds
from fed_common.inventory.directory import directory
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)


class VimApiProber:
    """Asks VIMs by their id. A check waits for a thread as long as it takes: only then its timeout begins.

    VIMs that let their last check run out of time have threads of their own, so that they delay no others.
    """

    def __init__(self) -> None:
        threads = settings.VIM_API_THREADS
        self._pools = {name: ThreadPoolExecutor(threads, f"vim-api-{name}") for name in ("prompt", "slow")}
        self._slow: set[str] = set()
        self._plugins: dict[str, CloudPlugin] = {}
        self._known: dict[str, Vim] = {}

    async def __call__(self, check: Check) -> Outcome:
        """UP when the VIM let us in and answered. ERROR when that cannot be known."""
        pool = self._pools["slow" if check.address in self._slow else "prompt"]
        return await asyncio.get_running_loop().run_in_executor(pool, self.probe, check)

    def stop(self) -> None:
        """Begin no more checks; those under way end with their timeouts."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def probe(self, check: Check) -> Outcome:
        """The check itself; blocks. Never raises."""
        try:
            vim = self._find(check.address)
            plugin = self._plugin(vim.type)
        except GatewayError as error:
            return Outcome(Verdict.ERROR, f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("a VIM cannot be probed", vim=check.address)
            return Outcome(Verdict.ERROR, "the monitor failed: see its log")
        return self._asked(lambda: plugin.probe_vim(vim, timeout=check.timeout), check.address)

    def _asked(self, ask: Callable[[], None], vim_id: str) -> Outcome:
        started = time.monotonic()
        try:
            ask()
            outcome = Outcome(Verdict.UP, seconds=time.monotonic() - started)
        except CloudTimeout as error:
            self._slow.add(vim_id)
            return Outcome(Verdict.DOWN, str(error))
        except (CloudFailed, Invalid, NotFound) as error:
            outcome = Outcome(Verdict.DOWN, str(error))
        except GatewayError as error:
            outcome = Outcome(Verdict.ERROR, str(error))
        except Exception:
            log.exception("a plugin failed while it probed a VIM", vim=vim_id)
            outcome = Outcome(Verdict.ERROR, "the plugin failed: see the monitor's log")
        self._slow.discard(vim_id)
        return outcome

    def _find(self, vim_id: str) -> Vim:
        """The VIM; while the database is away, as it was. Raises GatewayError."""
        try:
            self._known[vim_id] = directory().find(VimId.parse(vim_id))
        except Retryable:
            if vim_id not in self._known:
                raise
        return self._known[vim_id]

    def _plugin(self, type: str) -> CloudPlugin:
        if type not in self._plugins:
            self._plugins[type] = clouds().get(type)()
        return self._plugins[type]
