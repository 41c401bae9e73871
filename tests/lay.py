"""Rows by the thousand, laid into the database at once: ``python -m tests.lay < rows.json``.

``{"rules": [bodies of Aodh's API], "vim": vim_id, "host": name, "instances": [ids of instances on that host]}``
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Sequence
from typing import Any

import django

AT_ONCE = 5_000


def lay_rules(bodies: Sequence[dict[str, Any]]) -> None:
    """As if each had been posted by a caller without a project."""
    from django.db import transaction

    from fed_common.alarms.models import Revision, Rule
    from fed_common.core import clock

    columns = ("name", "type", "description", "severity", "alarm_actions", "repeat_actions")
    times = dict.fromkeys(("state_timestamp", "timestamp", "evaluate_timestamp"), clock.now())
    with transaction.atomic():
        rest = {"revision": Revision.next(), **times}
        rows = (
            Rule(**{name: body[name] for name in columns}, id=uuid.uuid4(), rule=body["event_rule"], **rest)
            for body in bodies
        )
        Rule.objects.bulk_create(rows, batch_size=AT_ONCE)


def lay_instances(vim_id: str, host: str, ids: Sequence[str], tenant: str) -> None:
    """Running ones, as a look at the cloud would have found them."""
    from fed_common.core import clock
    from fed_common.inventory.models import Host, Instance, Vim

    vim, now = Vim.objects.get(full_id=vim_id), clock.now()
    Host.objects.get_or_create(vim=vim, name=host, defaults={"state": "up", "changed_at": now})
    rows = (
        Instance(
            vim=vim,
            instance_id=one,
            name=f"vm-{number}",
            state="active",
            host=host,
            tenant_id=tenant,
            changed_at=now,
            seen_at=now,
            body={},
        )
        for number, one in enumerate(ids)
    )
    Instance.objects.bulk_create(rows, batch_size=AT_ONCE)


def main() -> None:
    """Lay what standard input says."""
    from tests.nova_updates import TENANT

    asked = json.load(sys.stdin)
    lay_rules(asked.get("rules", ()))
    if asked.get("instances"):
        lay_instances(asked["vim"], asked["host"], asked["instances"], TENANT)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fed_common.settings")
    django.setup()
    main()
