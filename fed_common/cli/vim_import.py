"""``mcfed vim import``: many VIMs at once."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.columns import table
from fed_common.cli.command import GatewayLister
from fed_common.cli.values import text_of

PATIENCE = 300.0
YAML = "application/yaml"


class Import(GatewayLister):
    """Register or change the VIMs of a YAML file or of ONAP's A&AI; exit code 1 when one of them fails."""

    example = "mcfed vim import deploy/vims.yaml --dry-run"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Where from."""
        parser = super().get_parser(prog_name)
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("file", metavar="FILE", nargs="?", help="'-': on stdin")
        source.add_argument("--aai", action="store_true", help="every cloud region that A&AI knows")
        parser.add_argument("--dry-run", action="store_true", help="try everything, keep nothing")
        return parser

    def run(self, args: argparse.Namespace) -> int:
        """Show what became of each, then tell it by the exit code."""
        self.failed = 0
        return int(super().run(args)) or int(self.failed > 0)

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        how: Any = {"patience": PATIENCE, "dry_run": "true" if args.dry_run else None}
        if args.aai:
            answer = self.gateway.post("vims", "import", body={"source": "aai"}, **how)
        else:
            text = text_of(args.file, self.app.stdin)
            answer = self.gateway.post("vims", "import", text=text, content_type=YAML, **how)
        self.failed = answer["failed"]
        return table(("vim_id", "outcome", "reason"), answer["vims"])
