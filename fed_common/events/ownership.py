"""Each VIM is read by exactly one listener and polled by exactly one poller: leases in the database.

A lease lasts three seconds and is renewed twice a second, so a process that was killed is replaced
within five. The database's clock decides, never a process's own.
"""

from __future__ import annotations

import math
import os
import socket
import uuid
from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from fed_common.events.models import Lease, Role, Worker
from fed_common.topics.database import reachable

LEASE = timedelta(seconds=3)
RENEW_EVERY = 0.5


class Ownership:
    """The share of VIMs that one process owns in its role."""

    def __init__(self, owner: str, role: Role = Role.LISTENER) -> None:
        self.owner, self._role = owner, role
        self._leases = Lease.objects.filter(role=role)
        self._mine = self._leases.filter(owner=owner)

    def share(self, vim_ids: Collection[str], connected: Collection[str] = ()) -> set[str]:
        """Renew, give up and claim leases, and tell which of these VIMs are ours now.

        ``connected`` are those whose bus is being read. Raises Retryable while the database is down:
        nobody can take over then, so go on as before.
        """
        with reachable():
            fair = math.ceil(len(vim_ids) / self._announce()) if vim_ids else 0
            ours = self._renew(vim_ids, connected)
            for vim_id in sorted(ours)[fair:]:
                self._mine.filter(vim_id=vim_id).delete()
                ours.discard(vim_id)
            for vim_id in sorted(set(vim_ids) - ours):
                if len(ours) < fair and self._claim(vim_id):
                    ours.add(vim_id)
        return ours

    def holds(self, vim_id: str) -> bool:
        """Whether this VIM is still ours. Raises Retryable."""
        with reachable():
            return self._mine.filter(vim_id=vim_id, expires_at__gt=Now()).exists()

    def leave(self) -> None:
        """Give everything up at once, so that others need not wait for the leases to end."""
        with reachable():
            self._mine.all().delete()
            Worker.objects.filter(name=self.owner).delete()

    def _announce(self) -> int:
        """Say that we live; how many of our role do."""
        until = Now() + LEASE
        Worker.objects.filter(expires_at__lt=Now() - 10 * LEASE).delete()
        Worker.objects.update_or_create(name=self.owner, defaults={"role": self._role, "expires_at": until})
        return Worker.objects.filter(role=self._role, expires_at__gt=Now()).count()

    def _renew(self, vim_ids: Collection[str], connected: Collection[str]) -> set[str]:
        self._mine.exclude(vim_id__in=vim_ids).delete()
        self._mine.update(expires_at=Now() + LEASE)
        rows = dict(self._mine.values_list("vim_id", "connected"))
        for now in (True, False):
            if turned := [vim_id for vim_id, before in rows.items() if before != now == (vim_id in connected)]:
                self._mine.filter(vim_id__in=turned).update(connected=now)
        return set(rows)

    def _claim(self, vim_id: str) -> bool:
        until = Now() + LEASE
        taken = self._leases.filter(vim_id=vim_id, expires_at__lt=Now()).update(
            owner=self.owner, expires_at=until, connected=False
        )
        if taken:
            return True
        try:
            with transaction.atomic():
                Lease.objects.create(role=self._role, vim_id=vim_id, owner=self.owner, expires_at=until)
        except IntegrityError:
            return False
        return True


def own_name() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


def connected_listeners() -> set[str]:
    """The VIMs whose bus a living listener reads now. Raises Retryable."""
    with reachable():
        living = Lease.objects.filter(role=Role.LISTENER, connected=True, expires_at__gt=Now())
        return set(living.values_list("vim_id", flat=True))


def living(role: Role) -> list[str]:
    """The names of the processes of that role that live, sorted. Raises Retryable."""
    with reachable():
        rows = Worker.objects.filter(role=role, expires_at__gt=Now()).order_by("name")
        return list(rows.values_list("name", flat=True))
