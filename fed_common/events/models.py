"""The river's rows: who wants to hear what, what was heard, and what could not be told."""

from __future__ import annotations

from django.db import models

from fed_common.inventory.models import Vim


class Subscription(models.Model):
    """A named filter with its sinks: what one consumer wants to hear."""

    name = models.CharField(max_length=100, unique=True)
    filter = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """By name."""

        ordering = ["name"]


class Sink(models.Model):
    """One way a subscription's events go out. Options are sealed: they may hold passwords."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="sinks")
    publisher = models.CharField(max_length=50)
    topic = models.CharField(max_length=249, blank=True)
    format = models.CharField(max_length=20, default="spec")
    required = models.BooleanField(default=True)
    sealed_options = models.TextField(blank=True)

    class Meta:
        """In the order they were given."""

        ordering = ["id"]


class StoredEvent(models.Model):
    """An event kept for the page, the CLI and searches; one row per event id."""

    event_id = models.CharField(max_length=100, unique=True)
    vim_id = models.CharField(max_length=201, db_index=True)
    instance_id = models.CharField(max_length=100, db_index=True)
    kind = models.CharField(max_length=30)
    phase = models.CharField(max_length=10)
    state = models.CharField(max_length=50)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(db_index=True)
    body = models.JSONField()

    class Meta:
        """In the order they arrived."""

        ordering = ["id"]


class DeadEvent(models.Model):
    """What could not be read or will never be taken by a sink: kept with the reason, replayable."""

    class Stage(models.TextChoices):
        """Where it got stuck."""

        READ = "read"
        PUBLISH = "publish"

    stage = models.CharField(max_length=10, choices=Stage)
    vim_id = models.CharField(max_length=201, db_index=True)
    event_id = models.CharField(max_length=100, blank=True)
    subscription = models.CharField(max_length=100, blank=True)
    publisher = models.CharField(max_length=50, blank=True)
    topic = models.CharField(max_length=249, blank=True)
    reason = models.TextField()
    body = models.JSONField(help_text="The notification (stage read) or the event (stage publish).")
    tries = models.IntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Newest first."""

        ordering = ["-id"]


class Role(models.TextChoices):
    """What a process does: for VIMs it owns, or for targets it watches."""

    LISTENER = "listener"
    POLLER = "poller"
    EXECUTOR = "executor"
    CONDUCTOR = "conductor"
    EVALUATOR = "evaluator"
    NOTIFIER = "notifier"
    DETECTOR = "detector"


class Lease(models.Model):
    """Which process of a role owns a VIM until when."""

    role = models.CharField(max_length=10, choices=Role, default=Role.LISTENER)
    vim_id = models.CharField(max_length=201)
    owner = models.CharField(max_length=100)
    expires_at = models.DateTimeField()
    connected = models.BooleanField(default=False, help_text="Of a listener: the VIM's bus is being read.")

    class Meta:
        """One owner of a VIM in each role."""

        constraints = [models.UniqueConstraint(fields=["role", "vim_id"], name="lease_once")]


class Worker(models.Model):
    """A process that lives, also while it owns nothing: the shares are counted by these."""

    role = models.CharField(max_length=10, choices=Role, default=Role.LISTENER)
    name = models.CharField(max_length=100, unique=True)
    expires_at = models.DateTimeField()


class PollState(models.Model):
    """How far the polling of a VIM is. Goes with the VIM: registered anew, it begins with a baseline."""

    vim = models.OneToOneField(Vim, models.CASCADE, related_name="poll_state")
    baseline_at = models.DateTimeField(null=True, blank=True, help_text="When its first look was taken.")
    baseline_of = models.TextField(blank=True, help_text="Which cloud, and what part of it, that look was at.")
    fallback = models.BooleanField(default=False, help_text="Polling tells in place of its listener.")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When somebody last asked for a look now.")


class PolledFact(models.Model):
    """A fact polling told of a VIM that pushes: should its notification come after all, it is told already."""

    vim_id = models.CharField(max_length=201)
    instance_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=30)
    type = models.CharField(max_length=100)
    since = models.DateTimeField(help_text="It happened after this look,")
    until = models.DateTimeField(db_index=True, help_text="and not after this one.")

    class Meta:
        """In the order they were told."""

        ordering = ["id"]
        indexes = [models.Index(fields=["vim_id", "id"])]
