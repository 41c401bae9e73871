"""The rows of the shards: renewed, claimed and given back by the database's clock, never by a process's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from fed_common.events.models import Role, Worker
from fed_common.monitor.models import SHARDS, Shard

TTL = timedelta(seconds=3)


@dataclass(frozen=True)
class Table:
    """Who owns what, as one reading found it. ``owners`` has an empty name where a shard is free.

    In ``next_end`` seconds a shard of somebody else becomes free, unless it is renewed.
    """

    alive: list[str]
    owners: Mapping[int, str]
    mine: Mapping[int, int]
    next_end: float


def make_rows() -> None:
    """Have a row for every shard, and none for executors long gone. Safe from several processes at once."""
    Worker.objects.filter(role=Role.EXECUTOR, expires_at__lt=Now() - 10 * TTL).delete()
    if Shard.objects.count() < SHARDS:
        rows = [Shard(number=number, expires_at=Now()) for number in range(SHARDS)]
        Shard.objects.bulk_create(rows, ignore_conflicts=True)


def renew(name: str) -> None:
    """Renew everything that is ours."""
    Shard.objects.filter(owner=name).update(expires_at=Now() + TTL)


def announce(name: str) -> None:
    """Say that we live, and count where shares are made. Before ``renew``: it must not outlast our leases."""
    Worker.objects.update_or_create(name=name, defaults={"role": Role.EXECUTOR, "expires_at": Now() + TTL})


def look(name: str) -> Table:
    """How things are now."""
    rows = list(Shard.objects.values_list("number", "owner", "epoch", "expires_at", Now()))
    left = {number: (end - now).total_seconds() for number, _, _, end, now in rows}
    alive = Worker.objects.filter(role=Role.EXECUTOR, expires_at__gt=Now())
    return Table(
        alive=sorted(alive.values_list("name", flat=True)),
        owners={number: owner if left[number] > 0 else "" for number, owner, *_ in rows},
        mine={number: epoch for number, owner, epoch, *_ in rows if owner == name and left[number] > 0},
        next_end=min(
            (left[number] for number, owner, *_ in rows if owner != name and left[number] > 0), default=60
        ),
    )


def renumber(name: str) -> None:
    """A fresh epoch for everything that is ours: what we said before is obsolete."""
    Shard.objects.filter(owner=name).update(epoch=F("epoch") + 1)


def claim(name: str, wanted: Collection[int]) -> dict[int, int]:
    """Take what of these is free; what we got, with its new epoch."""
    with transaction.atomic():
        free = Shard.objects.select_for_update(skip_locked=True).filter(expires_at__lte=Now())
        seen = dict(free.filter(number__in=wanted).values_list("number", "epoch"))
        taken = Shard.objects.filter(number__in=seen)
        taken.update(owner=name, epoch=F("epoch") + 1, expires_at=Now() + TTL)
    return {number: epoch + 1 for number, epoch in seen.items()}


def release(name: str, numbers: Collection[int]) -> None:
    """Give these back, so that others need not wait for the leases to end."""
    Shard.objects.filter(owner=name, number__in=numbers).update(owner="", expires_at=Now())


def leave(name: str) -> None:
    """Give everything back, and count no more."""
    Shard.objects.filter(owner=name).update(owner="", expires_at=Now())
    Worker.objects.filter(name=name).delete()
