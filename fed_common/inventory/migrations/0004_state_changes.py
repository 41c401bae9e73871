"""The history of states, beginning with what is known of each instance."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

AT_ONCE = 500


def begin(apps: Any, _editor: Any) -> None:
    """A first row for each instance that is known."""
    instances = apps.get_model("inventory", "Instance").objects.order_by("pk")
    change = apps.get_model("inventory", "InstanceStateChange")
    rows = (
        change(
            vim_id=one.vim_id,
            instance_id=one.instance_id,
            tenant_id=one.tenant_id,
            state=one.state,
            state_description=one.state_description,
            at=one.changed_at or one.seen_at,
            origin="poll",
        )
        for one in instances.iterator()
    )
    change.objects.bulk_create(rows, AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0003_maintenance"),
    ]

    operations = [
        migrations.CreateModel(
            name="InstanceStateChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("instance_id", models.CharField(max_length=100)),
                ("tenant_id", models.CharField(blank=True, max_length=100)),
                ("old_state", models.CharField(blank=True, max_length=50)),
                ("state", models.CharField(max_length=50)),
                ("state_description", models.CharField(blank=True, max_length=100)),
                ("at", models.DateTimeField()),
                (
                    "event_id",
                    models.CharField(
                        blank=True, help_text="Of the event that told; empty: a look did.", max_length=100
                    ),
                ),
                ("event_type", models.CharField(blank=True, max_length=255)),
                ("origin", models.CharField(max_length=10)),
                (
                    "vim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="state_changes",
                        to="inventory.vim",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(fields=["vim", "instance_id", "id"], name="inventory_i_vim_id_3a358d_idx"),
                    models.Index(fields=["at"], name="inventory_i_at_440fe2_idx"),
                ],
            },
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
