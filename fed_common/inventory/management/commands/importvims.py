"""``manage.py importvims``: the VIMs of a YAML or JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fed_common.core.errors import GatewayError
from fed_common.inventory.aai.keeping import Outcome
from fed_common.inventory.imports import Imported, counted, import_vims
from fed_common.inventory.yaml_body import read_yaml


class Command(BaseCommand):
    """Prints a line for every VIM; fails when one of them did."""

    help = "Register the VIMs of a file and change those that differ. Safe to call again."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Which file."""
        parser.add_argument("file", type=Path, help="YAML or JSON: {vims: [...]}, as POST /vims/import takes it")
        parser.add_argument("--dry-run", action="store_true", help="try everything, keep nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import and print."""
        try:
            body = read_yaml(_content(options["file"]))
            found = import_vims(body, dry_run=options["dry_run"])
        except GatewayError as error:
            raise CommandError(f"{options['file']}: {error}") from error
        for one in found:
            self.stdout.write(_line(one))
        counts = counted(found)
        self.stdout.write(", ".join(f"{count} {word}" for word, count in counts.items()))
        if counts[Outcome.FAILED]:
            raise CommandError(f"{counts[Outcome.FAILED]} of {len(found)} VIMs were not imported")


def _content(path: Path) -> bytes:
    most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    if len(raw) > most:
        raise CommandError(f"{path}: more than {most} bytes (MCFED_MAX_BODY)")
    return raw


def _line(one: Imported) -> str:
    return "  ".join(filter(None, (f"{one.outcome:<9}", one.vim_id, one.reason, "; ".join(one.notes))))
