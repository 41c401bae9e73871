"""The ``mcfed`` command line: global options and the table of commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cliff.app import App
from cliff.command import Command
from cliff.commandmanager import CommandManager

from fed_common.cli import (
    agent,
    alarm,
    dead,
    event,
    host,
    instance,
    receiver,
    subscription,
    vim,
    vim_filter,
    vim_import,
    vim_status,
    vnf,
    vnf_create,
    vnf_verbs,
    vnfd,
    words,
)
from fed_common.cli.client import Gateway, Refusal

DESCRIPTION = "The Multicloud Event-Federation Gateway from the command line."
COMMANDS: dict[str, type[Command]] = {
    "agent": agent.Agent,
    "alarm list": alarm.List,
    "alarm show": alarm.Show,
    "alarm ack": alarm.Ack,
    "alarm unack": alarm.Unack,
    "alarm clear": alarm.Clear,
    "alarm history": alarm.History,
    "alarm watch": alarm.Watch,
    "alarm test": alarm.Test,
    "alarm deliveries": alarm.Deliveries,
    "receiver list": receiver.List,
    "receiver create": receiver.Create,
    "receiver delete": receiver.Delete,
    "receiver test": receiver.Test,
    "event list": event.List,
    "event show": event.Show,
    "event tail": event.Tail,
    "vim list": vim.List,
    "vim show": vim.Show,
    "vim register": vim.Register,
    "vim set": vim.Set,
    "vim remove": vim.Remove,
    "vim check": vim.Check,
    "vim status": vim_status.Status,
    "vim import": vim_import.Import,
    "vim filter show": vim_filter.Show,
    "vim filter set": vim_filter.Set,
    "vim filter clear": vim_filter.Clear,
    "instance list": instance.List,
    "instance history": instance.History,
    "host list": host.List,
    "host faults": host.Faults,
    "host show": host.Show,
    "host fault": host.Fault,
    "host clear": host.Clear,
    "host maintenance": host.Maintenance,
    "host detectors": host.Detectors,
    "host watch": host.Watch,
    "host unwatch": host.Unwatch,
    "subscription list": subscription.List,
    "subscription show": subscription.Show,
    "subscription create": subscription.Create,
    "subscription set": subscription.Set,
    "subscription delete": subscription.Delete,
    "dead list": dead.List,
    "dead show": dead.Show,
    "dead replay": dead.Replay,
    "dead remove": dead.Remove,
    "vnf create": vnf_create.Create,
    "vnf list": vnf.List,
    "vnf show": vnf.Show,
    "vnf delete": vnf_verbs.Delete,
    "vnf members": vnf.Members,
    "vnf events": vnf.Events,
    "vnf operations": vnf.Operations,
    "vnf scale": vnf_verbs.Scale,
    "vnf heal": vnf_verbs.Heal,
    "vnf respawn": vnf_verbs.Respawn,
    "vnf maintenance": vnf_verbs.Maintenance,
    "vnfd check": vnfd.Check,
    "words": words.Words,
}


class Mcfed(App):
    """The application; commands reach the gateway as ``self.app.gateway``."""

    NAME = "mcfed"

    def __init__(self, **streams: Any) -> None:
        commands = CommandManager(self.NAME)
        for name, command in COMMANDS.items():
            commands.add_command(name, command)
        super().__init__(DESCRIPTION, _version(), commands, **streams)

    def build_option_parser(self, *args: Any, **options: Any) -> argparse.ArgumentParser:
        """Add our options to those of cliff."""
        parser = super().build_option_parser(*args, **options)
        url = os.environ.get("MCFED_URL") or "http://127.0.0.1:9001"
        parser.add_argument("--url", default=url, help="the gateway, default MCFED_URL or http://127.0.0.1:9001")
        parser.add_argument("--token", help="default MCFED_TOKEN or the file $MCFED_DATA/token (./var/token)")
        parser.add_argument(
            "--timeout", type=float, default=30.0, metavar="SECONDS", help="for each answer, default 30"
        )
        return parser

    @cached_property
    def gateway(self) -> Gateway:
        """The gateway of the global options. Raises Refusal when they cannot be used."""
        return Gateway(self.options.url, token(self.options.token), self.options.timeout)

    def interact(self) -> None:
        """Without a command there is nothing to do but to help."""
        self.run_subcommand(["help"])


def token(given: str | None) -> str:
    """The token: as given, of MCFED_TOKEN, or of the file a gateway on this machine wrote; else empty."""
    if given or (given := os.environ.get("MCFED_TOKEN")):
        return given
    file = Path(os.environ.get("MCFED_DATA") or "var", "token")
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"cannot read the token file {file}: {type(error).__name__}; use --token") from error


def _version() -> str:
    try:
        return version("mcfed")
    except PackageNotFoundError:
        return "of a checkout"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when done, 1 when refused, 2 when not understood."""
    return int(Mcfed().run(list(sys.argv[1:] if argv is None else argv)))
