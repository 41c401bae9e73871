"""The options that describe the sinks of a subscription."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.values import json_object, option

FIELDS = ("publisher", "topic", "format")


def sink(text: str) -> dict[str, Any]:
    """``publisher[:topic[:format]]``."""
    values = text.split(":")
    if len(values) > len(FIELDS) or not values[0]:
        raise argparse.ArgumentTypeError(f"{text!r} is not PUBLISHER:TOPIC[:FORMAT]")
    return {name: value for name, value in zip(FIELDS, values, strict=False) if value}


class OfLastSink(argparse.Action):
    """Adds to the sink named before it."""

    def __call__(
        self, parser: argparse.ArgumentParser, args: argparse.Namespace, value: Any, name: str | None = None
    ) -> None:
        """Find that sink and change it."""
        if not args.sinks:
            parser.error(f"{name} belongs behind the --sink it is for")
        if name == "--optional":
            args.sinks[-1]["required"] = False
        else:
            args.sinks[-1].setdefault("options", {}).update([value])


def add_sink_options(parser: argparse.ArgumentParser) -> None:
    """Sinks in the order given, each with the options that follow it."""
    group = parser.add_argument_group("sinks", "where the events go; options belong to the sink before them")
    group.add_argument(
        "--sink", dest="sinks", action="append", type=sink, metavar="PUBLISHER:TOPIC[:FORMAT]", help="repeatable"
    )
    group.add_argument("--option", action=OfLastSink, type=option, metavar="KEY=VALUE", help="repeatable")
    group.add_argument("--optional", action=OfLastSink, nargs=0, help="do not wait for this sink when it is down")
    group.add_argument(
        "--sink-json", dest="sinks", action="append", type=json_object, metavar="JSON", help="a whole sink"
    )
