"""The monitor's rows: what is watched, who watches it, what VNFs there are and what is being done to them."""

from __future__ import annotations

import uuid

from django.db import models

from fed_common.core.health import Health, ProbeKind
from fed_common.core.vnf import EventType, OperationKind, VnfStatus
from fed_common.inventory.models import Vim
from fed_common.topics.columns import ChangeNumber, choices

SHARDS = 256


class Vnf(models.Model):
    """One virtual network function. Only conductors change its status once it was made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=255, unique=True)
    description = models.TextField(blank=True)
    tenant_id = models.CharField(max_length=100, blank=True)
    vim = models.ForeignKey(Vim, models.PROTECT, related_name="vnfs")
    vnfd = models.JSONField(help_text="The descriptor as it was given, with its inputs filled in.")
    status = models.CharField(max_length=20, choices=choices(VnfStatus), default=VnfStatus.PENDING_CREATE)
    error_reason = models.TextField(blank=True)
    action_id = models.UUIDField(null=True, blank=True, help_text="The monitor action it has now.")
    failure_count = models.IntegerField(default=0)
    attributes = models.JSONField(default=dict, help_text="dead_instance_id_<n>, and what actions keep.")
    maintenance = models.BooleanField(default=False, help_text="It is watched, but nothing is done to it.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """By name."""

        ordering = ["name"]


class Vnfc(models.Model):
    """One member of a VDU: an instance of the cloud, with the address it is managed by."""

    vnf = models.ForeignKey(Vnf, models.CASCADE, related_name="members")
    vdu = models.CharField(max_length=255)
    number = models.IntegerField(help_text="Counts within the VDU and is not used again.")
    key = models.CharField(max_length=100, blank=True, help_text="InstanceSpec.key; empty: it was adopted.")
    instance_id = models.CharField(max_length=100, blank=True, db_index=True)
    address = models.CharField(max_length=255, blank=True)
    health = models.CharField(max_length=10, choices=choices(Health), default=Health.PENDING)
    rule = models.CharField(max_length=50, blank=True, help_text="What decided its health last.")
    reason = models.TextField(blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When its cloud was first asked to make it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """By VDU and number."""

        ordering = ["vdu", "number"]
        constraints = [models.UniqueConstraint(fields=["vnf", "vdu", "number"], name="vnfc_once")]


class Workflow(models.Model):
    """The monitoring of one VIM or VNF, in Mistral's words: workflow, its one execution and its one task.

    ``action_id`` is that of the running monitor action: whatever names another one is obsolete.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=50, unique=True, help_text="vim_id_<uuid> or vnf_id_<uuid>")
    execution_id = models.UUIDField(default=uuid.uuid4, unique=True)
    task_id = models.UUIDField(default=uuid.uuid4, unique=True)
    action_id = models.UUIDField(default=uuid.uuid4, unique=True)
    vim = models.OneToOneField(Vim, models.CASCADE, null=True, related_name="workflow")
    vnf = models.OneToOneField(Vnf, models.CASCADE, null=True, related_name="workflow")
    task_name = models.CharField(max_length=100)
    input = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Of how its VIM is reached.")
    killed_at = models.DateTimeField(null=True, blank=True, help_text="Somebody killed the action.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """In the order they were made."""

        ordering = ["created_at", "name"]


class Target(models.Model):
    """One address of a workflow, asked in one way.

    Executors read the rows whose ``revision`` is newer than what they know, ``removed`` ones included, so
    whoever changes what they need to know raises it with ``TargetRevision.next``, in the same transaction.
    """

    workflow = models.ForeignKey(Workflow, models.SET_NULL, null=True, related_name="targets")
    member = models.ForeignKey(Vnfc, models.SET_NULL, null=True, related_name="targets")
    action_id = models.UUIDField()
    subject = models.UUIDField(help_text="Of the VIM or VNF.")
    shard = models.SmallIntegerField(help_text="Follows from the subject: one executor has all of a subject.")
    kind = models.CharField(max_length=10, choices=choices(ProbeKind))
    address = models.CharField(max_length=255)
    port = models.IntegerField(default=0)
    count = models.IntegerField(default=1)
    interval = models.FloatField(default=1.0)
    timeout = models.FloatField(default=1.0)
    retry = models.IntegerField(default=1)
    fall = models.IntegerField(default=1)
    rise = models.IntegerField(default=1)
    actions = models.JSONField(default=dict, help_text="What a monitor returns -> names of policy actions.")
    not_before = models.DateTimeField(null=True, blank=True)
    health = models.CharField(max_length=10, choices=choices(Health), default=Health.PENDING)
    rule = models.CharField(max_length=50, blank=True)
    reason = models.TextField(blank=True)
    flapping = models.BooleanField(default=False)
    changed_at = models.DateTimeField(null=True, blank=True)
    failure_seq = models.IntegerField(default=0, help_text="How often it went DOWN; only conductors count.")
    answered_seq = models.IntegerField(default=0, help_text="The last failure that was answered by the policy.")
    removed = models.BooleanField(default=False)
    revision = models.BigIntegerField(default=0)

    class Meta:
        """What an executor asks for, and what the reconciler does."""

        ordering = ["id"]
        indexes = [
            models.Index(fields=["shard", "revision"]),
            models.Index(fields=["revision"]),
            models.Index(fields=["health"]),
        ]


class TargetRevision(ChangeNumber):
    """One row that numbers the changes of targets, in the order they are committed."""


class Shard(models.Model):
    """Which executor watches the targets of a shard, until when. ``epoch`` is raised with every new owner."""

    number = models.SmallIntegerField(primary_key=True)
    owner = models.CharField(max_length=100, blank=True)
    epoch = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()


class Operation(models.Model):
    """Something a conductor does to a VNF, or did: a life-cycle operation or a policy action.

    One failure is answered once: the key is the target's and the number of its failure. ``owner`` runs it
    until ``expires_at``; then any conductor goes on at ``step``, so every step looks before it does.
    """

    class State(models.TextChoices):
        """``held``: something speaks against doing it now; it is looked at again."""

        WAITING = "waiting"
        HELD = "held"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    vnf = models.ForeignKey(Vnf, models.CASCADE, related_name="operations")
    kind = models.CharField(max_length=20, choices=choices(OperationKind))
    parameters = models.JSONField(default=dict)
    action_id = models.UUIDField(null=True, blank=True)
    target = models.BigIntegerField(null=True, blank=True)
    failure_seq = models.IntegerField(null=True, blank=True)
    turn = models.IntegerField(default=0, help_text="Its place among the actions of one failure.")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING, db_index=True)
    step = models.CharField(max_length=50, blank=True)
    reason = models.TextField(blank=True, help_text="Why it is held, or why it failed.")
    kept = models.JSONField(default=dict, help_text="What a step has to remember for the next.")
    owner = models.CharField(max_length=100, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """In the order they were asked for."""

        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["target", "failure_seq", "turn"], name="failure_answered_once"),
            models.UniqueConstraint(
                fields=["vnf"], condition=models.Q(state="running"), name="one_operation_of_a_vnf_runs"
            ),
        ]


UNFINISHED = (Operation.State.WAITING, Operation.State.RUNNING)
OPEN = (*UNFINISHED, Operation.State.HELD)


class LifecycleEvent(models.Model):
    """What a VIM or VNF went through, as Tacker keeps it; and what is still to be told of it to the river."""

    resource_type = models.CharField(max_length=10)
    resource_id = models.UUIDField()
    vim_id = models.CharField(max_length=201, blank=True)
    resource_state = models.CharField(max_length=30)
    event_type = models.CharField(max_length=10, choices=choices(EventType))
    event_details = models.TextField(blank=True)
    rule = models.CharField(max_length=50, blank=True)
    timestamp = models.DateTimeField()
    event = models.JSONField(null=True, blank=True, help_text="core.Event, until the river has it.")

    class Meta:
        """In the order they happened."""

        ordering = ["id"]
        indexes = [
            models.Index(fields=["resource_id", "id"]),
            models.Index(fields=["id"], condition=models.Q(event__isnull=False), name="untold"),
        ]
