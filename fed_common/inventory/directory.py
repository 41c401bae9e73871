"""The VIMs as this process needs them: in memory, and never older than a second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import cache, cached_property

from django.conf import settings

from fed_common.core import model as core
from fed_common.core.errors import CloudFailed, Invalid, NotFound, Permanent
from fed_common.core.model import VIM_ID_FORM, VimId
from fed_common.inventory.aai.client import aai_client
from fed_common.inventory.aai.read_through import ReadThrough
from fed_common.inventory.models import Revision, Vim
from fed_common.topics.database import reachable

LOOK_EVERY, TRUSTED_FOR = 0.25, 1.0
MANY = 50
"""So many VIMs are read one by one after a change; then all that are left, in one go."""


class UnknownVim(NotFound):
    """Neither registered here nor known to A&AI; in the words that callers of the ONAP broker look for."""

    def __init__(self, vim_id: str) -> None:
        super().__init__("VIM", vim_id)
        self.args = (f"Failed to query VIM with id ({vim_id}): there is no such VIM",)


@dataclass(frozen=True)
class _Known:
    """A row and what plugins see of it; ``None``: its secrets were sealed with another key."""

    row: Vim

    @cached_property
    def vim(self) -> core.Vim | None:
        try:
            return self.row.to_core()
        except Permanent:
            return None


class Directory:
    """VIMs by their text. Thread-safe.

    What is kept is good for one revision of the inventory. The revision is looked at by who asks, so an
    idle process asks nothing. A VIM that is switched off (``enabled``) is found: it is not listened to and
    not polled, but it can be called.
    """

    def __init__(self, aai: ReadThrough | None = None) -> None:
        self._aai = aai
        self._lock = threading.Lock()
        self._revision = -1
        self._looked = float("-inf")
        self._known: dict[str, _Known] = {}
        self._read = 0

    def cached(self, vim_id: VimId) -> core.Vim | None:
        """The VIM out of memory, without ever waiting; ``None``: use ``find``, in a thread."""
        if time.monotonic() - self._looked > TRUSTED_FOR:
            return None
        known = self._known.get(str(vim_id))
        return known.vim if known and not self._is_due(known) else None

    @property
    def ageing(self) -> bool:
        """Whether ``cached`` will soon trust nothing any more unless somebody calls ``refresh`` or ``find``."""
        return time.monotonic() - self._looked > TRUSTED_FOR / 2

    def refresh(self) -> None:
        """Look whether the inventory changed, so that what is known is trusted again. Blocks. Raises Retryable."""
        self._looked_after()

    def find(self, vim_id: VimId) -> core.Vim:
        """The VIM; asks the database and, for one nobody registered, A&AI. Blocks.

        Raises NotFound; Invalid: malformed; CloudFailed & co: A&AI failed, or the VIM's secrets cannot be
        read; Conflict: A&AI has two VIMs of this text; Retryable: no database.
        """
        shelf = self._looked_after()
        known = shelf.get(str(vim_id))
        if known is None or self._is_due(known):
            known = shelf[str(vim_id)] = self._fetched(vim_id, self._stored(vim_id, shelf))
        if known.vim is None:
            said = "its secrets were sealed with another sealing key: send them again"
            raise CloudFailed(str(vim_id), said)
        return known.vim

    def _looked_after(self) -> dict[str, _Known]:
        """What is known at the present revision; who puts in what it read since cannot put in the past."""
        started = time.monotonic()
        if started - self._looked < LOOK_EVERY:
            return self._known
        with reachable():
            number = Revision.objects.filter(pk=1).values_list("number", flat=True).first() or 0
        with self._lock:
            if number != self._revision:
                self._revision, self._known, self._read = number, {}, 0
            self._looked = started
            return self._known

    def _stored(self, vim_id: VimId, shelf: dict[str, _Known]) -> _Known | None:
        """Its row; when many were asked for since the last change, the others are read with it."""
        self._read += 1
        with reachable():
            rows = Vim.objects.all() if self._read == MANY else Vim.objects.filter(full_id=str(vim_id))
            found = {row.full_id: _Known(row) for row in rows}
        for text, known in found.items():
            shelf.setdefault(text, known)
        return found.get(str(vim_id))

    def _fetched(self, vim_id: VimId, known: _Known | None) -> _Known:
        if known and not self._is_due(known):
            return known
        if self._aai is None:
            raise UnknownVim(str(vim_id))
        if not vim_id.sound:
            raise Invalid("vim_id", str(vim_id), VIM_ID_FORM)
        try:
            return _Known(self._aai.refreshed(known.row) if known else self._aai.found(vim_id))
        except NotFound:
            raise UnknownVim(str(vim_id)) from None

    def _is_due(self, known: _Known) -> bool:
        if self._aai is None:
            return False
        if known.vim is None:
            known.row.read_at = None  # A&AI, if it told of this one, can tell the secrets again
        return self._aai.is_due(known.row)


@cache
def directory() -> Directory:
    """The one of this process."""
    client = aai_client()
    return Directory(ReadThrough(client, settings.AAI_TTL) if client else None)
