"""Schemes ves+http and ves+https: a VES 7.2.1 fault for each notice, POSTed to a collector.

Raise and clear are paired by sourceId, sourceName and event name, as those of ``publishers.formats.ves`` are.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from fed_common.core import clock
from fed_common.core.alarm import Notice, NoticeKind, ObjectType, Severity
from fed_common.core.errors import Invalid
from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.notify.http import headers_of, url_options
from fed_common.notify.posting import checked_url, endpoint_of, post, tls_context
from fed_common.publishers.formats.encoding import encode

SEVERITIES = {Severity.CLEARED: "NORMAL", Severity.INDETERMINATE: "WARNING"}
SOURCES = {
    ObjectType.VIM: "other",
    ObjectType.HOST: "host",
    ObjectType.INSTANCE: "virtualMachine",
    ObjectType.VNF: "virtualNetworkFunction",
}
PRIORITIES = {"CRITICAL": "High", "MAJOR": "High", "MINOR": "Medium", "WARNING": "Low"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class VesConfig:
    """``url`` is the collector's, such as ``https://ves:8443/eventListener/v7``; the user for HTTP Basic."""

    url: str
    verify: bool = True
    ca: str = ""
    username: str = ""
    password: str = field(default="", metadata={"secret": True}, repr=False)


class VesNotifier(Notifier):
    """POSTs faults, one after another."""

    name: ClassVar[str] = "ves"
    schemes: ClassVar[tuple[str, ...]] = ("ves+http", "ves+https")
    Config: ClassVar[type] = VesConfig

    def __init__(self, config: VesConfig) -> None:
        """Raises Invalid naming the option."""
        if ":" in config.username:
            raise Invalid("options.username", "***", "a name without ':'")
        self._url = checked_url(config.url)
        self._tls = tls_context(config.ca, verify=config.verify)
        pair = base64.b64encode(f"{config.username}:{config.password}".encode()).decode()
        self._signed_in = {"Authorization": f"Basic {pair}"} if config.username else {}

    @classmethod
    def options_of(cls, url: str) -> Mapping[str, Any]:
        """The collector's URL behind ``ves+``."""
        return url_options(url, "ves+")

    @property
    def endpoint(self) -> str:
        """Scheme, host and port."""
        return endpoint_of(self._url)

    async def notify(self, packet: Packet, *, timeout: float) -> None:  # noqa: ARG002 - who calls cancels
        """One POST for each notice."""
        for notice in packet.notices:
            body = encode({"event": fault(notice)})
            await post(self._url, body, headers_of(packet, body) | self._signed_in, tls=self._tls)


def fault(notice: Notice) -> dict[str, Any]:
    """The fault event of a notice; of a cleared alarm it has severity NORMAL and a name that ends in Cleared."""
    severity = _severity(notice)
    about = notice.about
    name = "Fault_MultiCloud_" + (re.sub(r"\W+", "", notice.specific_problem or notice.name) or "Alarm")
    return {
        "commonEventHeader": {
            "version": "4.1",
            "vesEventListenerVersion": "7.2.1",
            "domain": "fault",
            "eventId": f"{notice.alarm_id}-{notice.sequence or notice.kind.value}",
            "eventName": f"{name}Cleared" if severity == "NORMAL" else name,
            "priority": PRIORITIES.get(severity, "Normal"),
            "sequence": notice.sequence,
            "sourceId": about.id,
            "sourceName": about.name or about.id,
            "reportingEntityId": about.vim_id,
            "reportingEntityName": about.vim_id or "multicloud",
            "startEpochMicrosec": _microseconds(notice.raised_at or notice.event_time),
            "lastEpochMicrosec": _microseconds(notice.cleared_at or notice.changed_at or notice.event_time),
        },
        "faultFields": {
            "faultFieldsVersion": "4.0",
            "alarmCondition": notice.probable_cause or notice.name,
            "eventCategory": notice.category.value,
            "eventSeverity": severity,
            "eventSourceType": SOURCES[about.type],
            "specificProblem": notice.specific_problem or notice.name,
            "vfStatus": "Active",
            "alarmAdditionalInformation": _additional(notice),
        },
    }


def cleared(notice: Notice) -> bool:
    """Whether it says that a trouble is over."""
    return notice.kind is NoticeKind.CLEARED or notice.severity is Severity.CLEARED or notice.current == "ok"


def _severity(notice: Notice) -> str:
    return "NORMAL" if cleared(notice) else SEVERITIES.get(notice.severity, notice.severity.value)


def _microseconds(text: str) -> int:
    return ((clock.parse(text) or clock.now()) - _EPOCH) // timedelta(microseconds=1)


def _additional(notice: Notice) -> dict[str, str]:
    texts = {
        "alarmId": notice.alarm_id,
        "kind": notice.kind.value,
        "reason": notice.reason,
        "eventTime": notice.event_time,
        "vimId": notice.about.vim_id,
        "host": notice.about.host,
        "tenantId": notice.about.tenant_id,
        "faultId": notice.fault_id,
        "rootCause": "true" if notice.root_cause else "",
        "correlated": ",".join(notice.correlated),
    }
    return {name: text for name, text in texts.items() if text}
