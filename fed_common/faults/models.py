"""The host faults' rows: what was reported, what was done about it, and what is to be taken back."""

from __future__ import annotations

import uuid

from django.db import models

from fed_common.inventory.models import Vim

LEFT_ALONE = ("soft-delete", "resized", "error")
"""States of instances that a host fault does not change."""


class HostFault(models.Model):
    """One fault of one host, from its report until what was done is taken back.

    ``owner`` acts until ``expires_at``; then any conductor goes on, so every step looks before it does.
    """

    class State(models.TextChoices):
        """``suppressed``: the host is in maintenance, nothing is done. ``partial``: some of the calls failed."""

        REPORTED = "reported"
        ACTING = "acting"
        DONE = "done"
        PARTIAL = "partial"
        SUPPRESSED = "suppressed"
        CLEARING = "clearing"
        CLEARED = "cleared"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    vim = models.ForeignKey(Vim, models.CASCADE, related_name="host_faults")
    host = models.CharField(max_length=255)
    state = models.CharField(max_length=15, choices=State, default=State.REPORTED, db_index=True)
    source = models.CharField(max_length=100, help_text="Who reported it first.")
    cause = models.CharField(max_length=255, blank=True)
    severity = models.CharField(max_length=15, default="CRITICAL")
    fenced = models.BooleanField(default=False, help_text="The host is known to be switched off.")
    details = models.JSONField(default=dict)
    reports = models.IntegerField(default=1)
    marked_down = models.BooleanField(default=False, help_text="We told the cloud, so we take it back.")
    told = models.BooleanField(default=False, help_text="Every event of it is in the river.")
    reason = models.TextField(blank=True, help_text="What failed last.")
    stages = models.JSONField(default=dict, help_text="Doctor's check points T00...T09, ISO 8601.")
    owner = models.CharField(max_length=100, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(null=True, blank=True)
    occurred_at = models.DateTimeField()
    reported_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    next_report = models.JSONField(null=True, blank=True, help_text="Came while it was taken back.")

    class Meta:
        """The newest first; one open fault of a host."""

        ordering = ["-reported_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["vim", "host"], condition=~models.Q(state="cleared"), name="one_open_fault"
            )
        ]


class FaultedInstance(models.Model):
    """One instance of a host that failed: what it was, and what became of the call that says it is in error."""

    class Outcome(models.TextChoices):
        """``left``: its state was none that a host fault changes."""

        WAITING = "waiting"
        RESET = "reset"
        FAILED = "failed"
        LEFT = "left"
        RESTORED = "restored"

    fault = models.ForeignKey(HostFault, models.CASCADE, related_name="instances")
    instance_id = models.CharField(max_length=100, db_index=True)
    name = models.CharField(max_length=255, blank=True)
    tenant_id = models.CharField(max_length=100, blank=True)
    old_state = models.CharField(max_length=50)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.WAITING)
    tries = models.IntegerField(default=0, help_text="Not 0: the cloud may have been told.")
    reason = models.TextField(blank=True)

    class Meta:
        """By id."""

        ordering = ["instance_id"]
        constraints = [models.UniqueConstraint(fields=["fault", "instance_id"], name="faulted_once")]

    @property
    def is_faulted(self) -> bool:
        """Whether it is told to be in error because of the host."""
        return self.old_state not in LEFT_ALONE


class HostState(models.Model):
    """What people said of a host: in maintenance its faults are recorded and nothing is done."""

    vim = models.ForeignKey(Vim, models.CASCADE, related_name="+")
    host = models.CharField(max_length=255)
    maintenance = models.BooleanField(default=False)
    by = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        """By host."""

        ordering = ["host"]
        constraints = [models.UniqueConstraint(fields=["vim", "host"], name="host_state_once")]


class WatchedHost(models.Model):
    """A host that a detector of the house watches."""

    vim = models.ForeignKey(Vim, models.CASCADE, related_name="watched_hosts")
    host = models.CharField(max_length=255)
    detector = models.CharField(max_length=30)
    sealed_options = models.TextField(blank=True)
    enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=10, blank=True, help_text="What it said last: up or down.")
    reason = models.TextField(blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """By host."""

        ordering = ["host", "detector"]
        constraints = [models.UniqueConstraint(fields=["vim", "host", "detector"], name="watched_once")]
