import django.db.models.deletion
from django.db import migrations, models

ROLES = [("listener", "Listener"), ("poller", "Poller")]


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial"), ("inventory", "0001_initial")]

    operations = [
        migrations.RenameModel("ListenerLease", "Lease"),
        migrations.RenameModel("ListenerProcess", "Worker"),
        migrations.AddField("lease", "role", models.CharField(choices=ROLES, default="listener", max_length=10)),
        migrations.AddField("worker", "role", models.CharField(choices=ROLES, default="listener", max_length=10)),
        migrations.AddField(
            "lease",
            "connected",
            models.BooleanField(default=False, help_text="Of a listener: the VIM's bus is being read."),
        ),
        migrations.AlterField("lease", "vim_id", models.CharField(max_length=201)),
        migrations.AddConstraint("lease", models.UniqueConstraint(fields=["role", "vim_id"], name="lease_once")),
        migrations.CreateModel(
            name="PollState",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "vim",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="poll_state", to="inventory.vim"
                    ),
                ),
                (
                    "baseline_at",
                    models.DateTimeField(blank=True, help_text="When its first look was taken.", null=True),
                ),
                (
                    "baseline_of",
                    models.TextField(blank=True, help_text="Which cloud, and what part of it, that look was at."),
                ),
                (
                    "fallback",
                    models.BooleanField(default=False, help_text="Polling tells in place of its listener."),
                ),
                (
                    "asked_at",
                    models.DateTimeField(
                        blank=True, help_text="When somebody last asked for a look now.", null=True
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PolledFact",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("vim_id", models.CharField(max_length=201)),
                ("instance_id", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=30)),
                ("type", models.CharField(max_length=100)),
                ("since", models.DateTimeField(help_text="It happened after this look,")),
                ("until", models.DateTimeField(db_index=True, help_text="and not after this one.")),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["vim_id", "id"], name="events_poll_vim_id_34be57_idx")],
            },
        ),
    ]
