"""The notifiers' rows: who hears of the alarm table, and what has to be delivered."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models


class Receiver(models.Model):
    """A named far side. Rules name it as ``receiver://<name>``; with a filter it also hears the alarm table.

    Options are sealed: they may hold passwords and keys.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=100, unique=True)
    notifier = models.CharField(max_length=30)
    sealed_options = models.TextField(blank=True)
    filter = models.JSONField(null=True, blank=True, help_text="Which changes of the table; null: none.")
    enabled = models.BooleanField(default=True)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """By name."""

        ordering = ["name"]


class Sender(models.Model):
    """A process that sends. Once it is silent for a while, another takes its waiting deliveries over."""

    name = models.CharField(max_length=100, primary_key=True)
    expires_at = models.DateTimeField()


class Delivery(models.Model):
    """One notice to one target. Its id is the same at every try: receivers know repeats by it.

    Whoever wrote the row owns it and tries at once. It may be taken over after ``expires_at``, once its owner, a
    ``Sender``, is silent.
    """

    class State(models.TextChoices):
        """``dead``: it is tried no more."""

        WAITING = "waiting"
        DONE = "done"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    notifier = models.CharField(max_length=30)
    target = models.TextField(help_text="The action's URL, or receiver://<name>; sealed when it holds a secret.")
    shown = models.CharField(max_length=255, help_text="The target without secrets.")
    endpoint = models.CharField(max_length=255, help_text="Whose slowness is whose: scheme, host and port.")
    lane = models.CharField(max_length=400, help_text="Notices of one lane arrive in their order.")
    alarm_id = models.CharField(max_length=36, db_index=True)
    project_id = models.CharField(max_length=100, blank=True)
    cause = models.CharField(max_length=120, blank=True, help_text="The event it came of.")
    notice = models.JSONField(help_text="core.alarm.Notice")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    tries = models.IntegerField(default=0)
    attempts = models.JSONField(default=list, help_text="[{at, ms, outcome, reason}] of every try.")
    reason = models.TextField(blank=True, help_text="Why the last try failed.")
    next_try_at = models.DateTimeField(null=True, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    meant: Any = None  # no column: target and notice as objects, while the row is in the process that made it

    class Meta:
        """In the order they were made."""

        ordering = ["created_at", "id"]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="waiting"), name="due"),
            models.Index(fields=["lane", "created_at"], condition=models.Q(state="waiting"), name="waiting_lane"),
        ]
