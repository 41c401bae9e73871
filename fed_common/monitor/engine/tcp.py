"""tcp: a connection comes about. And what is left of ping without a permission for ICMP."""

from __future__ import annotations

from collections.abc import Sequence

from fed_common.core.health import Check, Outcome, Verdict
from fed_common.monitor.engine.names import Address
from fed_common.monitor.engine.tries import End, Lanes, Plan, connected


async def tcp(check: Check, addresses: Sequence[Address], lanes: Lanes, well: bool) -> Outcome:
    """Up when one of ``retry`` tries connects."""
    plan = Plan(check.retry, check.timeout, [(address, check.port) for address in addresses])
    return await lanes.tried(plan, _connect, well)


async def tcp_ping(check: Check, ends: Sequence[End], lanes: Lanes, well: bool) -> Outcome:
    """Up when one of ``count`` tries is answered at one of the ends: a refusal is an answer, too."""
    return await lanes.tried(Plan(check.count, check.timeout, ends), _connect_or_refused, well)


async def _connect(end: End) -> Outcome:
    async with connected(end):
        return Outcome(Verdict.UP)


async def _connect_or_refused(end: End) -> Outcome:
    try:
        return await _connect(end)
    except ConnectionRefusedError:
        return Outcome(Verdict.UP)
