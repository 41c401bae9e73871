"""Dry runs: whether a VIM's API and its notifications can be reached now, with the credentials it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from fed_common.bus.check import check_transport
from fed_common.core.errors import CloudFailed, GatewayError
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.interfaces.registry import Registry

REACH_TIMEOUT = 5.0
NEITHER = "the VIM has neither an auth_url nor a transport"


@dataclass(frozen=True, slots=True)
class Check:
    """Why each of the two cannot be reached; "": it can, ``None``: the VIM has none."""

    api: str | None
    notifications: str | None

    @property
    def reason(self) -> str:
        """Why the VIM cannot be reached; "" when all it has can."""
        if self.api is None and self.notifications is None:
            return NEITHER
        parts = {"API": self.api, "notifications": self.notifications}
        return "; ".join(f"{name}: {reason}" for name, reason in parts.items() if reason)

    def to_dict(self) -> dict[str, Any]:
        """The answer of our REST API."""
        whole = {"reachable": not self.reason, "reason": self.reason}
        return {**whole, "api": _part(self.api), "notifications": _part(self.notifications)}


def clouds() -> Registry[CloudPlugin]:
    """The plugins there are, by type of VIM."""
    return Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)


def check(vim: Vim) -> Check:
    """Connect to both; blocks for at most MCFED_CLOUD_TIMEOUT and ``REACH_TIMEOUT`` seconds."""
    return Check(
        api=_api_reason(vim) if vim.auth_url else None,
        notifications=_bus_reason(vim.transport.url) if vim.transport else None,
    )


def _api_reason(vim: Vim) -> str:
    try:
        clouds().get(vim.type)().probe_vim(vim, timeout=settings.CLOUD_TIMEOUT)
    except CloudFailed as error:
        return error.reason
    except GatewayError as error:
        return str(error)
    return ""


def _bus_reason(url: str) -> str:
    try:
        check_transport(url, REACH_TIMEOUT)
    except GatewayError as error:
        return str(error)
    return ""


def _part(reason: str | None) -> dict[str, Any] | None:
    return None if reason is None else {"reachable": not reason, "reason": reason}
