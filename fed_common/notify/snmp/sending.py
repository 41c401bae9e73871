"""One loop in one thread that speaks SNMP, with pysnmp's engines: encoding is work that must not delay others.

One engine for version 2c, and one for each user of version 3, because two users of one name would be one to it.
They live as long as the process does.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.carrier.asyncio.dispatch import AsyncioDispatcher
from pysnmp.carrier.error import CarrierError
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.error import PySnmpError
from pysnmp.proto import errind
from pysnmp.proto.api import v2c
from pysnmp.proto.rfc1902 import Integer32, ObjectIdentifier, OctetString, TimeTicks, Unsigned32

from fed_common.core.errors import Permanent, Retryable
from fed_common.notify.snmp.config import LEVELS
from fed_common.notify.snmp.credentials import BOOTS, EPOCH, User, own_engine_id
from fed_common.notify.snmp.oids import SNMP_TRAP_OID, SYS_UP_TIME, Oid

TRIES = 3
"""How often an inform is sent within its time."""

_TICK = 0.1
_DISCOVERY = 4
_LEARNT = (errind.notInTimeWindow, errind.unknownEngineID)
_STARTED = time.monotonic()
_TRANSPORTS = {socket.AF_INET: udp.UdpTransport, socket.AF_INET6: udp6.Udp6Transport}
_DOMAINS = {socket.AF_INET: udp.DOMAIN_NAME, socket.AF_INET6: udp6.DOMAIN_NAME}

Address = tuple[socket.AddressFamily, str, int]
Binding = tuple[Oid, bytes | int, bool]
"""Its name, its value, and whether a number is unsigned."""


@dataclass(frozen=True, slots=True)
class Security:
    """A community of version 2c, or a user of version 3 at one level."""

    community: str = ""
    user: User | None = None
    level: str = "noAuthNoPriv"

    def __repr__(self) -> str:
        return f"Security({self.user.name if self.user else '2c'}, {self.level})"


class Session:
    """One engine of pysnmp. Call it on the loop of ``speaker`` only."""

    def __init__(self, user: User | None, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = SnmpEngine()
        self._communities: dict[str, str] = {}
        self._engine.register_transport_dispatcher(AsyncioDispatcher(timeout=_TICK, loop=loop))
        self._identify()
        if user:
            user.add_to(self._engine)

    async def send(
        self, notification: Oid, bindings: Sequence[Binding], to: Address, how: Security, *, wait: float
    ) -> None:
        """Send it. ``wait``: for how long a receiver may take to confirm; 0: it is not asked to.

        Raises Retryable: no confirmation, or it does not know us; Permanent: it confirmed an error.
        """
        pdu = _pdu(notification, bindings, confirmed=wait > 0)
        tries = learnt = 0
        while True:
            error, answer = await self._sent(pdu, to, how, wait / TRIES)
            if error is None:
                break
            known = error in _LEARNT
            tries, learnt = (tries, learnt + 1) if known else (tries + 1, learnt)
            if tries == TRIES or learnt > _DISCOVERY:
                raise Retryable(f"the inform was not confirmed: {error}")
        if answer is not None and int(v2c.apiPDU.get_error_status(answer)):
            raise Permanent(
                f"the receiver refused the inform: {v2c.apiPDU.get_error_status(answer).prettyPrint()}"
            )

    async def _sent(self, pdu: Any, to: Address, how: Security, wait: float) -> tuple[object, Any]:
        """What went wrong in pysnmp's words, and the answer; neither of a trap."""
        family, host, port = to
        self._open(family)
        answered: asyncio.Future[tuple[object, Any]] = asyncio.get_running_loop().create_future()

        def hear(*arguments: Any) -> None:
            status, answer = arguments[9], arguments[8]
            if not answered.done():
                answered.set_result((status.get("errorIndication") if status else None, answer))

        versions = (3, 3) if how.user else (1, 2)
        name = OctetString(how.user.name if how.user else self._community(how.community))
        expects = (True, wait / _TICK, hear, ()) if wait else (False,)
        try:
            self._engine.message_dispatcher.send_pdu(
                self._engine, _DOMAINS[family], (host, port), *versions, name, LEVELS.index(how.level) + 1,
                self._engine.snmpEngineID, "", 1, pdu, *expects,
            )  # fmt: skip
        except (PySnmpError, CarrierError) as error:
            raise Retryable(f"it could not be sent: {error}") from error
        return await answered if wait else (None, None)

    def _open(self, family: socket.AddressFamily) -> None:
        if config.get_transport(self._engine, _DOMAINS[family]) is None:
            config.add_transport(self._engine, _DOMAINS[family], _TRANSPORTS[family]().open_client_mode())

    def _community(self, community: str) -> str:
        """The name by which the engine knows it."""
        if community not in self._communities:
            name = self._communities[community] = f"c{len(self._communities)}"
            config.add_v1_system(self._engine, name, community, securityName=name)
        return self._communities[community]

    def _identify(self) -> None:
        """Not by SnmpEngine's own argument: that keeps files in a folder everybody may write to."""
        ours, boots, seconds = self._engine.get_mib_builder().import_symbols(
            "__SNMP-FRAMEWORK-MIB", "snmpEngineID", "snmpEngineBoots", "snmpEngineTime"
        )
        ours.syntax = ours.syntax.clone(own_engine_id())
        self._engine.snmpEngineID = ours.syntax
        boots.syntax = boots.syntax.clone(BOOTS)
        seconds.syntax = seconds.syntax.clone(EPOCH)  # it tells the seconds since then


class Speaker:
    """The thread, and the sessions by user."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._sessions: dict[User | None, Session] = {}
        threading.Thread(target=self._run, name="snmp", daemon=True).start()

    async def send(
        self, notification: Oid, bindings: Sequence[Binding], to: Address, how: Security, *, wait: float
    ) -> None:
        """As Session.send, from any loop; cancelled with its caller."""
        work = self._send(notification, bindings, to, how, wait)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def _send(
        self, notification: Oid, bindings: Sequence[Binding], to: Address, how: Security, wait: float
    ) -> None:
        if how.user not in self._sessions:
            self._sessions[how.user] = Session(how.user, self.loop)
        await self._sessions[how.user].send(notification, bindings, to, how, wait=wait)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


@cache
def speaker() -> Speaker:
    """The process's own, started when first asked for."""
    return Speaker()


def _pdu(notification: Oid, bindings: Sequence[Binding], *, confirmed: bool) -> Any:
    pdu = v2c.InformRequestPDU() if confirmed else v2c.SNMPv2TrapPDU()
    v2c.apiPDU.set_defaults(pdu)
    up = int((time.monotonic() - _STARTED) * 100) % 2**32
    first = [(ObjectIdentifier(SYS_UP_TIME), TimeTicks(up))]
    first.append((ObjectIdentifier(SNMP_TRAP_OID), ObjectIdentifier(notification)))
    v2c.apiPDU.set_varbinds(
        pdu, first + [(ObjectIdentifier(name), _value(value, unsigned)) for name, value, unsigned in bindings]
    )
    return pdu


def _value(value: bytes | int, unsigned: bool) -> Any:
    if isinstance(value, bytes):
        return OctetString(value)
    return Unsigned32(value) if unsigned else Integer32(value)
