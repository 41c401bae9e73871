"""``mcfed event``: what the gateway heard."""

from __future__ import annotations

import argparse
import json
from typing import Any

from fed_common.cli.columns import printable, single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.cli.stream import follow
from fed_common.cli.values import moment, positive

SHORT = ("sequence", "occurred_at", "vim_id", "kind", "phase", "instance_id", "state", "host")
LONG = (
    *("sequence", "id", "type", "vim_id", "instance_id", "instance_name", "kind", "phase", "old_state", "state"),
    *("state_description", "launched_at", "host", "tenant_id", "occurred_at", "received_at"),
)


class Chosen(GatewayCommand):
    """Adds the options by which events are chosen; their names are those of the REST API."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Conditions."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--vim", dest="vim_id", metavar="VIM_ID")
        parser.add_argument("--kind", action="append", help="see 'mcfed words'; repeatable")
        parser.add_argument("--phase", action="append", help="start, end, error or moment; repeatable")
        parser.add_argument("--instance", dest="instance_id", metavar="INSTANCE_ID")
        parser.add_argument("--state", help="the VM's state after the event")
        parser.add_argument("--since", type=moment, metavar="TIME", help="90s, 10m, 2h, 7d or an ISO 8601 time")
        parser.add_argument("--after", metavar="SEQUENCE", help="only events behind this one")
        return parser

    def choice(self, args: argparse.Namespace) -> dict[str, Any]:
        """The parameters of the request."""
        names = ("vim_id", "kind", "phase", "instance_id", "state", "since", "after")
        return {name: getattr(args, name) for name in names}


class List(Chosen, GatewayLister):
    """List stored events, the newest last."""

    example = "mcfed event list --vim vio_RegionOne --kind DELETE --since 2h -f json"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """How many, how much of each."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--limit", type=positive, default=50, help="at most so many, default 50")
        parser.add_argument("--long", action="store_true", help="all fields but payload and traits")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        events = self.gateway.listing("events", limit=args.limit, **self.choice(args))
        in_order = sorted(events, key=lambda event: int(event["sequence"]))
        return table(LONG if args.long else SHORT, in_order)


class Show(GatewayShow):
    """Show everything about one event."""

    example = "mcfed event show 70a43604-7eda-4719-95fb-ca4c37357c71"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which one."""
        parser = super().get_parser(prog_name)
        parser.add_argument("event_id", metavar="EVENT_ID")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.get("events", args.event_id))


class Tail(Chosen):
    """Print events as they happen, one a line, until Ctrl-C; a broken connection is taken up again.

    With --since or --after it begins with what is stored from there on.
    """

    example = "mcfed event tail --kind DELETE --kind ERROR -f json | jq .instance_id"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """How many, in which form."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--count", type=positive, metavar="N", help="end after N events")
        parser.add_argument("-f", "--format", choices=["line", "json"], default="line", dest="form")
        return parser

    def take_action(self, args: argparse.Namespace) -> None:
        """Follow the stream."""
        events = follow(self.gateway, self.choice(args), self.app.LOG.warning)
        for told, event in enumerate(events, start=1):
            self.say(line(event) if args.form == "line" else json.dumps(event))
            if told == args.count:
                return


def line(event: dict[str, Any]) -> str:
    """One event as one aligned line: UTC time, kind, phase, VIM, VM, states, host."""
    got = {name: str(event.get(name) or "-") for name in LONG}
    states = got["state"] if got["old_state"] in ("-", got["state"]) else f"{got['old_state']} → {got['state']}"
    vm = f"{got['instance_name']} ({got['instance_id'][:8]})"
    columns = (
        *(f"{got['occurred_at'][:23].replace('T', ' '):23}", f"{got['kind']:16}", f"{got['phase']:6}"),
        *(f"{got['vim_id']:18}", f"{vm:32}", f"{states:20}", got["host"]),
    )
    return printable("  ".join(columns)).rstrip()
