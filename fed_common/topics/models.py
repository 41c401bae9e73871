"""The log of topics the gateway keeps itself."""

from __future__ import annotations

from django.db import models


class Topic(models.Model):
    """A named log. ``next_offset`` is taken under a row lock, so offsets have no holes."""

    name = models.CharField(max_length=249, unique=True)
    description = models.TextField(blank=True)
    owner = models.CharField(max_length=16, blank=True)
    next_offset = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)


class TopicAccess(models.Model):
    """One api key that may read or write an owned topic."""

    class Right(models.TextChoices):
        """What the key may do."""

        READ = "read"
        WRITE = "write"

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="access")
    right = models.CharField(max_length=5, choices=Right)
    key = models.CharField(max_length=100)

    class Meta:
        """One row per right."""

        constraints = [models.UniqueConstraint(fields=["topic", "right", "key"], name="topic_access_once")]


class TopicMessage(models.Model):
    """One stored message. ``value`` is UTF-8; bytes, because PostgreSQL's text cannot hold a NUL."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="messages")
    offset = models.BigIntegerField()
    key = models.CharField(max_length=255, blank=True)
    value = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        """Offsets are unique within a topic."""

        constraints = [models.UniqueConstraint(fields=["topic", "offset"], name="topic_offset_once")]


class ConsumerGroup(models.Model):
    """How far a group has been handed out."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="groups")
    name = models.CharField(max_length=200)
    next_offset = models.BigIntegerField()

    class Meta:
        """One row per group."""

        constraints = [models.UniqueConstraint(fields=["topic", "name"], name="topic_group_once")]


class OwedPage(models.Model):
    """A page handed to one consumer of a group that it has not confirmed by coming back."""

    group = models.ForeignKey(ConsumerGroup, models.CASCADE, related_name="owed")
    consumer = models.CharField(max_length=200)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    written = models.BooleanField(default=False)
    handed_at = models.DateTimeField()

    class Meta:
        """One page per consumer at a time."""

        constraints = [models.UniqueConstraint(fields=["group", "consumer"], name="owed_page_once")]
