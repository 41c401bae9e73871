"""The contract of a notifier: how one notice reaches one far side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fed_common.core.alarm import Notice


@dataclass(frozen=True, slots=True)
class Packet:
    """What goes out in one go: one notice, or those of a group that waited for each other.

    ``delivery_id``  the same at every try, so that receivers can tell repeats; ``attempt`` counts from 1.
    ``delivery_ids`` one for each notice; the first is ``delivery_id``.
    """

    delivery_id: str
    attempt: int
    notices: Sequence[Notice]
    delivery_ids: Sequence[str] = ()


class Notifier(ABC):
    """Tells one target. Made once for a target and kept; used from one asyncio loop.

    ``schemes``  of the action URLs that name it; ``config_of`` reads such a URL.
    ``Config``   a frozen dataclass, as a Publisher's; a field whose metadata has ``secret`` is never shown.
    """

    name: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]] = ()
    admin_only: ClassVar[bool] = False
    Config: ClassVar[type]

    @abstractmethod
    def __init__(self, config: Any) -> None:
        """Keep the config. No I/O."""

    @classmethod
    @abstractmethod
    def options_of(cls, url: str) -> Mapping[str, Any]:
        """The options of Config that an action URL says. Raises Invalid naming what is wrong, no secret in it."""

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """Whose slowness is whose: scheme, host and port, or a name. Never a secret."""

    @abstractmethod
    async def notify(self, packet: Packet, *, timeout: float) -> None:
        """Tell the far side.

        Returns  when it has it.
        Raises   Retryable (``retry_after`` is its own wish), Permanent: it never will take it.
        Again    it may be called again for a notice that the far side had already.
        Time     at most about ``timeout`` seconds; cancelled when it takes longer.
        """

    async def close(self) -> None:  # noqa: B027 - some hold nothing
        """Release sockets and threads. Safe to call twice."""
