"""``mcfed vnf``: what is done to VNFs."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.columns import single
from fed_common.cli.command import GatewayShow
from fed_common.cli.values import on_or_off
from fed_common.cli.vim_options import given
from fed_common.cli.vnf import OneVnf, without_vnfd


class Delete(OneVnf):
    """Have a VNF removed with what was booted for it; adopted instances stay."""

    example = "mcfed vnf delete firewall"

    def take_action(self, args: argparse.Namespace) -> None:
        """Ask."""
        self.gateway.delete("vnfs", args.vnf)
        self.say(f"removing {args.vnf}")


class Scale(OneVnf, GatewayShow):
    """Boot one increment of members more, or remove one."""

    example = "mcfed vnf scale firewall --policy SP1 out"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """What, and which way."""
        parser = super().get_parser(prog_name)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--policy", metavar="NAME", help="a scaling policy of its VNFD")
        what.add_argument("--vdu", metavar="NAME", help="by the policy that scales this VDU")
        parser.add_argument("direction", choices=("out", "in"))
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        body = given(policy=args.policy, vdu=args.vdu, direction=args.direction)
        return single(self.gateway.post("vnfs", args.vnf, "scale", body=body))


class Heal(OneVnf, GatewayShow):
    """Replace the members of a VDU that are down; all of them when none is."""

    example = "mcfed vnf heal firewall VDU1"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which VDU."""
        parser = super().get_parser(prog_name)
        parser.add_argument("vdu", metavar="VDU")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.post("vnfs", args.vnf, "heal", body={"vdu": args.vdu}))


class Respawn(OneVnf, GatewayShow):
    """Boot every member of a VNF anew."""

    example = "mcfed vnf respawn firewall"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.post("vnfs", args.vnf, "respawn"))


class Maintenance(OneVnf, GatewayShow):
    """While it is on, a VNF is watched, but not respawned, healed or killed."""

    example = "mcfed vnf maintenance firewall on"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Whether."""
        parser = super().get_parser(prog_name)
        parser.add_argument("maintenance", type=on_or_off, metavar="on|off")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(without_vnfd(self.gateway.patch("vnfs", args.vnf, body={"maintenance": args.maintenance})))
