"""``mcfed receiver``: the named far sides that hear of alarms."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.columns import single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.cli.values import json_object, option
from fed_common.cli.vim_options import given

COLUMNS = ("name", "notifier", "enabled", "filter", "options")


class OneReceiver(GatewayCommand):
    """Adds the argument that names a receiver."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which receiver."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME")
        return parser


class List(GatewayLister):
    """List the receivers."""

    example = "mcfed receiver list"

    def take_action(self, _args: argparse.Namespace) -> Any:
        """Ask and show."""
        return table(COLUMNS, self.gateway.listing("receivers"))


class Create(OneReceiver, GatewayShow):
    """Make a receiver: rules name it as receiver://NAME; with a filter it also hears the alarm table."""

    example = (
        "mcfed receiver create noc --notifier http --option url=https://noc:8443/alarms \\\n"
        '    --filter \'{"severities": ["CRITICAL", "MAJOR"]}\''
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """How it is reached, and what it hears."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--notifier", required=True, help="http, snmp, kafka, ves, tacker or log")
        parser.add_argument("--option", metavar="KEY=VALUE", type=option, action="append", default=[])
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--filter", metavar="JSON", type=json_object, help="which changes of the alarm table")
        what.add_argument("--all", action="store_const", dest="filter", const={}, help="every change of it")
        parser.add_argument("--disable", action="store_true", help="nothing is sent to it for now")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        body = given(name=args.name, notifier=args.notifier, filter=args.filter)
        enabled = {"enabled": False} if args.disable else {}
        return single(self.gateway.post("receivers", body={**body, "options": dict(args.option), **enabled}))


class Delete(OneReceiver):
    """Remove a receiver; what is on its way to it is told no more."""

    example = "mcfed receiver delete noc"

    def take_action(self, args: argparse.Namespace) -> None:
        """Ask."""
        self.gateway.delete("receivers", args.name)
        self.say(f"deleted {args.name}")


class Test(OneReceiver, GatewayShow):
    """Send a test notice to a receiver now, and show how it went; exit code 1 when it did not take it."""

    example = "mcfed receiver test noc"

    def run(self, args: argparse.Namespace) -> int:
        """Show the answer, then tell it by the exit code."""
        self.taken = False
        return int(super().run(args)) or int(not self.taken)

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        answer = self.gateway.post("receivers", args.name, "test")
        self.taken = answer.get("outcome") == "delivered"
        return single({"receiver": args.name, **answer})
