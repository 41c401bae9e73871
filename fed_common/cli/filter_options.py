"""The options that describe a filter, the same for VIMs and subscriptions."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from fed_common.cli.values import pair

CONDITIONS = (
    ("--kind", "kinds", "KIND", "what happened, such as DELETE; see 'mcfed words'"),
    ("--phase", "phases", "PHASE", "start, end, error or moment"),
    ("--event-type", "event_types", "GLOB", "such as compute.instance.*"),
    ("--tenant", "tenants", "ID", "the project that owns the VM"),
    ("--vim", "vims", "GLOB", "such as vio_*"),
)


def add_filter_options(parser: argparse.ArgumentParser) -> None:
    """Conditions: an event passes when it meets each kind of condition given."""
    group = parser.add_argument_group("filter", "every option may be repeated; without any, every event passes")
    for flag, name, metavar, text in CONDITIONS:
        group.add_argument(flag, dest=name, metavar=metavar, action="append", default=[], help=text)
    group.add_argument("--metadata", type=pair, metavar="KEY=VALUE", action="append", default=[], help="of the VM")
    group.add_argument("--ignore-opt-out", action="store_true", help="hear VMs that opted out of monitoring, too")
    group.add_argument("--clear-filter", action="store_true", help="forget the conditions that are not given here")


def names_filter(args: argparse.Namespace) -> bool:
    """Whether any of these options was given."""
    return bool(args.clear_filter or _conditions(args))


def filter_of(args: argparse.Namespace, present: Mapping[str, Any]) -> dict[str, Any]:
    """The filter with the conditions given in place of those it has now; the others stay."""
    return {**({} if args.clear_filter else present), **_conditions(args)}


def _conditions(args: argparse.Namespace) -> dict[str, Any]:
    asked: dict[str, Any] = {name: getattr(args, name) for _, name, *_ in CONDITIONS if getattr(args, name)}
    if args.metadata:
        asked["metadata"] = dict(args.metadata)
    if args.ignore_opt_out:
        asked["honour_opt_out"] = False
    return asked
