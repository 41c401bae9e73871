"""What every command of ours has: the gateway, and an example in its help."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, ClassVar, cast

from cliff.command import Command
from cliff.lister import Lister
from cliff.show import ShowOne

from fed_common.cli.client import Gateway

if TYPE_CHECKING:
    from fed_common.cli.main import Mcfed


class GatewayCommand(Command):
    """A command that asks the gateway of the global options."""

    example: ClassVar[str] = ""

    @property
    def gateway(self) -> Gateway:
        """The gateway. Raises Refusal when the global options cannot be used."""
        return cast("Mcfed", self.app).gateway

    def say(self, text: str) -> None:
        """Print one line at once."""
        print(text, file=self.app.stdout, flush=True)

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Cliff's options; the example goes below the help, so that it can be copied."""
        parser = super().get_parser(prog_name)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = f"example:\n  {self.example}"
        return parser


class GatewayLister(GatewayCommand, Lister):
    """A command whose answer is a table."""


class GatewayShow(GatewayCommand, ShowOne):
    """A command whose answer is one thing."""
