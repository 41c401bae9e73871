"""Rooms above that follow the VIMs: called by name, in the transaction of the change, never by signal."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from django.conf import settings

from fed_common.interfaces.registry import load
from fed_common.inventory.models import Vim


class VimFollower(Protocol):
    """What has rows of its own for each VIM. Registered by dotted path in ``VIM_FOLLOWERS``."""

    def vim_saved(self, vim: Vim) -> None:
        """It was registered or changed. Safe to call again. What is raised takes the change back."""

    def vim_removing(self, vim: Vim) -> None:
        """Its row goes next. Raises Conflict: it is in use."""


@cache
def followers() -> tuple[VimFollower, ...]:
    """All of them."""
    return tuple(load(path)() for path in settings.VIM_FOLLOWERS)
