"""The workflow of each VIM: made when it is registered, gone when it is."""

from __future__ import annotations

from fed_common.inventory.models import Vim


class VimMonitoring:
    """See ``inventory.followers.VimFollower``."""

    def vim_saved(self, vim: Vim) -> None:
        """See VimFollower."""

    def vim_removing(self, vim: Vim) -> None:
        """See VimFollower."""
