"""``mcfed instance``: the VMs of the clouds as last seen."""

from __future__ import annotations

import argparse
from itertools import islice
from typing import Any

from fed_common.cli.columns import table
from fed_common.cli.command import GatewayLister
from fed_common.cli.values import moment, positive

SHORT = ("vim_id", "id", "name", "state", "host", "tenant_id", "state_changed_at")
LONG = (
    *("vim_id", "id", "name", "state", "state_description", "power_state", "host", "availability_zone"),
    *("tenant_id", "flavor", "image", "addresses", "launched_at", "state_changed_at", "seen_at"),
)
CHANGES = ("at", "old_state", "state", "state_description", "event_type", "origin")
MOST_AT_ONCE = 1000


class List(GatewayLister):
    """List the VMs that are known."""

    example = "mcfed instance list --vim core_RegionOne --state error"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones, how many, how much of each."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--vim", dest="vim_id", metavar="VIM_ID", action="append", help="repeatable")
        parser.add_argument("--state", action="append", help="such as active, stopped, error; repeatable")
        parser.add_argument("--host", action="append", help="repeatable")
        parser.add_argument("--tenant", dest="tenant_id", metavar="ID")
        parser.add_argument("--name")
        parser.add_argument("--order", help="fields with commas; --order=-name: by name, backwards")
        parser.add_argument("--limit", type=positive, default=100, help="at most so many, default 100")
        parser.add_argument("--long", action="store_true", help="more fields")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        names = ("vim_id", "state", "host", "tenant_id", "name", "order")
        asked = {name: getattr(args, name) for name in names}
        rows = self.gateway.pages("instances", limit=min(args.limit, MOST_AT_ONCE), **asked)
        return table(LONG if args.long else SHORT, islice(rows, args.limit))


class History(GatewayLister):
    """Show the states one VM went through, the newest last."""

    example = "mcfed instance history a7f85fb2-7d33-4628-b042-880ae0cba831 --since 1h"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which one, since when, how many."""
        parser = super().get_parser(prog_name)
        parser.add_argument("instance_id")
        parser.add_argument("--vim", dest="vim_id", metavar="VIM_ID")
        parser.add_argument("--since", type=moment, metavar="TIME", help="90s, 10m, 2h, 7d or an ISO 8601 time")
        parser.add_argument("--limit", type=positive, default=100, help="at most so many, default 100")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask for the newest and show them the other way round."""
        answer = self.gateway.get(
            *("meters", "instance.state", "history"),
            instance_id=args.instance_id,
            vim_id=args.vim_id,
            since=args.since,
            order="-sequence",
            limit=min(args.limit, MOST_AT_ONCE),
        )
        return table(CHANGES, reversed(answer["changes"]))
