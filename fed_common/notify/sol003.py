"""The notifier of SOL 003's subscribers: VNF Fault Management notifications, POSTed to their callback.

Source: ETSI GS NFV-SOL 003, 7.4.7 (the notification endpoint); docs/specs/vnffm.md.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings

from fed_common.core import clock
from fed_common.core.errors import Invalid, Permanent, Retryable
from fed_common.core.sol003 import VERSION, notification_of
from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.notify.posting import checked_url, endpoint_of, get, post, tls_context
from fed_common.notify.sending import process
from fed_common.publishers.formats.encoding import encode

GRACE = 2.0


@dataclass(frozen=True, slots=True)
class Sol003Config:
    """One subscription. ``base`` is the URL of our interface as the subscriber knows it; the user is for Basic.

    ``asked``  the subscription as it was sent, without its authentication: what is shown of it.
    """

    callback_uri: str
    subscription_id: str
    base: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    verify: bool = True
    ca: str = ""
    username: str = ""
    password: str = field(default="", metadata={"secret": True}, repr=False)


class Sol003Notifier(Notifier):
    """POSTs notifications, one after another."""

    name: ClassVar[str] = "sol003"
    Config: ClassVar[type] = Sol003Config

    def __init__(self, config: Sol003Config) -> None:
        """Raises Invalid naming the option."""
        self._config = config
        self._url = checked_url(config.callback_uri, field="callbackUri")
        self._tls = tls_context(config.ca, verify=config.verify)
        self._headers = {"Version": VERSION, **_signed_in(config)}

    @classmethod
    def options_of(cls, url: str) -> Mapping[str, Any]:  # noqa: ARG003 - it has no scheme
        """No action names it: a subscription makes it."""
        raise Invalid("action", "sol003", "a subscription of /vnffm/v1/subscriptions")

    @property
    def endpoint(self) -> str:
        """Scheme, host and port."""
        return endpoint_of(self._url)

    async def notify(self, packet: Packet, *, timeout: float) -> None:  # noqa: ARG002 - who calls cancels
        """One POST for each notice."""
        for notice in packet.notices:
            body = notification_of(notice, self._config.subscription_id, self._config.base, clock.iso(clock.now()))
            headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": body["id"]}
            await post(self._url, encode(body), headers, tls=self._tls)

    async def test(self) -> None:
        """The GET by which an endpoint is tried. Raises Retryable, Permanent: it did not answer as it should."""
        await get(self._url, self._headers, tls=self._tls)


def check_callback(config: Sol003Config) -> None:
    """Try the endpoint now, at most NOTIFY_TIMEOUT seconds. Raises Permanent saying what is wrong, Invalid."""
    seconds = settings.NOTIFY_TIMEOUT
    try:
        process.sender().run(_in_time(Sol003Notifier(config), seconds)).result(seconds + GRACE)
    except TimeoutError:
        raise Permanent(f"callbackUri: no answer within {seconds:g} s") from None
    except (Retryable, Permanent) as error:
        raise Permanent(f"callbackUri: {error.reason}") from None


async def _in_time(notifier: Sol003Notifier, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await notifier.test()


def _signed_in(config: Sol003Config) -> dict[str, str]:
    if not config.username:
        return {}
    pair = base64.b64encode(f"{config.username}:{config.password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
