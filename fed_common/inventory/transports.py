"""The transport of a VIM: what callers send, what is kept, what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fed_common.access.sealing import seal, unseal
from fed_common.bus.check import FIELD, check_url
from fed_common.core.errors import Invalid, Permanent
from fed_common.core.model import NotificationTransport
from fed_common.interfaces.topics import check_topic
from fed_common.inventory.models import Vim
from fed_common.telemetry.redact import MASK, redact


def shown_url(sealed: str) -> str:
    """The URL with every password masked; nothing of it when it was sealed with another key."""
    try:
        return redact(unseal(sealed))
    except Permanent:
        return MASK


def put_transport(vim: Vim, given: Mapping[str, Any] | None) -> None:
    """Set the fields given and keep the others; ``None`` takes the transport away. Does not save.

    A URL that is what ``shown_url`` shows means the one already kept. Raises Invalid.
    """
    if given is None:
        vim.sealed_transport_url = ""
        return
    if not vim.sealed_transport_url:
        usual = NotificationTransport(url="")
        vim.exchange, vim.topics = usual.exchange, list(usual.topics)
        vim.pool = f"multicloud-{vim.vim_id}"[:100]  # two VIMs on one bus must not read from one queue
    if "url" in given or not vim.sealed_transport_url:
        vim.sealed_transport_url = _sealed(given.get("url"), vim.sealed_transport_url)
    vim.exchange = given.get("exchange", vim.exchange)
    vim.topics = _topics(given.get("topics", vim.topics))
    vim.pool = given.get("pool", vim.pool)


def _sealed(url: str | None, sealed: str) -> str:
    if url is None:
        raise Invalid(FIELD, None, "a value")
    if MASK not in url:
        check_url(url)
        return seal(url)
    if sealed and url == shown_url(sealed):
        return sealed
    raise Invalid(FIELD, redact(url), f"the password itself: {MASK} stands for it only in the URL as it is shown")


def _topics(names: list[str]) -> list[str]:
    for name in names:
        try:
            check_topic(name)
        except Invalid as error:
            raise Invalid("transport.topics", name, error.allowed) from None
    return list(names)
