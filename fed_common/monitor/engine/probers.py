"""One check from beginning to end, by its kind. Whatever goes wrong, there is an outcome."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from fed_common.core.health import Check, Outcome, ProbeKind, Verdict
from fed_common.monitor.engine.http_ping import http_ping
from fed_common.monitor.engine.names import Names, NoResolver, NoSuchName
from fed_common.monitor.engine.pings import Pings
from fed_common.monitor.engine.sockets import Icmp
from fed_common.monitor.engine.tcp import tcp, tcp_ping
from fed_common.monitor.engine.tries import Lanes

log = logging.getLogger(__name__)

_BY_CONNECTION = {ProbeKind.HTTP: http_ping, ProbeKind.TCP: tcp}

Prober = Callable[[Check], Awaitable[Outcome]]


class Probers:
    """All ways to ask. ``others`` do the kinds that are not known here."""

    def __init__(
        self, icmp: Icmp, pings: Pings, others: Mapping[ProbeKind, Prober], tcp_ports: Sequence[int]
    ) -> None:
        self._icmp, self._pings, self._others, self._tcp_ports = icmp, pings, others, tcp_ports
        self._names = Names()
        self.lanes, self._tcp_lanes = Lanes(), Lanes(len(tcp_ports))

    def close(self) -> None:
        """Safe to call twice."""
        self._names.close()

    async def probe(self, check: Check, well: bool = True) -> Outcome:
        """One check. ``well``: whether the target answered the one before."""
        try:
            return await self._probe(check, well)
        except NoSuchName as error:
            return Outcome(Verdict.DOWN, str(error))
        except NoResolver as error:
            return Outcome(Verdict.ERROR, str(error))
        except Exception as error:
            log.exception("a check of kind %s broke", check.kind)
            return Outcome(Verdict.ERROR, f"the check broke: {type(error).__name__}")

    async def _probe(self, check: Check, well: bool) -> Outcome:
        if check.kind in self._others:
            return await self._others[check.kind](check)
        if check.kind is ProbeKind.PING:
            return await self._ping(check, well)
        by_connection = _BY_CONNECTION[check.kind]
        return await by_connection(check, await self._names.resolve(check.address), self.lanes, well)

    async def _ping(self, check: Check, well: bool) -> Outcome:
        by_echo, by_tcp, reason = self._icmp.ways(await self._names.resolve(check.address))
        if by_echo:
            return await self._pings.ask(check, by_echo)
        if not by_tcp:
            return Outcome(Verdict.ERROR, reason)
        ends = [(address, port) for address in by_tcp for port in self._tcp_ports]
        return await tcp_ping(check, ends, self._tcp_lanes, well)
