"""``mcfed vnfd``: descriptors of VNFs."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from fed_common.cli.columns import table
from fed_common.cli.command import GatewayCommand, GatewayLister
from fed_common.cli.values import pair, text_of

COLUMNS = ("vdu", "image", "flavor", "networks", "members", "watched_by", "on_failure")


class DescribedByFile(GatewayCommand):
    """Adds the inputs of a descriptor that is in the file ``args.file``."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The inputs."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--input", action="append", type=pair, default=[], metavar="NAME=VALUE", help="repeatable"
        )
        return parser

    def described(self, args: argparse.Namespace) -> dict[str, Any]:
        """The fields of the REST API. Raises Refusal."""
        return {"vnfd": text_of(args.file, self.app.stdin), "inputs": dict(args.input)}


class Check(DescribedByFile, GatewayLister):
    """Try a VNFD: show its VDUs as they were understood, and on standard error what of it is not used."""

    example = "mcfed vnfd check firewall.yaml --input image=cirros"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which one."""
        parser = super().get_parser(prog_name)
        parser.add_argument("file", metavar="FILE", help="'-': on stdin")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        answer = self.gateway.post("vnfds", "check", body=self.described(args))
        warn(self, answer)
        return table(COLUMNS, _vdus(answer["vnfd"]))


def warn(command: GatewayCommand, answer: Mapping[str, Any]) -> None:
    """Print the warnings of an answer on standard error, a line each."""
    for warning in answer.get("warnings", ()):
        print(f"warning: {warning}", file=command.app.stderr)


def _vdus(vnfd: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    scaled = {
        vdu: f"{one['min_instances']} to {one['max_instances']}, by {one['name']}"
        for one in vnfd["scalings"]
        for vdu in one["targets"]
    }
    for vdu in vnfd["vdus"]:
        policies = vdu["policies"]
        actions = (name for one in policies for name in one["actions"].get("failure", ()))
        yield {
            "vdu": vdu["name"],
            **{name: vdu[name] for name in ("image", "flavor", "networks")},
            "members": scaled.get(vdu["name"], "1"),
            "watched_by": [one["check"]["kind"] for one in policies],
            "on_failure": list(dict.fromkeys(actions)),
        }
