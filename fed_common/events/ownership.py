"""Each VIM's notifications are read by exactly one listener process: leases in the database.

A lease lasts three seconds and is renewed twice a second, so a listener that was killed is replaced
within five. The database's clock decides, never a process's own.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from fed_common.events.models import ListenerLease, ListenerProcess
from fed_common.topics.database import reachable

LEASE = timedelta(seconds=3)
RENEW_EVERY = 0.5


class Ownership:
    """The share of VIMs that one listener process owns."""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def share(self, vim_ids: Collection[str]) -> set[str]:
        """Renew, give up and claim leases, and tell which of these VIMs are ours now.

        Raises Retryable while the database is down: nobody can take over then, so go on as before.
        """
        with reachable():
            fair = math.ceil(len(vim_ids) / self._announce()) if vim_ids else 0
            ours = self._renew(vim_ids)
            for vim_id in sorted(ours)[fair:]:
                self._give_up(vim_id)
                ours.discard(vim_id)
            for vim_id in sorted(set(vim_ids) - ours):
                if len(ours) < fair and self._claim(vim_id):
                    ours.add(vim_id)
        return ours

    def leave(self) -> None:
        """Give everything up at once, so that others need not wait for the leases to end."""
        with reachable():
            ListenerLease.objects.filter(owner=self.owner).delete()
            ListenerProcess.objects.filter(name=self.owner).delete()

    def _announce(self) -> int:
        """Say that we live; how many listeners do."""
        until = Now() + LEASE
        ListenerProcess.objects.filter(expires_at__lt=Now() - 10 * LEASE).delete()
        ListenerProcess.objects.update_or_create(name=self.owner, defaults={"expires_at": until})
        return ListenerProcess.objects.filter(expires_at__gt=Now()).count()

    def _renew(self, vim_ids: Collection[str]) -> set[str]:
        ListenerLease.objects.filter(owner=self.owner).exclude(vim_id__in=vim_ids).delete()
        ListenerLease.objects.filter(owner=self.owner).update(expires_at=Now() + LEASE)
        return set(ListenerLease.objects.filter(owner=self.owner).values_list("vim_id", flat=True))

    def _give_up(self, vim_id: str) -> None:
        ListenerLease.objects.filter(vim_id=vim_id, owner=self.owner).delete()

    def _claim(self, vim_id: str) -> bool:
        taken = ListenerLease.objects.filter(vim_id=vim_id, expires_at__lt=Now()).update(
            owner=self.owner, expires_at=Now() + LEASE
        )
        if taken:
            return True
        try:
            with transaction.atomic():
                ListenerLease.objects.create(vim_id=vim_id, owner=self.owner, expires_at=Now() + LEASE)
        except IntegrityError:
            return False
        return True
