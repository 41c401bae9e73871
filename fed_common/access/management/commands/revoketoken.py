"""``manage.py revoketoken``: an API token is no more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fed_common.access import tokens
from fed_common.core.errors import NotFound


class Command(BaseCommand):
    """By name."""

    help = "Revoke an API token; every process refuses it within five seconds."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Which one."""
        parser.add_argument("name")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Revoke."""
        try:
            tokens.revoke(options["name"])
        except NotFound as error:
            raise CommandError(str(error)) from error
