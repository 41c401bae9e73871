"""The alarms' rows: rules with their history, and what is wrong now."""

from __future__ import annotations

import uuid

from django.db import models

from fed_common.core.alarm import AlarmState, EventCategory, ObjectType, RuleSeverity, Severity
from fed_common.core.rules import RuleType
from fed_common.topics.columns import ChangeNumber, choices


class Rule(models.Model):
    """What Aodh's API calls an alarm. Columns have its names.

    Evaluators read the rows whose ``revision`` is newer than what they know, deleted ones included, so whoever
    changes anything but the state raises it with ``Revision.next``, in the same transaction.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=255, db_index=True)
    description = models.TextField(blank=True)
    enabled = models.BooleanField(default=True)
    type = models.CharField(max_length=20, choices=choices(RuleType))
    rule = models.JSONField(help_text="The content of event_rule or composite_rule.")
    extras = models.JSONField(default=dict, help_text="The content of the key multicloud.")
    severity = models.CharField(max_length=10, choices=choices(RuleSeverity), default=RuleSeverity.LOW)
    state = models.CharField(max_length=20, choices=choices(AlarmState), default=AlarmState.INSUFFICIENT)
    state_reason = models.TextField(default="Not evaluated yet")
    state_timestamp = models.DateTimeField()
    timestamp = models.DateTimeField()
    evaluate_timestamp = models.DateTimeField()
    time_constraints = models.JSONField(default=list)
    ok_actions = models.JSONField(default=list)
    alarm_actions = models.JSONField(default=list)
    insufficient_data_actions = models.JSONField(default=list)
    repeat_actions = models.BooleanField(default=False)
    project_id = models.CharField(max_length=100, blank=True, db_index=True)
    user_id = models.CharField(max_length=200, blank=True)
    revision = models.BigIntegerField(db_index=True)
    clear_at = models.DateTimeField(null=True, blank=True, help_text="When it goes back to ok by itself.")
    quarantine = models.TextField(blank=True, help_text="Why no evaluator can use it.")
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """The newest definition first, as Aodh lists them."""

        ordering = ["-timestamp", "id"]
        indexes = [
            models.Index(fields=["clear_at"], condition=models.Q(clear_at__isnull=False), name="to_clear"),
            models.Index(
                fields=["project_id", "-timestamp", "id"],
                condition=models.Q(deleted_at__isnull=True),
                name="rules_of_project",
            ),
        ]


class Revision(ChangeNumber):
    """One row that numbers the changes of rules, in the order they are committed."""


class RuleChange(models.Model):
    """One entry of a rule's history; it outlives the rule. ``cause`` makes a transition happen once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    rule_id = models.UUIDField()
    type = models.CharField(max_length=20, help_text="creation, rule change, state transition, deletion")
    detail = models.JSONField(default=dict)
    user_id = models.CharField(max_length=200, blank=True)
    project_id = models.CharField(max_length=100, blank=True)
    on_behalf_of = models.CharField(max_length=100, blank=True)
    severity = models.CharField(max_length=10, blank=True)
    timestamp = models.DateTimeField()
    cause = models.CharField(max_length=120, null=True, help_text="Of a transition: the event and what it did.")

    class Meta:
        """The newest first."""

        ordering = ["-timestamp", "-id"]
        constraints = [models.UniqueConstraint(fields=["rule_id", "cause"], name="cause_once")]
        indexes = [models.Index(fields=["rule_id", "timestamp"])]


class Quota(models.Model):
    """How many rules a project may have; no row, or -1: any number."""

    project_id = models.CharField(max_length=100, unique=True)
    limit = models.IntegerField(default=-1)


class PartSeen(models.Model):
    """That an event held for one condition of a composite rule, for one ``subject`` (see ``Extras.same``)."""

    rule_id = models.UUIDField()
    part = models.IntegerField()
    subject = models.CharField(max_length=255, blank=True)
    event_id = models.CharField(max_length=100)
    seen_at = models.DateTimeField()

    class Meta:
        """The newest event of each is enough."""

        constraints = [models.UniqueConstraint(fields=["rule_id", "part", "subject"], name="part_once")]


