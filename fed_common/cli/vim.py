"""``mcfed vim``: the registered clouds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from fed_common.cli.client import Refusal
from fed_common.cli.columns import single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.core.model import VimId

COLUMNS = ("vim_id", "type", "enabled", "transport_url", "exchange", "topics", "filter")


def flat(vim: Mapping[str, Any]) -> dict[str, Any]:
    """A VIM with its transport's fields beside the others."""
    transport = vim.get("transport") or {}
    fields = {"transport_url" if name == "url" else name: value for name, value in transport.items()}
    return {**{name: value for name, value in vim.items() if name != "transport"}, **fields}


class List(GatewayLister):
    """List the registered VIMs."""

    example = "mcfed vim list -c vim_id -c enabled"

    def take_action(self, _args: argparse.Namespace) -> Any:
        """Ask and show."""
        return table(COLUMNS, map(flat, self.gateway.listing("vims")))


class OneVim(GatewayCommand):
    """Adds the argument that names a VIM."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which VIM."""
        parser = super().get_parser(prog_name)
        parser.add_argument("vim_id", metavar="VIM_ID", help="{cloud_owner}_{cloud_region_id}")
        return parser


class Show(OneVim, GatewayShow):
    """Show one VIM; passwords are never shown."""

    example = "mcfed vim show vio_RegionOne"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(flat(self.gateway.get("vims", args.vim_id)))


class Described(OneVim):
    """Adds the options that describe a VIM."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Fields of a VIM."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--type", help="one of the vim_types of 'mcfed words'")
        parser.add_argument(
            "--transport-url", metavar="URL", help="rabbit://user:password@host:5672/; '-': on stdin"
        )
        parser.add_argument("--exchange", help="default nova")
        parser.add_argument(
            "--topic", action="append", help="repeatable; default notifications and versioned_notifications"
        )
        parser.add_argument("--pool", help="listeners of one pool share the notifications")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--enable", action="store_true", default=None, dest="enabled", help="listen to it")
        switch.add_argument("--disable", action="store_false", dest="enabled", help="keep it, do not listen")
        return parser

    def fields(self, args: argparse.Namespace) -> dict[str, Any]:
        """The fields that were given."""
        url = self.app.stdin.readline().strip() if args.transport_url == "-" else args.transport_url
        transport = _given(url=url, exchange=args.exchange, topics=args.topic, pool=args.pool)
        return _given(type=args.type, transport=transport or None, enabled=args.enabled)


class Register(Described, GatewayShow):
    """Register a VIM; the gateway begins to listen to it at once."""

    example = (
        "mcfed vim register vio_RegionOne --type vmware --transport-url rabbit://user:password@vio-host:5672/"
    )

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        vim = VimId.parse(args.vim_id)
        body = {"cloud_owner": vim.owner, "cloud_region_id": vim.region, **self.fields(args)}
        return single(flat(self.gateway.post("vims", body=body)))


class Set(Described, GatewayShow):
    """Change fields of a VIM; those not named stay as they are."""

    example = "mcfed vim set vio_RegionOne --disable"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        body = self.fields(args)
        if not body:
            raise Refusal("nothing to change: name at least one field, see 'mcfed help vim set'")
        return single(flat(self.gateway.patch("vims", args.vim_id, body=body)))


class Remove(OneVim, GatewayCommand):
    """Forget a VIM; its stored events stay."""

    example = "mcfed vim remove vio_RegionOne"

    def take_action(self, args: argparse.Namespace) -> None:
        """Ask."""
        self.gateway.delete("vims", args.vim_id)
        self.say(f"removed {args.vim_id}")


class Check(OneVim, GatewayShow):
    """Try the connection to a VIM's notifications; exit code 1 when it cannot be reached."""

    example = "mcfed vim check vio_RegionOne"

    def run(self, args: argparse.Namespace) -> int:
        """Show the answer, then tell it by the exit code."""
        self.reachable = False
        return int(super().run(args)) or int(not self.reachable)

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        answer = self.gateway.post("vims", args.vim_id, "check")
        self.reachable = bool(answer.get("reachable"))
        return single({"vim_id": args.vim_id, **answer})


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
