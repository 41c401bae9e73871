"""``mcfed words``: the words this gateway understands."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.columns import single
from fed_common.cli.command import GatewayShow


class Words(GatewayShow):
    """Show the kinds, phases, formats, publishers, VIM types and drop reasons there are."""

    example = "mcfed words -c kinds -f value"

    def take_action(self, _args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.get("words"))
