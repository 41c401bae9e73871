"""``mcfed host``: the hypervisors of the clouds, their faults, how they are watched."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.columns import single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.cli.values import moment, on_or_off, option
from fed_common.cli.vim import OneVim
from fed_common.cli.vim_options import given

COLUMNS = ("name", "state", "availability_zone", "reason", "state_changed_at")
FAULTS = ("id", "vim_id", "host", "state", "severity", "cause", "source", "reports", "reported_at", "cleared_at")
DETECTORS = ("detector", "enabled", "state", "reason", "options", "changed_at")


class OneHost(OneVim):
    """A command about one host of one VIM."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Its VIM, its name."""
        parser = super().get_parser(prog_name)
        parser.add_argument("host", help="as its cloud names it")
        return parser

    @staticmethod
    def path(args: argparse.Namespace) -> tuple[str, ...]:
        """Of the host's faults: by the pair that names its VIM."""
        owner, _, region = args.vim_id.partition("_")
        return owner, region, "hosts", args.host


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


class Faults(GatewayLister):
    """List the host faults of all VIMs."""

    example = "mcfed host faults --state done --state partial"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--vim", dest="vim_id", metavar="VIM_ID", action="append", help="repeatable")
        parser.add_argument("--host", action="append", help="repeatable")
        parser.add_argument("--state", action="append", help="such as acting, done, partial, cleared; repeatable")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        asked = {"vim_id": args.vim_id, "host": args.host, "state": args.state}
        return table(FAULTS, self.gateway.pages("faults", **asked))


class Show(OneHost, GatewayShow):
    """Show the open fault of a host, or its last one, with what became of its VMs."""

    example = "mcfed host show core_RegionOne compute01"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.get(*self.path(args), "fault"))


class Fault(OneHost, GatewayShow):
    """Say that a host failed: its VMs are in error at once, its cloud is told."""

    example = "mcfed host fault core_RegionOne compute01 --cause 'no power' --fenced"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """What is known of it."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--cause")
        parser.add_argument("--severity", help="such as CRITICAL (default), MAJOR")
        parser.add_argument("--source", help="who found out, default the token's name")
        parser.add_argument("--fenced", action="store_true", default=None, help="it is known to be switched off")
        parser.add_argument("--at", type=moment, dest="occurred_at", metavar="TIME", help="default now")
        parser.add_argument("--detail", type=option, action="append", metavar="KEY=VALUE", help="repeatable")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Tell and show."""
        names = ("cause", "severity", "source", "fenced", "occurred_at")
        details = dict(args.detail) if args.detail else None
        body = given(**{name: getattr(args, name) for name in names}, details=details)
        return single(self.gateway.post(*self.path(args), "fault", body=body))


class Clear(OneHost, GatewayShow):
    """Say that a host is back: what was changed for its fault is taken back, and only that."""

    example = "mcfed host clear core_RegionOne compute01"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Tell and show."""
        return single(self.gateway.post(*self.path(args), "fault", "clear", body={}))


class Maintenance(OneHost, GatewayShow):
    """Begin or end work on a host: meanwhile its faults are kept and nothing is done about them."""

    example = "mcfed host maintenance core_RegionOne compute01 on"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which of the two."""
        parser = super().get_parser(prog_name)
        parser.add_argument("maintenance", type=on_or_off, metavar="on|off")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Tell and show."""
        return single(self.gateway.put(*self.path(args), "maintenance", body={"maintenance": args.maintenance}))


class Detectors(OneHost, GatewayLister):
    """List how a host is watched, and what was seen last."""

    example = "mcfed host detectors core_RegionOne compute01"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        answer = self.gateway.get("vims", args.vim_id, "hosts", args.host, "detectors")
        return table(DETECTORS, answer["detectors"])


class Watch(OneHost, GatewayShow):
    """Have a host watched, or watched in another way."""

    example = "mcfed host watch core_RegionOne compute01 ping --option address=192.0.2.1 --option fall=3"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """By what, how."""
        parser = super().get_parser(prog_name)
        parser.add_argument("detector", help="ping, tcp or snmp_trap")
        parser.add_argument("--option", type=option, action="append", metavar="KEY=VALUE", help="repeatable")
        parser.add_argument("--disabled", action="store_true", help="keep it, do not watch")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Tell and show."""
        body = {"options": dict(args.option or ()), "enabled": not args.disabled}
        path = ("vims", args.vim_id, "hosts", args.host, "detectors", args.detector)
        return single(self.gateway.put(*path, body=body))


class Unwatch(OneHost, GatewayCommand):
    """Have a host watched by a detector no more."""

    example = "mcfed host unwatch core_RegionOne compute01 ping"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """By what."""
        parser = super().get_parser(prog_name)
        parser.add_argument("detector")
        return parser

    def take_action(self, args: argparse.Namespace) -> None:
        """Tell."""
        self.gateway.delete("vims", args.vim_id, "hosts", args.host, "detectors", args.detector)
        self.say(f"{args.host} is watched by {args.detector} no more")
