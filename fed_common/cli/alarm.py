"""``mcfed alarm``: what is wrong now, and what people do about it."""

from __future__ import annotations

import argparse
import json
from typing import Any

from fed_common.cli import receiver
from fed_common.cli.columns import printable, single, table
from fed_common.cli.command import GatewayCommand, GatewayLister, GatewayShow
from fed_common.cli.stream import follow
from fed_common.cli.values import positive

COLUMNS = ("id", "severity", "name", "vim_id", "object_type", "object_id", "count", "raised_at", "acked_by")
MORE = (
    *("object_name", "host", "tenant_id", "problem", "category", "probable_cause", "flaps"),
    *("rule_id", "fault_id", "root_cause", "event_time", "changed_at", "cleared_at", "acked_at"),
)
CHANGE = ("sequence", "at", "kind", "by", "reason")
DELIVERY = ("id", "created_at", "state", "tries", "target", "reason", "next_try_at", "ended_at")
MOST_AT_ONCE = 1000


class OneAlarm(GatewayCommand):
    """Adds the argument that names an alarm."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which alarm."""
        parser = super().get_parser(prog_name)
        parser.add_argument("alarm_id", metavar="ALARM_ID")
        return parser


class List(GatewayLister):
    """List the active alarms, the worst first; a cleared one stays until it is acknowledged."""

    example = "mcfed alarm list --severity CRITICAL --open"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones, how much of each."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--vim", dest="vim_id", metavar="VIM_ID", action="append", help="repeatable")
        parser.add_argument("--severity", action="append", help="such as CRITICAL; repeatable")
        parser.add_argument("--type", dest="object_type", action="append", help="vim, host, instance or vnf")
        parser.add_argument("--object", dest="object_id", metavar="OBJECT_ID", action="append", help="repeatable")
        parser.add_argument("--tenant", action="append", help="repeatable")
        parser.add_argument("--open", action="store_true", help="only those that are not cleared")
        parser.add_argument("--new", action="store_true", help="only those that nobody acknowledged")
        parser.add_argument("--long", action="store_true", help="more fields")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        names = ("vim_id", "severity", "object_type", "object_id", "tenant")
        asked: dict[str, Any] = {name: getattr(args, name) for name in names}
        asked |= {"cleared": "false" if args.open else None, "acked": "false" if args.new else None}
        rows = self.gateway.pages("alarms", "active", under="alarms", order="rank,-raised_at", **asked)
        return table((*COLUMNS, *MORE) if args.long else COLUMNS, rows)


class Show(OneAlarm, GatewayShow):
    """Show one alarm."""

    example = "mcfed alarm show 0b8e5c1c-5f0e-4b7e-9d4c-2d1c7b7f6a10"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        return single(self.gateway.get("alarms", "active", args.alarm_id))


class Deed(GatewayCommand):
    """Something that is done to some alarms, one after the other."""

    verb, said = "", ""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        parser.add_argument("alarm_ids", metavar="ALARM_ID", nargs="+")
        parser.add_argument("--comment", metavar="TEXT", help="a remark for whoever reads the alarm")
        return parser

    def take_action(self, args: argparse.Namespace) -> None:
        """Ask for each; the remark first, because an alarm may leave the list."""
        for alarm_id in args.alarm_ids:
            if args.comment:
                self.gateway.post("alarms", "active", alarm_id, "comment", body={"comment": args.comment})
            self.gateway.post("alarms", "active", alarm_id, self.verb)
            self.say(f"{self.said} {alarm_id}")


class Ack(Deed):
    """Acknowledge alarms: somebody knows of them."""

    example = "mcfed alarm ack 0b8e5c1c-5f0e-4b7e-9d4c-2d1c7b7f6a10 --comment 'a spare part is ordered'"
    verb, said = "acknowledge", "acknowledged"


class Unack(Deed):
    """Take the acknowledgement of alarms back."""

    example = "mcfed alarm unack 0b8e5c1c-5f0e-4b7e-9d4c-2d1c7b7f6a10"
    verb, said = "unacknowledge", "not acknowledged any more:"


class Clear(Deed):
    """Clear alarms by hand; they come back when the trouble is told again."""

    example = "mcfed alarm clear 0b8e5c1c-5f0e-4b7e-9d4c-2d1c7b7f6a10"
    verb, said = "clear", "cleared"


class History(OneAlarm, GatewayLister):
    """List what one alarm went through, as far as it is kept."""

    example = "mcfed alarm history 0b8e5c1c-5f0e-4b7e-9d4c-2d1c7b7f6a10"

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        asked = {"alarm_id": args.alarm_id, "limit": MOST_AT_ONCE}
        rows = self.gateway.pages("alarms", "changes", by="after", **asked)
        return table(CHANGE, ({**row, "reason": row["notice"].get("reason", "")} for row in rows))


class Watch(GatewayCommand):
    """Print changes of the alarm table as they happen, one a line, until Ctrl-C.

    A broken connection is taken up again behind the last change. With --after it begins with what is kept.
    """

    example = "mcfed alarm watch --kind raised --kind cleared -f json | jq .notice.name"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones, how many, in which form."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--vim", dest="vim_id", metavar="VIM_ID")
        parser.add_argument("--kind", action="append", help="raised, changed, cleared, acknowledged; repeatable")
        parser.add_argument("--after", metavar="SEQUENCE", help="only changes behind this one")
        parser.add_argument("--count", type=positive, metavar="N", help="end after N changes")
        parser.add_argument("-f", "--format", choices=["line", "json"], default="line", dest="form")
        return parser

    def take_action(self, args: argparse.Namespace) -> None:
        """Follow the stream."""
        asked = {name: getattr(args, name) for name in ("vim_id", "kind", "after")}
        changes = follow(self.gateway, asked, self.app.LOG.warning, of="alarms")
        for told, change in enumerate(changes, start=1):
            self.say(line(change) if args.form == "line" else json.dumps(change))
            if told == args.count:
                return


class Deliveries(GatewayLister):
    """List what was sent, or is to be sent, to whom, the newest first."""

    example = "mcfed alarm deliveries --state dead"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--alarm", dest="alarm_id", metavar="ALARM_ID", help="of a rule or an active alarm")
        parser.add_argument("--state", help="waiting, done or dead")
        parser.add_argument("--limit", type=positive, default=50, help="at most so many, default 50")
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        answer = self.gateway.get(
            "alarms", "deliveries", alarm_id=args.alarm_id, state=args.state, limit=args.limit
        )
        return table(DELIVERY, answer["deliveries"])


class Test(receiver.Test):
    """Send a test notice to a receiver now, and show how it went; exit code 1 when it did not take it."""

    example = "mcfed alarm test noc"


def line(change: dict[str, Any]) -> str:
    """One change as one aligned line: its number, UTC time, what happened, how bad, what it is about."""
    notice = change.get("notice", {})
    about = notice.get("about", {})
    thing = about.get("name") or about.get("id", "-")
    columns = (
        *(f"{change.get('sequence', ''):>6}", f"{change.get('at', '')[:23].replace('T', ' '):23}"),
        *(f"{change.get('kind', '-'):12}", f"{notice.get('severity', '-'):13}", f"{about.get('vim_id', '-'):18}"),
        *(f"{about.get('type', '-')} {thing}", notice.get("reason", "")),
    )
    return printable("  ".join(columns)).rstrip()
