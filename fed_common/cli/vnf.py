"""``mcfed vnf``: the VNFs, and how they are."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import islice
from typing import Any

from fed_common.cli.columns import single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.cli.values import positive

COLUMNS = ("name", "vim_id", "status", "health", "mgmt_ip_addresses", "maintenance")
MORE = ("id", "description", "tenant_id", "failure_count", "error_reason", "action_id", "created_at", "updated_at")
MEMBER = ("vdu", "number", "instance_id", "address", "health", "rule", "reason", "changed_at")
EVENT = ("id", "timestamp", "resource_type", "event_type", "resource_state", "event_details", "rule")
OPERATION = ("id", "kind", "state", "step", "parameters", "reason", "created_at", "ended_at")
MOST_AT_ONCE = 1000


class OneVnf(GatewayCommand):
    """Adds the argument that names a VNF."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which VNF."""
        parser = super().get_parser(prog_name)
        parser.add_argument("vnf", metavar="VNF", help="its name or id")
        return parser


class List(GatewayLister):
    """List the VNFs."""

    example = "mcfed vnf list --vim core_RegionOne --status ACTIVE"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones, how much of each."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--vim", dest="vim_id", metavar="VIM_ID", action="append", help="repeatable")
        parser.add_argument("--status", action="append", help="such as ACTIVE, DEAD, ERROR; repeatable")
        parser.add_argument("--name", action="append", help="repeatable")
        parser.add_argument("--long", action="store_true", help="more fields")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        asked = {name: getattr(args, name) for name in ("vim_id", "status", "name")}
        return table((*COLUMNS, *MORE) if args.long else COLUMNS, self.gateway.pages("vnfs", **asked))


class Show(OneVnf, GatewayShow):
    """Show one VNF."""

    example = "mcfed vnf show firewall"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """How much of it."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--long", action="store_true", help="with its VNFD as it was understood")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        vnf = self.gateway.get("vnfs", args.vnf)
        return single(vnf if args.long else without_vnfd(vnf))


class Members(OneVnf, GatewayLister):
    """List the members of a VNF, each with its health."""

    example = "mcfed vnf members firewall"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return table(MEMBER, self.gateway.pages("vnfs", args.vnf, "members"))


class Latest(OneVnf):
    """Adds the option that says how many."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """How many."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--limit", type=positive, default=20, help="the newest so many, default 20")
        return parser

    def newest(self, args: argparse.Namespace, name: str) -> list[dict[str, Any]]:
        """The newest, in the order they happened."""
        rows = self.gateway.pages("vnfs", args.vnf, name, order="-id", limit=min(args.limit, MOST_AT_ONCE))
        return list(islice(rows, args.limit))[::-1]


class Events(Latest, GatewayLister):
    """List what a VNF went through; by its id also one that is gone."""

    example = "mcfed vnf events firewall --limit 5"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return table(EVENT, self.newest(args, "events"))


class Operations(Latest, GatewayLister):
    """List what is done to a VNF, and was."""

    example = "mcfed vnf operations firewall"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return table(OPERATION, self.newest(args, "operations"))


def without_vnfd(vnf: Mapping[str, Any]) -> dict[str, Any]:
    """The VNF without its descriptor, and without what was told about that once."""
    return {name: value for name, value in vnf.items() if name not in ("vnfd", "warnings")}
