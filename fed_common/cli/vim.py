"""``mcfed vim``: the registered clouds."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.client import Refusal
from fed_common.cli.columns import single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.cli.vim_options import add_vim_options, flat, pair_of, vim_fields

COLUMNS = ("vim_id", "type", "enabled", "status", "auth_url", "transport_url", "filter")
MORE = (
    *("name", "version", "source", "projects", "region_name", "poll_interval", "exchange", "topics"),
    *("maintenance", "status_reason", "status_at"),
)
PATIENCE = 60.0


class List(GatewayLister):
    """List the registered VIMs."""

    example = "mcfed vim list --status UNREACHABLE -c vim_id -c status_reason --long"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones, how much of each."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--type", action="append", help="repeatable")
        parser.add_argument("--status", action="append", help="PENDING, REACHABLE or UNREACHABLE; repeatable")
        parser.add_argument("--cloud-owner", metavar="OWNER")
        parser.add_argument("--name")
        parser.add_argument("--long", action="store_true", help="more fields")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        asked = {"type": args.type, "status": args.status, "cloud_owner": args.cloud_owner, "name": args.name}
        columns = (*COLUMNS, *MORE) if args.long else COLUMNS
        return table(columns, map(flat, self.gateway.pages("vims", **asked)))


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
        add_vim_options(parser)
        return parser

    def fields(self, args: argparse.Namespace) -> dict[str, Any]:
        """The fields that were given; secrets on standard input stand a line each, the transport's URL first."""
        return vim_fields(args, self.app.stdin)


class Named(Described):
    """Adds the option by which an owner that holds ``_`` is told from the region."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The owner."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--cloud-owner", metavar="OWNER", help="default the VIM_ID up to its first '_'")
        return parser


class Register(Named, GatewayShow):
    """Register a VIM; the gateway begins to listen to it, or to poll it, at once."""

    example = (
        "mcfed vim register vio_RegionOne --type vmware --transport-url rabbit://user:password@vio-host:5672/\n"
        "  mcfed vim register core_RegionOne --type openstack --auth-url https://keystone:5000/v3 "
        "--username gateway --password - --project admin"
    )

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        body = {**pair_of(args.vim_id, args.cloud_owner), **self.fields(args)}
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


class Check(Named, GatewayShow):
    """Try a VIM's API and notifications; exit code 1 when it cannot be reached.

    With options that describe it, a VIM is tried that is not registered.
    """

    example = "mcfed vim check vio_RegionOne"

    def run(self, args: argparse.Namespace) -> int:
        """Show the answer, then tell it by the exit code."""
        self.reachable = False
        return int(super().run(args)) or int(not self.reachable)

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        if fields := self.fields(args):
            body = {**pair_of(args.vim_id, args.cloud_owner), **fields}
            answer = self.gateway.post("vims", "check", body=body, patience=PATIENCE)
        else:
            answer = self.gateway.post("vims", args.vim_id, "check", patience=PATIENCE)
        self.reachable = bool(answer.get("reachable"))
        return single({"vim_id": args.vim_id, **answer})
