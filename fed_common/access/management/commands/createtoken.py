"""``manage.py createtoken``: a new API token, printed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fed_common.access import tokens
from fed_common.access.models import Role
from fed_common.core.errors import GatewayError


class Command(BaseCommand):
    """Prints the token alone, so that a script can take it."""

    help = "Make an API token and print it; it cannot be shown again."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, what for, for which VIMs, in whose name, how long."""
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", choices=Role.values, default=Role.READER)
        parser.add_argument(
            "--vim",
            dest="vims",
            metavar="GLOB",
            action="append",
            default=[],
            help="only for these VIMs; repeatable",
        )
        parser.add_argument("--project", metavar="ID", default="", help="the OpenStack project it is for")
        parser.add_argument("--hours", type=float, help="how long it holds; without it, until it is revoked")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make and print."""
        hours = options["hours"]
        if hours is not None and not 0 < hours < 1_000_000:
            raise CommandError("--hours: more than 0, less than a million")
        try:
            ttl = timedelta(hours=hours) if hours else None
            name, role, vims, project = (options[word] for word in ("name", "role", "vims", "project"))
            self.stdout.write(tokens.create(name, role, ttl, vims, project))
        except GatewayError as error:
            raise CommandError(str(error)) from error
