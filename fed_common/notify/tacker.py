"""Schemes tacker+http and tacker+https: Tacker's server notification, upon which it heals the VNF.

Source: Tacker's API reference, Fault Notification Interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote

from yarl import URL

from fed_common.core.alarm import Notice, ObjectType
from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.notify.http import headers_of, url_options
from fed_common.notify.posting import checked_url, endpoint_of, post, tls_context
from fed_common.notify.ves import cleared
from fed_common.publishers.formats.encoding import encode

SERVER = "{server_id}"


@dataclass(frozen=True, slots=True)
class TackerConfig:
    """``url`` is the whole path of notify; ``{server_id}`` in it becomes the id of the instance.

    ``fault_id`` is the ServerNotifierFaultID of the VNF; empty: the fault's or the alarm's own.
    """

    url: str
    verify: bool = True
    ca: str = ""
    fault_id: str = ""
    fault_type: str = "10"
    token: str = field(default="", metadata={"secret": True}, repr=False)


class TackerNotifier(Notifier):
    """POSTs faults; that one is over is not told: Tacker would heal once more."""

    name: ClassVar[str] = "tacker"
    schemes: ClassVar[tuple[str, ...]] = ("tacker+http", "tacker+https")
    Config: ClassVar[type] = TackerConfig

    def __init__(self, config: TackerConfig) -> None:
        """Raises Invalid naming the option."""
        self._checked = checked_url(config.url.replace(SERVER, "x"))
        self._tls = tls_context(config.ca, verify=config.verify)
        self._config = config
        self._signed_in = {"X-Auth-Token": config.token} if config.token else {}

    @classmethod
    def options_of(cls, url: str) -> Mapping[str, Any]:
        """Tacker's URL behind ``tacker+``."""
        return url_options(url, "tacker+")

    @property
    def endpoint(self) -> str:
        """Scheme, host and port."""
        return endpoint_of(self._checked)

    async def notify(self, packet: Packet, *, timeout: float) -> None:  # noqa: ARG002 - who calls cancels
        """One POST for each fault."""
        for notice in packet.notices:
            if not cleared(notice):
                body = encode({"notification": self._fault(notice)})
                headers = headers_of(packet, body) | self._signed_in
                await post(self._url(notice), body, headers, tls=self._tls)

    def _url(self, notice: Notice) -> URL:
        return checked_url(self._config.url.replace(SERVER, quote(notice.about.id, safe="")))

    def _fault(self, notice: Notice) -> dict[str, Any]:
        about = notice.about
        return {
            "host_id": about.host or (about.id if about.type is ObjectType.HOST else ""),
            "alarm_id": notice.alarm_id,
            "fault_id": self._config.fault_id or notice.fault_id or notice.alarm_id,
            "fault_type": self._config.fault_type,
            "fault_option": {"alarm_name": notice.name, "severity": notice.severity.value},
        }
