"""``mcfed dead``: what could not be read or delivered, with the reason, ready to be replayed."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.client import Refusal
from fed_common.cli.columns import single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.cli.values import positive

PATIENCE = 120.0
COLUMNS = (
    *("id", "stage", "vim_id", "subscription", "publisher", "topic"),
    *("tries", "created_at", "replayed_at", "reason"),
)


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Which dead events, by where they come from and were to go."""
    parser.add_argument("--vim", metavar="VIM_ID")
    parser.add_argument("--subscription", metavar="NAME")


class List(GatewayLister):
    """List the dead events, the newest first."""

    example = "mcfed dead list --waiting -c id -c reason"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        add_choice(parser)
        parser.add_argument("--waiting", action="store_true", help="only those that were not replayed yet")
        parser.add_argument("--limit", type=positive, default=50, help="at most so many, default 50")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        replayed = "false" if args.waiting else None
        asked = {"vim_id": args.vim, "subscription": args.subscription, "replayed": replayed, "limit": args.limit}
        return table(COLUMNS, self.gateway.listing("dead-events", **asked))


class Show(GatewayShow):
    """Show one dead event with the notification or event it holds."""

    example = "mcfed dead show 7"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which one."""
        parser = super().get_parser(prog_name)
        parser.add_argument("id", metavar="ID")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.get("dead-events", args.id))


class Replay(GatewayCommand):
    """Send dead events on their way again, after the cause is mended; exit code 1 when some stay dead."""

    example = "mcfed dead replay 7 8"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Some or all."""
        parser = super().get_parser(prog_name)
        parser.add_argument("ids", metavar="ID", nargs="*")
        parser.add_argument("--all", action="store_true", help="all that were not replayed yet")
        add_choice(parser)
        return parser

    def take_action(self, args: argparse.Namespace) -> int:
        """Ask for each, or for all."""
        if bool(args.ids) == args.all:
            raise Refusal("name dead events or --all, one of both")
        return self._all(args) if args.all else max(map(self._one, args.ids))

    def _one(self, dead_id: str) -> int:
        try:
            self.gateway.post("dead-events", dead_id, "replay", patience=PATIENCE)
        except Refusal as error:
            self.app.LOG.error("%s: %s", dead_id, error)
            return 1
        self.say(f"replayed {dead_id}")
        return 0

    def _all(self, args: argparse.Namespace) -> int:
        """The gateway does it by portions: as long as one brings something, ask for the next."""
        replayed = 0
        while True:
            asked = {"vim_id": args.vim, "subscription": args.subscription}
            answer = self.gateway.post("dead-events", "replay", patience=PATIENCE, **asked)
            replayed += answer["replayed"]
            if not (answer["left"] and answer["replayed"]):
                break
        self.say(f"replayed {replayed}, failed {answer['failed']}, not tried {answer['left']}")
        for reason in answer["reasons"]:
            self.app.LOG.error(reason)
        return int(bool(answer["failed"] or answer["left"]))


class Remove(GatewayCommand):
    """Remove dead events for good."""

    example = "mcfed dead remove 7 8"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        parser.add_argument("ids", metavar="ID", nargs="+")
        return parser

    def take_action(self, args: argparse.Namespace) -> None:
        """Ask."""
        for one in args.ids:
            self.gateway.delete("dead-events", one)
            self.say(f"removed {one}")
