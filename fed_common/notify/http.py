"""Schemes http and https: Aodh's body, with the delivery's id, its time and a signature in headers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from django.conf import settings

from fed_common.core.errors import Invalid
from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.notify.bodies import AODH, FORMS, body_of
from fed_common.notify.posting import checked_url, endpoint_of, post, tls_context
from fed_common.notify.signing import SIGNATURE, signature

SSL_VERIFY = "aodh-alarm-ssl-verify"


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """``secret`` signs the body, empty: MCFED_NOTIFY_SECRET does; ``ca`` is PEM text, empty: the system's."""

    url: str
    format: str = AODH
    verify: bool = True
    ca: str = ""
    secret: str = field(default="", metadata={"secret": True}, repr=False)


class HttpNotifier(Notifier):
    """POSTs JSON."""

    name: ClassVar[str] = "http"
    schemes: ClassVar[tuple[str, ...]] = ("http", "https")
    Config: ClassVar[type] = HttpConfig

    def __init__(self, config: HttpConfig) -> None:
        """Raises Invalid naming the option."""
        self._url = checked_url(config.url)
        if config.format not in FORMS:
            raise Invalid("options.format", config.format, FORMS)
        self._tls = tls_context(config.ca, verify=config.verify)
        self._secret, self._form = config.secret, config.format

    @classmethod
    def options_of(cls, url: str) -> Mapping[str, Any]:
        """The URL without Aodh's ``aodh-alarm-ssl-verify``, which says whether to judge the certificate."""
        return url_options(url)

    @property
    def endpoint(self) -> str:
        """Scheme, host and port."""
        return endpoint_of(self._url)

    async def notify(self, packet: Packet, *, timeout: float) -> None:  # noqa: ARG002 - who calls cancels
        """One POST for all notices of the packet."""
        body = body_of(packet, self._form)
        await post(self._url, body, headers_of(packet, body, self._secret), tls=self._tls)


def url_options(url: str, scheme: str = "") -> dict[str, Any]:
    """``url``, with its prefix ``scheme`` taken off, and ``verify``. Raises Invalid: no such choice."""
    found = url.removeprefix(scheme)
    query = urlsplit(found).query
    kept, verify = [], True
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if unquote(name) != SSL_VERIFY:
            kept.append(pair)
        elif value not in ("0", "1"):
            raise Invalid(SSL_VERIFY, value, ("0", "1"))
        else:
            verify = value == "1"
    if len(kept) < len(query.split("&")):
        found = found.replace(f"?{query}", f"?{'&'.join(kept)}" if kept else "", 1)
    return {"url": found, "verify": verify}


def headers_of(packet: Packet, body: bytes, secret: str = "") -> dict[str, str]:
    """What goes with the body; the signature only when there is a secret."""
    notice, moment = packet.notices[0], str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Openstack-Request-Id": f"req-{packet.delivery_id}",
        "Idempotency-Key": packet.delivery_id,
        "X-Multicloud-Delivery": packet.delivery_id,
        "X-Multicloud-Attempt": str(packet.attempt),
        "X-Multicloud-Timestamp": moment,
    }
    if event_id := notice.event.get("message_id"):
        headers["X-Multicloud-Event"] = _plain(str(event_id))
    if notice.sequence:
        headers["X-Multicloud-Sequence"] = str(notice.sequence)
    if key := secret or settings.NOTIFY_SECRET:
        headers[SIGNATURE] = signature(key, moment, body)
    return headers


def _plain(text: str) -> str:
    """What a header may hold: an event's id comes from a cloud."""
    return "".join(letter for letter in text if " " <= letter <= "~")[:200]
