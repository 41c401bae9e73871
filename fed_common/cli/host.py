"""``mcfed host``: the hypervisors of the clouds as last seen."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.columns import table
from fed_common.cli.command import GatewayLister
from fed_common.cli.vim import OneVim

COLUMNS = ("name", "state", "availability_zone", "reason", "state_changed_at")


class List(OneVim, GatewayLister):
    """List the hosts of one VIM."""

    example = "mcfed host list core_RegionOne --state down"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--state", action="append", help="up, down or disabled; repeatable")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return table(COLUMNS, self.gateway.pages("vims", args.vim_id, "hosts", state=args.state))
