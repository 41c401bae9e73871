"""tcp: a connection comes about. And what is left of ping without a permission for ICMP."""

from __future__ import annotations

from collections.abc import Sequence

from fed_common.core.health import Check, Outcome, Verdict
from fed_common.monitor.engine.names import Address
from fed_common.monitor.engine.tries import End, connected, tried


async def tcp(check: Check, addresses: Sequence[Address]) -> Outcome:
    """Up when one of ``retry`` tries connects."""
    return await tried(check.retry, check.timeout, [(address, check.port) for address in addresses], _connect)


async def tcp_ping(check: Check, addresses: Sequence[Address], ports: Sequence[int]) -> Outcome:
    """Up when one of ``count`` tries is answered on one of the ports: a refusal is an answer, too."""
    ends = [(address, port) for address in addresses for port in ports]
    return await tried(check.count, check.timeout, ends, _connect_or_refused)


async def _connect(end: End) -> Outcome:
    async with connected(end):
        return Outcome(Verdict.UP)


async def _connect_or_refused(end: End) -> Outcome:
    try:
        return await _connect(end)
    except ConnectionRefusedError:
        return Outcome(Verdict.UP)
