"""A receiver of SNMP traps and informs that tell of hosts, off by default: docs/specs/detectors.md."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.carrier.asyncio.dispatch import AsyncioDispatcher
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413.ntfrcv import NotificationReceiver
from pysnmp.proto.rfc1902 import IpAddress, OctetString

from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.faults.detectors.reporting import Reporting
from fed_common.faults.detectors.trap_map import Trap, TrapMap, TrapUser, read_map
from fed_common.interfaces.detector import Detector, HostReport, Report
from fed_common.telemetry.logging import get_logger

BIND_AGAIN, LOOK_EVERY = 2.0, 0.1
STOP_TIMEOUT = 5.0
SHORTEST_KEY = 8
TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_RECEIVED = "rfc3412.receiveMessage:request"
_TRANSPORTS = {
    socket.AF_INET: (udp.DOMAIN_NAME, udp.UdpTransport),
    socket.AF_INET6: (udp6.DOMAIN_NAME, udp6.Udp6Transport),
}
_AUTH = {
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA": config.USM_AUTH_HMAC96_SHA,
    "SHA-224": config.USM_AUTH_HMAC128_SHA224,
    "SHA-256": config.USM_AUTH_HMAC192_SHA256,
    "SHA-384": config.USM_AUTH_HMAC256_SHA384,
    "SHA-512": config.USM_AUTH_HMAC384_SHA512,
}
_PRIV = {"DES": config.USM_PRIV_CBC56_DES, "AES": config.USM_PRIV_CFB128_AES}

log = get_logger(__name__)


class SnmpTrapDetector(Detector):
    """Listens where the setting says, in one process of a machine; the others wait until the port is free."""

    name: ClassVar[str] = "snmp_trap"

    def __init__(self) -> None:
        self._reporting: Reporting | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snmp-traps", daemon=True)
        self._map = TrapMap([], [])
        self.listening = False

    def start(self, report: Report) -> None:
        """See Detector. Raises Invalid naming the setting."""
        if not settings.SNMP_TRAP_LISTEN:
            return
        self._end = _end(settings.SNMP_TRAP_LISTEN)
        self._map = read_map(settings.SNMP_TRAP_CONFIG, settings.ENTERPRISE_OID)
        for user in self._map.users:
            _check(user)
        self._reporting = Reporting(report)
        self._thread.start()

    def stop(self) -> None:
        """See Detector."""
        if self._reporting is None:
            return
        self._stopping.set()
        self._thread.join(STOP_TIMEOUT)
        self._reporting.stop()
        self._reporting = None

    def _run(self) -> None:
        asyncio.run(self._receive())

    async def _receive(self) -> None:
        """Until it is stopped; a port that somebody else has is asked for again and again."""
        bound: socket.socket | None = None
        while bound is None and not self._stopping.is_set():
            bound = _bound(*self._end)
            if bound is None:
                await self._stopped(BIND_AGAIN)
        if bound is None:
            return
        engine = self._engine(bound)
        self.listening = True
        log.info("listening for traps", at=settings.SNMP_TRAP_LISTEN)
        await self._stopped()
        self.listening = False
        engine.close_dispatcher()

    async def _stopped(self, within: float = float("inf")) -> None:
        ends = time.monotonic() + within
        while not self._stopping.is_set() and time.monotonic() < ends:
            await asyncio.sleep(LOOK_EVERY)

    def _engine(self, bound: socket.socket) -> SnmpEngine:
        engine = SnmpEngine()
        engine.register_transport_dispatcher(AsyncioDispatcher(loop=asyncio.get_running_loop()))
        domain, transport = _TRANSPORTS[bound.family]
        config.add_transport(engine, domain, transport().open_server_mode(sock=bound))
        if settings.SNMP_TRAP_COMMUNITY:
            config.add_v1_system(engine, "community", settings.SNMP_TRAP_COMMUNITY)
        for user in self._map.users:
            _add(user, engine)
        NotificationReceiver(engine, self._hear)
        return engine

    def _hear(
        self, engine: SnmpEngine, _reference: Any, _id: Any, _name: Any, bindings: Any, _context: Any
    ) -> None:
        """One trap or inform, of version 1 too, whose form pysnmp turns into that of version 2."""
        how = engine.observer.get_execution_context(_RECEIVED)
        if not self._trusted(how):
            return log.warning(
                "a trap below its user's security level is not heard", user=str(how["securityName"])
            )
        values = {str(name): _text(value) for name, value in bindings}
        trap = Trap(values.get(TRAP_OID, ""), values, str(how["transportAddress"][0]))
        said = self._map.said(trap)
        if said is None:
            return log.info("a trap that tells of no host", trap=trap.oid, sender=trap.sender)
        report = HostReport(
            said.vim_id, said.host, said.down, clock.now(), self.name, f"trap {trap.oid}", {"sender": trap.sender}
        )
        if self._reporting:
            self._reporting.put(report)
        return None

    def _trusted(self, how: Mapping[str, Any]) -> bool:
        """USM takes a user's messages at any level; here it is not below what his keys are for."""
        levels = {user.name: 1 + bool(user.auth_key) + bool(user.priv_key) for user in self._map.users}
        return int(how["securityModel"]) != 3 or int(how["securityLevel"]) >= levels.get(
            str(how["securityName"]), 4
        )


def _end(listen: str) -> tuple[str, int]:
    """``host:port`` or ``[address]:port``. Raises Invalid."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Invalid("MCFED_SNMP_TRAP_LISTEN", listen, "address:port, such as 0.0.0.0:162 or [::]:162")
    return host.strip("[]"), int(port)


def _bound(host: str, port: int) -> socket.socket | None:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        log.warning("traps cannot be listened for yet", at=f"{host}:{port}", reason=error.strerror)
        return None
    return made


def _check(user: TrapUser) -> None:
    """Raises Invalid, no secret in it."""
    for name, value, allowed in (("auth", user.auth, _AUTH), ("priv", user.priv, _PRIV)):
        if value not in allowed:
            raise Invalid(f"MCFED_SNMP_TRAP_CONFIG: {name} of {user.name}", value, allowed)
    for name, key in (("auth_key", user.auth_key), ("priv_key", user.priv_key)):
        if 0 < len(key) < SHORTEST_KEY or (name == "priv_key" and key and not user.auth_key):
            raise Invalid(
                f"MCFED_SNMP_TRAP_CONFIG: {name} of {user.name}", "***", "8 characters or more, after auth_key"
            )


def _add(user: TrapUser, engine: SnmpEngine) -> None:
    """Informs come in the name of our engine, traps in that of their sender's."""
    auth = (_AUTH[user.auth], user.auth_key) if user.auth_key else ()
    priv = (_PRIV[user.priv], user.priv_key) if user.priv_key else ()
    config.add_v3_user(engine, user.name, *auth, *priv)
    if user.engine_id:
        engine_id = OctetString(hexValue=user.engine_id.removeprefix("0x"))
        config.add_v3_user(engine, user.name, *auth, *priv, securityEngineId=engine_id)


def _text(value: Any) -> str:
    """Octets as UTF-8; addresses, numbers and identifiers as people write them."""
    if isinstance(value, OctetString) and not isinstance(value, IpAddress):
        return bytes(value).decode("utf-8", "replace")
    return str(value.prettyPrint())
