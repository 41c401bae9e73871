"""``mcfed subscription``: who wants to hear what, and where."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from fed_common.cli.client import Refusal
from fed_common.cli.columns import single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.cli.filter_options import add_filter_options, filter_of, names_filter
from fed_common.cli.sink_options import add_sink_options

KEPT_BY_THE_GATEWAY = ("created_at", "updated_at")


class List(GatewayLister):
    """List the subscriptions."""

    example = "mcfed subscription list"

    def take_action(self, _args: argparse.Namespace) -> Any:
        """Ask and show."""
        return table(("name", "enabled", "filter", "sinks"), self.gateway.listing("subscriptions"))


class OneSubscription(GatewayCommand):
    """Adds the argument that names a subscription."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which subscription."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME")
        return parser


class Show(OneSubscription, GatewayShow):
    """Show one subscription; secret options are never shown."""

    example = "mcfed subscription show vnfm -f json"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.get("subscriptions", args.name))


class Described(OneSubscription):
    """Adds the options that describe a subscription."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Filter, sinks, file."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--from-file", metavar="FILE", help="JSON as 'show -f json' prints it; '-' is stdin")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--enable", action="store_true", default=None, dest="enabled")
        switch.add_argument("--disable", action="store_false", dest="enabled")
        add_filter_options(parser)
        add_sink_options(parser)
        return parser

    def fields(self, args: argparse.Namespace, present: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of the file, changed by the options; ``present`` is the filter when the file has none."""
        body = _read(args.from_file, self.app.stdin) if args.from_file else {}
        if names_filter(args):
            body["filter"] = filter_of(args, body.get("filter", present))
        if args.sinks:
            body["sinks"] = args.sinks
        if args.enabled is not None:
            body["enabled"] = args.enabled
        return body


class Create(Described, GatewayShow):
    """Create a subscription; events flow to it within a second."""

    example = (
        "mcfed subscription create vnfm --kind DELETE --kind ERROR "
        "--sink kafka:vm-events:cloudevents --option bootstrap=kafka:9092 --sink embedded:vm-events --optional"
    )

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        body = {**self.fields(args, {}), "name": args.name}
        return single(self.gateway.post("subscriptions", body=body))


class Set(Described, GatewayShow):
    """Change a subscription: the conditions and the switch that are named, or all of its sinks."""

    example = "mcfed subscription set vnfm --phase end"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        present = self.gateway.get("subscriptions", args.name)["filter"] if names_filter(args) else {}
        body = {name: value for name, value in self.fields(args, present).items() if name != "name"}
        if not body:
            raise Refusal("nothing to change: name at least one field, see 'mcfed help subscription set'")
        return single(self.gateway.patch("subscriptions", args.name, body=body))


class Delete(OneSubscription, GatewayCommand):
    """Delete a subscription; its sinks get nothing more."""

    example = "mcfed subscription delete vnfm"

    def take_action(self, args: argparse.Namespace) -> None:
        """Ask."""
        self.gateway.delete("subscriptions", args.name)
        self.say(f"deleted {args.name}")


def _read(file: str, stdin: TextIO) -> dict[str, Any]:
    try:
        body = json.loads(stdin.read() if file == "-" else Path(file).read_text())
    except (OSError, ValueError) as error:
        raise Refusal(f"--from-file: cannot read {file}: {error}") from error
    if not isinstance(body, dict):
        raise Refusal(f"--from-file: {file} holds no JSON object")
    return {name: value for name, value in body.items() if name not in KEPT_BY_THE_GATEWAY}