class Heard(models.Model):
    """That a rule was evaluated against an event: it never is again. ``times`` counts how often it was told."""

    rule_id = models.UUIDField()
    event_id = models.CharField(max_length=100)
    times = models.IntegerField(default=1)
    at = models.DateTimeField(db_index=True)

    class Meta:
        """Once each."""

        constraints = [models.UniqueConstraint(fields=["rule_id", "event_id"], name="heard_once")]


class ActiveAlarm(models.Model):
    """One trouble of one managed object. It leaves the list when it is cleared and acknowledged.

    ``problem`` tells troubles of one object apart (X.733's specific problem): the rule's id or correlation word,
    or the word of the catalogue. A listed alarm is found by its object and problem, and there is one at most.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    vim_id = models.CharField(max_length=201, db_index=True)
    object_type = models.CharField(max_length=10, choices=choices(ObjectType))
    object_id = models.CharField(max_length=255, db_index=True)
    object_name = models.CharField(max_length=255, blank=True)
    host = models.CharField(max_length=255, blank=True)
    tenant_id = models.CharField(max_length=100, blank=True)
    problem = models.CharField(max_length=100)
    name = models.CharField(max_length=255, help_text="What people read.")
    severity = models.CharField(max_length=15, choices=choices(Severity))
    category = models.CharField(max_length=30, choices=choices(EventCategory))
    probable_cause = models.CharField(max_length=255, blank=True)
    details = models.JSONField(default=dict)
    rule_id = models.UUIDField(null=True, blank=True)
    fault_id = models.UUIDField(null=True, blank=True, help_text="The host fault it came of.")
    root_cause = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    count = models.IntegerField(default=1, help_text="How often it was raised.")
    flaps = models.IntegerField(default=0, help_text="How often it came back after it was cleared.")
    event_time = models.DateTimeField()
    raised_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    acked_at = models.DateTimeField(null=True, blank=True)
    acked_by = models.CharField(max_length=200, blank=True)
    cause = models.CharField(max_length=120, blank=True, help_text="The event that changed it last.")

    class Meta:
        """The newest first; one open alarm of an object and a problem."""

        ordering = ["-raised_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["vim_id", "object_type", "object_id", "problem"],
                condition=models.Q(cleared_at__isnull=True),
                name="one_open_alarm",
            )
        ]
        indexes = [
            models.Index(fields=["rule_id"], condition=models.Q(rule_id__isnull=False), name="alarm_of_rule"),
            models.Index(fields=["fault_id"], condition=models.Q(fault_id__isnull=False), name="alarm_of_fault"),
            models.Index(fields=["cleared_at"], condition=models.Q(cleared_at__isnull=False), name="alarm_gone"),
        ]


class AlarmChange(models.Model):
    """One change of the table, numbered without gaps: what receivers resynchronise by.

    A repeat of what is open already has no number: nobody is told, and its cause is known from then on.
    """

    sequence = models.BigIntegerField(unique=True, null=True)
    alarm_id = models.UUIDField(db_index=True)
    vim_id = models.CharField(max_length=201, blank=True)
    kind = models.CharField(max_length=15, help_text="core.alarm.NoticeKind, or repeated")
    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=200, blank=True, help_text="Who, when a person did it.")
    cause = models.CharField(max_length=120, blank=True, db_index=True)
    notice = models.JSONField(help_text="core.alarm.Notice, as it was told; empty for a repeat.")

    class Meta:
        """In the order they happened."""

        ordering = ["sequence"]


class Unwritten(models.Model):
    """Changes of the table that are decided, stored with what decided them, and written there a little later."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    changes = models.JSONField(help_text="table.changes, in their order.")
    reason = models.TextField(blank=True, help_text="Why they never can be written.")
    created_at = models.DateTimeField(db_index=True)


class TableSequence(models.Model):
    """One row: the number of the last change of the table. Holding it orders the writers."""

    number = models.BigIntegerField(default=0)

    @classmethod
    def held(cls) -> TableSequence:
        """It, nobody else's until this transaction ends. Safe to call twice."""
        return cls.objects.select_for_update().get_or_create(pk=1)[0]
