"""A real snmptrapd, and notices to tell it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fed_common.core.alarm import ManagedObject, Notice, NoticeKind, ObjectType, Severity
from fed_common.interfaces.notifier import Packet
from fed_common.interfaces.registry import parse_config
from fed_common.notify.snmp.notifier import SnmpNotifier
from tests.conftest import service
from tests.waiting import until

USER = "version=3&user=mcfed&auth=SHA&auth_key=authsecret&priv=AES&priv_key=privsecret"
USER_256 = "version=3&user=mcfed256&auth=SHA-256&auth_key=authsecret&priv=AES&priv_key=privsecret"
LOOPBACK = ["127.0.0.0/8", "::1/128"]


@dataclass(frozen=True)
class Trap:
    """One line that snmptrapd wrote: ``TRAP2`` or ``INFORM`` with its security, and the bindings by short name."""

    how: str
    bindings: dict[str, str]

    @property
    def name(self) -> str:
        """The notification's."""
        return self.bindings["snmpTrapOID"]


class Snmptrapd:
    """A running one on 127.0.0.1 and ::1; what it hears of one alarm is found by the alarm's id."""

    def __init__(self, **env: str) -> None:
        self._env = env
        service("snmptrapd", "start", **env)
        self.url = service("snmptrapd", "url", **env)
        self.engine_id = service("snmptrapd", "engine", **env)
        self._traps = Path(service("snmptrapd", "traps", **env))

    def run(self, verb: str) -> None:
        """``stop``, ``pause``…"""
        service("snmptrapd", verb, **self._env)

    def heard(self, alarm_id: str) -> list[Trap]:
        """What it wrote of this alarm, in order."""
        lines = [line for line in self._traps.read_text(errors="replace").splitlines() if line.count("|") >= 2]
        traps = [_trap(line) for line in lines]
        return [trap for trap in traps if trap.bindings.get("mcfedAlarmId") == alarm_id]

    def hears(self, alarm_id: str, count: int) -> list[Trap]:
        """As ``heard``, as soon as it is so many."""
        until(lambda: len(self.heard(alarm_id)) >= count)
        return self.heard(alarm_id)


def notice(alarm_id: str, kind: NoticeKind = NoticeKind.RAISED, **fields: Any) -> Notice:
    """One that has everything which is needed."""
    about = ManagedObject("cloud_one", ObjectType.INSTANCE, "i-1", "vm-1", "t-1", "host-1")
    return Notice(kind, alarm_id, **{"name": "vm failed", "severity": Severity.CRITICAL, "about": about, **fields})


def notifier(url: str) -> SnmpNotifier:
    """The one of this action."""
    return SnmpNotifier(parse_config(SnmpNotifier.Config, SnmpNotifier.options_of(url)))


def tell(url: str, *notices: Notice, timeout: float = 60.0) -> None:
    """Tell the target of this action. Raises what the notifier raises."""
    asyncio.run(notifier(url).notify(Packet("delivery-1", 1, notices), timeout=timeout))


def _trap(line: str) -> Trap:
    _, how, rest = line.split("|", 2)
    named = (part.partition(" ")[::2] for part in rest.split("\t"))
    return Trap(how, {name.rpartition("::")[2].removesuffix(".0"): _short(value) for name, value in named})


def _short(value: str) -> str:
    return value.rpartition("::")[2]
