"""The part of the gateway that sends what nobody else sends any more."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from fed_common.notify.sending import process

GRACE = 1.0


class Sending:
    """What ``manage.py notifier`` and ``manage.py up`` run. It shares the sender of its process."""

    def start(self) -> None:
        """Take over what silent senders left, from now on."""
        process.sender().inherit()

    def stop(self) -> None:
        """Finish what is under way; the rest is left to others. Safe to call twice."""
        process.stop(settings.NOTIFY_TIMEOUT + GRACE)

    def ready(self) -> bool:
        """Whether it lives and reaches the database."""
        return bool(self.health()["ok"])

    def health(self) -> dict[str, Any]:
        """See ``SenderThread.health``."""
        return process.sender().health()
