"""What the river says of members of VNFs: it changes their health before any probe notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings

from fed_common.core.health import Flip, Health
from fed_common.core.kinds import Kind, Phase
from fed_common.core.model import Event
from fed_common.monitor.conductor.judging import TIMEOUT
from fed_common.monitor.conductor.scene import Scene
from fed_common.monitor.models import Vnfc
from fed_common.topics.database import writing

RULE = "river:"
ENDS = frozenset(
    {
        *(Kind.DELETE, Kind.SOFT_DELETE, Kind.SHUT_DOWN, Kind.POWER_OFF),
        *(Kind.SUSPEND, Kind.PAUSE, Kind.ERROR, Kind.CRASH_DUMP),
    }
)
"""The guest does not run any more."""
BEGINS = frozenset({Kind.POWER_ON, Kind.RESUME, Kind.UNPAUSE, Kind.RESTORE, Kind.REBOOT})
"""It begins to run, or to run again."""


def health_after(event: Event) -> Health | None:
    """The health of an instance once this happened to it; ``None``: it says nothing of that."""
    done = event.phase in (Phase.END, Phase.MOMENT)
    if event.kind == Kind.ERROR or (done and event.kind in ENDS):
        return Health.DOWN
    return Health.PENDING if done and event.kind in BEGINS else None


def hear(events: Sequence[Event], wake: Callable[[], None]) -> None:
    """Heed these events, in their order; those of instances that are no members are passed by.

    Raises Retryable: no database.
    """
    telling = [one for one in events if health_after(one)]
    if not telling:
        return
    with writing(TIMEOUT):
        rows = Vnfc.objects.filter(instance_id__in={one.instance_id for one in telling} - {""})
        members = {
            (vim_id, instance): pk
            for vim_id, instance, pk in rows.values_list("vnf__vim__full_id", "instance_id", "pk")
        }
        scene = Scene(members=members.values())
        for one in telling:
            member = scene.members.get(members.get((one.vim_id, one.instance_id), 0))
            if member is not None:
                _heed(one, member, scene)
        scene.write()
    if scene.operations:
        wake()


def _heed(event: Event, member: Vnfc, scene: Scene) -> None:
    health = health_after(event)
    targets = scene.targets_of(member)
    rule, reason = f"{RULE}{event.kind}", f"its cloud told of {event.type}"
    if health == Health.DOWN:
        for target in targets:
            scene.overrule(target, Flip(Health.DOWN, rule, reason))
        scene.member_is(member, Health.DOWN, rule, reason)
        return
    for target in targets:
        if target.health == Health.DOWN:
            target.not_before = scene.now + timedelta(seconds=settings.BOOT_WAIT)
            scene.overrule(target, Flip(Health.PENDING, rule, reason))
    if not targets:
        scene.member_is(member, Health.UP, rule, reason)
