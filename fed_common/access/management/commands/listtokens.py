"""``manage.py listtokens``: the API tokens there are."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from fed_common.access.models import AccessToken
from fed_common.core import clock


class Command(BaseCommand):
    """One line each: name, role, VIMs, the project if there is one, made, expires."""

    help = "List the API tokens; the tokens themselves are not kept."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print."""
        for row in AccessToken.objects.order_by("name"):
            expires = clock.iso(row.expires_at) if row.expires_at else "never"
            vims, made = ", ".join(row.vims) or "all", clock.iso(row.created_at)
            project = f"\tproject {row.project}" if row.project else ""
            self.stdout.write(f"{row.name}\t{row.role}\tVIMs {vims}{project}\tmade {made}\texpires {expires}")
