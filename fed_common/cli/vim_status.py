"""``mcfed vim status``: the VMs of one cloud as the cloud itself says now."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from fed_common.cli.columns import table
from fed_common.cli.command import GatewayLister
from fed_common.cli.vim import OneVim

COLUMNS = ("id", "name", "state", "state_description", "state_changed_at", "host")
MORE = ("launched_at", "tenant_id")
PATIENCE = 30.0


class Status(OneVim, GatewayLister):
    """Ask a VIM for its VMs now; those that were deleted lately are among them."""

    example = "mcfed vim status vio_RegionOne --state PAUSE --state POWER_OFF"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which of them, and whether to wait."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--state", action="append", default=[], help="PAUSE, SHUTOFF, stopped, ...; repeatable"
        )
        parser.add_argument("--instance", metavar="ID", help="this one only")
        parser.add_argument("--wait", type=float, metavar="SECONDS", help="for a change among them, at most 60")
        parser.add_argument("--long", action="store_true", help="more fields")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return table((*COLUMNS, *MORE) if args.long else COLUMNS, self._found(args))

    def _found(self, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
        """All pages; only for the first one is waited."""
        vim = self.gateway.get("vims", args.vim_id)
        path = (vim["cloud_owner"], vim["cloud_region_id"], "check_vim_status")
        asked = {"states": args.state, **({"instance_id": args.instance} if args.instance else {})}
        page: int | None = 1
        wait = args.wait or 0.0
        while page is not None:
            answer = self.gateway.post(*path, body={**asked, "page": page, "wait": wait}, patience=PATIENCE + wait)
            yield from answer["result"]
            page, wait = answer["next"], 0.0
