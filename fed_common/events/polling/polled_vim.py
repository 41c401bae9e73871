"""A VIM as the poller needs to see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from fed_common.core.errors import Permanent
from fed_common.core.model import Vim as CoreVim
from fed_common.inventory.models import Vim
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

SHORTEST_TIMEOUT = 5.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PolledVim:
    """One VIM with its primary key and the seconds between two looks."""

    key: int
    vim: CoreVim
    interval: float

    @property
    def id(self) -> str:
        """Its text form."""
        return str(self.vim.id)

    @property
    def timeout(self) -> float:
        """Seconds the cloud has for one look: as long as the next is not due, but never hopelessly few."""
        return min(max(self.interval, SHORTEST_TIMEOUT), settings.CLOUD_TIMEOUT)

    @property
    def pushes(self) -> bool:
        """Whether a listener reads its notifications."""
        return self.vim.transport is not None


class PolledVims:
    """The VIMs that can be polled, their secrets unsealed once for each change."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[Vim, PolledVim]] = {}

    def refresh(self) -> Mapping[str, PolledVim]:
        """By id; those switched off or without an address or credentials are left out. Raises Retryable."""
        with reachable():
            usable = Vim.objects.filter(enabled=True).exclude(auth_url="").exclude(sealed_credentials="")
            rows = list(usable)
        self._read = {row.pk: read for row in rows if (read := self._reading(row))}
        return {one.id: one for _, one in self._read.values()}

    def _reading(self, row: Vim) -> tuple[Vim, PolledVim] | None:
        before = self._read.get(row.pk)
        if before and before[0].updated_at == row.updated_at:
            return before
        try:
            return row, PolledVim(row.pk, row.to_core(), row.poll_interval or settings.POLL_INTERVAL)
        except Permanent as error:
            log.error("a VIM cannot be polled", vim=str(row.vim_id), reason=error.reason)
            return None
