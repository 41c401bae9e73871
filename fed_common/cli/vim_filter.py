"""``mcfed vim filter``: what is heard of one VIM, effective within a second."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.client import Refusal
from fed_common.cli.columns import single
from fed_common.cli.command import GatewayCommand, GatewayShow
from fed_common.cli.filter_options import add_filter_options, filter_of, names_filter
from fed_common.cli.vim import OneVim


class Show(OneVim, GatewayShow):
    """Show a VIM's filter; empty fields let everything pass."""

    example = "mcfed vim filter show vio_RegionOne"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.get("vims", args.vim_id, "filter"))


class Set(OneVim, GatewayShow):
    """Change conditions of a VIM's filter; those not named stay as they are."""

    example = "mcfed vim filter set vio_RegionOne --kind DELETE --kind PAUSE --phase end"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The conditions."""
        parser = super().get_parser(prog_name)
        add_filter_options(parser)
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        if not names_filter(args):
            raise Refusal(f"no condition given; to let everything pass: mcfed vim filter clear {args.vim_id}")
        wanted = filter_of(args, self.gateway.get("vims", args.vim_id, "filter"))
        return single(self.gateway.put("vims", args.vim_id, "filter", body=wanted))


class Clear(OneVim, GatewayCommand):
    """Let every event of a VIM pass."""

    example = "mcfed vim filter clear vio_RegionOne"

    def take_action(self, args: argparse.Namespace) -> None:
        """Ask."""
        self.gateway.delete("vims", args.vim_id, "filter")
        self.say(f"every event of {args.vim_id} passes")
