"""What a gateway needs before its first event: tables, a token, a subscription, maybe a demo VIM."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command

from fed_common.access import tokens
from fed_common.core.model import VimId
from fed_common.events.models import Subscription
from fed_common.events.services import save_subscription
from fed_common.inventory.models import Vim
from fed_common.inventory.services import register_vim

DEMO_TRANSPORT = {
    "url": "fake://",
    "exchange": "nova",
    "topics": ["notifications", "versioned_notifications"],
    "pool": "",  # with one, the driver would also fill queues nobody reads
}


def prepare() -> str:
    """Bring the database up to date and fill what is empty; the admin token. Safe to call again."""
    call_command("migrate", verbosity=0, interactive=False)
    if not Subscription.objects.exists():
        sinks = [
            {"publisher": "store"},
            {"publisher": "embedded", "topic": settings.DEFAULT_TOPIC, "format": "spec"},
        ]
        save_subscription({"name": "default", "sinks": sinks})
    return tokens.ensure_first_token()


def register_demo_vim() -> None:
    """The VIM whose notifications are a recording. Safe to call again."""
    vim_id = VimId.parse(settings.DEMO_VIM)
    if not Vim.objects.filter(cloud_owner=vim_id.owner, region=vim_id.region).exists():
        register_vim(
            {
                "cloud_owner": vim_id.owner,
                "cloud_region_id": vim_id.region,
                "type": "vmware",
                "transport": DEMO_TRANSPORT,
            }
        )
