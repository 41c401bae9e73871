"""How inspectors hear at once that there is a fault to act on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings

from fed_common.bus.rpc import RpcClient
from fed_common.topics.casting import after_commit

EXCHANGE, TOPIC = "multicloud", "HOST_FAULTS"


class Wakes:
    """What an inspector answers."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def wake(self, _context: dict[str, Any]) -> None:
        """There is a fault to act on."""
        self._wake()


def wake_inspectors() -> None:
    """Wake all of them, once this transaction is committed. Nobody waits; they look by themselves as well."""
    after_commit(lambda: _client().cast("wake", fanout=True))


@cache
def _client() -> RpcClient:
    return RpcClient(settings.TRANSPORT_URL, exchange=EXCHANGE, topic=TOPIC)
