"""A failure told to somebody else's URL; docs/specs/vnf-lifecycle.md describes the body."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import asdict
from typing import ClassVar
from urllib.parse import urlsplit

import requests

from fed_common.core import clock
from fed_common.core.errors import Permanent, Retryable
from fed_common.core.vnf import OperationKind
from fed_common.interfaces.action import Failure, PolicyAction
from fed_common.telemetry.redact import redact

TRY_AGAIN = (408, 425, 429)


class Webhook(PolicyAction):
    """POSTs JSON. Follows no redirect, reads no answer but its status, and calls no link-local address."""

    name: ClassVar[str] = "webhook"
    kind: ClassVar[str] = OperationKind.WEBHOOK
    invoked: ClassVar[str] = "ActionWebhook invoked"

    def run(self, failure: Failure, argument: str, *, timeout: float) -> None:
        """See PolicyAction. ``argument`` is the URL."""
        _check(argument)
        body = {**asdict(failure), "action": self.name, "sent_at": clock.iso(clock.now())}
        headers = {"Idempotency-Key": failure.id}
        try:
            with requests.post(
                argument, json=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            raise Retryable(f"the webhook was not reached: {redact(type(error).__name__)}") from error
        if status >= 500 or status in TRY_AGAIN:
            raise Retryable(f"the webhook answered {status}")
        if not 200 <= status < 300:
            raise Permanent(f"the webhook answered {status}")


def _check(url: str) -> None:
    """Raises Permanent: not http, or a link-local address, where clouds keep their secrets; Retryable: no DNS."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Permanent("the webhook's URL is none") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Permanent("the webhook's URL is neither http nor https")
    try:
        found = socket.getaddrinfo(parts.hostname, None)
    except OSError as error:
        raise Retryable("the webhook's host is not known") from error
    for address in {ipaddress.ip_address(one[4][0]) for one in found}:
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            raise Permanent(f"the webhook's host is at {address}, which is never called")
