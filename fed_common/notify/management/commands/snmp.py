"""``manage.py snmp``: what a trap receiver has to be told of this gateway."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fed_common.notify.snmp.credentials import own_engine_id
from fed_common.notify.snmp.oids import enterprise, mib


class Command(BaseCommand):
    """Prints the MIB, or the engine id that receivers of version 3 traps need."""

    help = "Print the MIB with the enterprise's number of the settings, or our engine id."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The one argument."""
        parser.add_argument("what", choices=("mib", "engine-id"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print it."""
        if options["what"] == "mib":
            self.stdout.write(mib(enterprise(settings.ENTERPRISE_OID)), ending="")
        else:
            self.stdout.write(f"0x{own_engine_id().hex()}")
