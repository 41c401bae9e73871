"""Alarms as traps and informs of our own MIB; docs/specs/snmp.md says how."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings

from fed_common.core.alarm import Notice
from fed_common.core.errors import Retryable
from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.notify.guard import addresses_of
from fed_common.notify.snmp.bindings import bindings
from fed_common.notify.snmp.config import SnmpConfig, checked, options_of
from fed_common.notify.snmp.credentials import User
from fed_common.notify.snmp.oids import NOTIFICATIONS, Object, enterprise, instance, notification
from fed_common.notify.snmp.sending import Address, Binding, Security, speaker


class SnmpNotifier(Notifier):
    """See Notifier. A trap is over when it is sent; an inform when it is confirmed."""

    name: ClassVar[str] = "snmp"
    schemes: ClassVar[tuple[str, ...]] = ("snmp",)
    Config: ClassVar[type] = SnmpConfig

    def __init__(self, config: SnmpConfig) -> None:
        """See Notifier. Raises Invalid."""
        self._config = checked(config)
        self._root = enterprise(settings.ENTERPRISE_OID)
        user = User.of(config) if config.version == "3" else None
        self._security = Security(config.community, user, config.security_level if user else "noAuthNoPriv")

    @classmethod
    def options_of(cls, url: str) -> Mapping[str, Any]:
        """See Notifier."""
        return options_of(url)

    @property
    def endpoint(self) -> str:
        """See Notifier."""
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        return f"snmp://{host}:{self._config.port}"

    async def notify(self, packet: Packet, *, timeout: float) -> None:
        """See Notifier. One notification for each notice, in their order."""
        try:
            async with asyncio.timeout(timeout):
                to = await self._address(timeout)
                ids = packet.delivery_ids or [packet.delivery_id] * len(packet.notices)
                for notice, delivery_id in zip(packet.notices, ids, strict=True):
                    await self._tell(notice, delivery_id, to, timeout / len(ids))
        except TimeoutError:
            raise Retryable(f"the receiver did not confirm within {timeout:g} s") from None

    async def _tell(self, notice: Notice, delivery_id: str, to: Address, timeout: float) -> None:
        values = bindings(notice, delivery_id=delivery_id, system=settings.SNMP_SYSTEM)
        named: list[Binding] = [
            (instance(self._root, which), value, which is Object.SEQUENCE) for which, value in values.items()
        ]
        which = notification(self._root, NOTIFICATIONS[notice.kind])
        wait = timeout if self._config.inform else 0.0
        await speaker().send(which, named, to, self._security, wait=wait)

    async def _address(self, timeout: float) -> Address:
        address = (await addresses_of(self._config.host, timeout=timeout))[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return family, address, self._config.port
