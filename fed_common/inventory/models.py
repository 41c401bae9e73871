"""What exists: the clouds, their instances and hosts."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import models

from fed_common.access import sealing
from fed_common.core import model as core


class Revision(models.Model):
    """One row, raised by every change of VIMs, filters or subscriptions.

    Listeners look at it several times a second, so a change is effective on all of them within one.
    """

    number = models.BigIntegerField(default=0)

    @classmethod
    def raise_it(cls) -> None:
        """Tell every process that routing changed. Call it in the transaction of the change."""
        if not cls.objects.filter(pk=1).update(number=models.F("number") + 1):
            cls.objects.get_or_create(pk=1, defaults={"number": 1})


class Vim(models.Model):
    """One registered cloud. Whatever holds a password is sealed."""

    class Status(models.TextChoices):
        """Whether the cloud answers its last probe or sweep."""

        PENDING = "PENDING"
        REACHABLE = "REACHABLE"
        UNREACHABLE = "UNREACHABLE"

    class Source(models.TextChoices):
        """Who registered it."""

        LOCAL = "local"
        AAI = "aai"

    cloud_owner = models.CharField(max_length=100)
    region = models.CharField(max_length=100)
    full_id = models.CharField(max_length=201, unique=True, help_text="The text form: names it without doubt.")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Its id in the Tacker-compatible face.")
    name = models.CharField(max_length=255, unique=True)
    description = models.TextField(blank=True)
    is_default = models.BooleanField(default=False)
    tenant_id = models.CharField(max_length=100, blank=True)
    type = models.CharField(max_length=50)
    version = models.CharField(max_length=50, blank=True)
    auth_url = models.CharField(max_length=2000, blank=True)
    projects = models.JSONField(default=list)
    region_name = models.CharField(max_length=100, blank=True)
    sealed_credentials = models.TextField(blank=True)
    tls_verify = models.BooleanField(default=True)
    tls_ca = models.TextField(blank=True)
    sealed_transport_url = models.TextField(blank=True)
    exchange = models.CharField(max_length=100, default="nova")
    topics = models.JSONField(default=list)
    pool = models.CharField(max_length=100, blank=True)
    filter = models.JSONField(default=dict)
    poll_interval = models.FloatField(null=True, blank=True, help_text="Seconds; empty: MCFED_POLL_INTERVAL.")
    enabled = models.BooleanField(default=True)
    maintenance = models.BooleanField(default=False, help_text="Nothing is done to what runs in it by itself.")
    source = models.CharField(max_length=10, choices=Source, default=Source.LOCAL)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When A&AI last told of it.")
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    status_reason = models.TextField(blank=True)
    status_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """A cloud region is registered once; at most one is the default."""

        ordering = ["cloud_owner", "region"]
        constraints = [
            models.UniqueConstraint(fields=["cloud_owner", "region"], name="vim_once"),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_vim"
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """See the framework; the texts that follow from the pair are filled."""
        self.full_id = str(self.vim_id)
        self.name = self.name or self.full_id
        super().save(*args, **kwargs)

    @property
    def vim_id(self) -> core.VimId:
        """The pair that names it."""
        return core.VimId(self.cloud_owner, self.region)

    def to_core(self) -> core.Vim:
        """The form plugins see, with its secrets in clear. Raises Permanent: sealed with another key."""
        return core.Vim(
            id=self.vim_id,
            type=self.type,
            version=self.version,
            auth_url=self.auth_url,
            credentials=self._credentials(),
            projects=tuple(self.projects),
            region_name=self.region_name,
            tls=core.Tls(self.tls_verify, self.tls_ca),
            transport=self._transport(),
        )

    def _credentials(self) -> core.Credentials | None:
        if not self.sealed_credentials:
            return None
        return core.Credentials(**json.loads(sealing.unseal(self.sealed_credentials)))

    def _transport(self) -> core.NotificationTransport | None:
        if not self.sealed_transport_url:
            return None
        return core.NotificationTransport(
            url=sealing.unseal(self.sealed_transport_url),
            exchange=self.exchange,
            topics=tuple(self.topics),
            pool=self.pool,
        )


class Instance(models.Model):
    """The last known state of one VM; one that is gone stays a while, as ``deleted``."""

    vim = models.ForeignKey(Vim, models.CASCADE, related_name="instances")
    instance_id = models.CharField(max_length=100)
    name = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=50)
    state_description = models.CharField(max_length=100, blank=True)
    host = models.CharField(max_length=255, blank=True)
    tenant_id = models.CharField(max_length=100, blank=True)
    launched_at = models.CharField(max_length=50, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True, help_text="When its state last changed.")
    seen_at = models.DateTimeField(help_text="When a sweep or an event last told of it.")
    body = models.JSONField(default=dict, help_text="The other fields of core.instances.Instance.")

    class Meta:
        """One row per instance of a VIM."""

        ordering = ["vim", "instance_id"]
        constraints = [models.UniqueConstraint(fields=["vim", "instance_id"], name="instance_once")]
        indexes = [models.Index(fields=["vim", "state"]), models.Index(fields=["vim", "host"])]


class InstanceStateChange(models.Model):
    """One change of one VM's state, in the order they became known; the first has an empty ``old_state``."""

    vim = models.ForeignKey(Vim, models.CASCADE, related_name="state_changes")
    instance_id = models.CharField(max_length=100)
    tenant_id = models.CharField(max_length=100, blank=True)
    old_state = models.CharField(max_length=50, blank=True)
    state = models.CharField(max_length=50)
    state_description = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()
    event_id = models.CharField(max_length=100, blank=True, help_text="Of the event that told; empty: a look did.")
    event_type = models.CharField(max_length=255, blank=True)
    origin = models.CharField(max_length=10)

    class Meta:
        """A chain per instance."""

        ordering = ["id"]
        indexes = [models.Index(fields=["vim", "instance_id", "id"]), models.Index(fields=["at"])]


class Host(models.Model):
    """The last known state of one hypervisor."""

    vim = models.ForeignKey(Vim, models.CASCADE, related_name="hosts")
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=10)
    reason = models.TextField(blank=True)
    availability_zone = models.CharField(max_length=255, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """One row per host of a VIM."""

        ordering = ["vim", "name"]
        constraints = [models.UniqueConstraint(fields=["vim", "name"], name="host_once")]
