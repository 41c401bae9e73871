"""A process that makes alarms' deliveries and sends them: ``python -m tests.burst URL COUNT``. It never ends."""

from __future__ import annotations

import sys
import time

import django


def main(url: str, count: int) -> None:
    """One notice for each alarm."""
    django.setup()
    from tests.notices import a_notice, send

    send([url], *(a_notice(f"n{number}", alarm_id=f"alarm-{number}") for number in range(count)))
    time.sleep(3600)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
