"""What exists: the clouds."""

from __future__ import annotations

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
    """One registered cloud. The transport URL holds a password, so it is sealed."""

    cloud_owner = models.CharField(max_length=100)
    region = models.CharField(max_length=100)
    type = models.CharField(max_length=50)
    sealed_transport_url = models.TextField(blank=True)
    exchange = models.CharField(max_length=100, default="nova")
    topics = models.JSONField(default=list)
    pool = models.CharField(max_length=100, blank=True)
    filter = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """A cloud region is registered once."""

        ordering = ["cloud_owner", "region"]
        constraints = [models.UniqueConstraint(fields=["cloud_owner", "region"], name="vim_once")]

    @property
    def vim_id(self) -> core.VimId:
        """The pair that names it."""
        return core.VimId(self.cloud_owner, self.region)

    def to_core(self) -> core.Vim:
        """The form plugins see, with the transport URL in clear."""
        transport = None
        if self.sealed_transport_url:
            transport = core.NotificationTransport(
                url=sealing.unseal(self.sealed_transport_url),
                exchange=self.exchange,
                topics=tuple(self.topics),
                pool=self.pool,
            )
        return core.Vim(id=self.vim_id, type=self.type, transport=transport)
