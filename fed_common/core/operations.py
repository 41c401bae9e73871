"""What a look at an instance tells of operations: by the task that is going on, by the state that changed.

Names and kinds are those of the pushed events (docs/specs/event.md), so that polling tells the same facts.
Source: nova/compute/{vm_states,task_states}.py and the order of their changes in nova/compute/manager.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fed_common.core.instances import Instance
from fed_common.core.kinds import Kind, Phase

BUILDING, ACTIVE, ERROR, RESIZED, STOPPED = "building", "active", "error", "resized", "stopped"
SHELVED = ("shelved", "shelved_offloaded")


class Step(NamedTuple):
    """One step of an operation: its name in event types, and its kind."""

    name: str
    kind: Kind


class Operation(NamedTuple):
    """What a task is part of: the step that starts with it, the step that ends it, the states it ends in.

    Without ``ends_in`` it leaves the state alone. One that ``needs_change`` ended only when the state changed.
    """

    start: Step
    end: Step
    ends_in: tuple[str, ...] = ()
    needs_change: bool = True


class Told(NamedTuple):
    """One fact: the step, and how far it is."""

    step: Step
    phase: Phase


CREATE = Step("create", Kind.CREATE)
DELETE = Step("delete", Kind.DELETE)
SOFT_DELETE = Step("soft_delete", Kind.SOFT_DELETE)
RESTORE = Step("restore", Kind.RESTORE)
PAUSE = Step("pause", Kind.PAUSE)
UNPAUSE = Step("unpause", Kind.UNPAUSE)
SUSPEND = Step("suspend", Kind.SUSPEND)
RESUME = Step("resume", Kind.RESUME)
POWER_OFF = Step("power_off", Kind.POWER_OFF)
POWER_ON = Step("power_on", Kind.POWER_ON)
REBOOT = Step("reboot", Kind.REBOOT)
REBUILD = Step("rebuild", Kind.REBUILD)
EVACUATE = Step("evacuate", Kind.EVACUATE)
RESCUE = Step("rescue", Kind.RESCUE)
UNRESCUE = Step("unrescue", Kind.UNRESCUE)
SHELVE = Step("shelve", Kind.SHELVE)
OFFLOAD = Step("shelve_offload", Kind.SHELVE)
UNSHELVE = Step("unshelve", Kind.UNSHELVE)
SNAPSHOT = Step("snapshot", Kind.SNAPSHOT)
RESIZE_PREP = Step("resize.prep", Kind.RESIZE)
RESIZE = Step("resize", Kind.RESIZE)
RESIZE_FINISH = Step("finish_resize", Kind.RESIZE)
RESIZE_CONFIRM = Step("resize.confirm", Kind.RESIZE)
RESIZE_REVERT = Step("resize.revert", Kind.RESIZE)
MIGRATE = Step("migrate", Kind.MIGRATE)
MIGRATE_BEGIN = Step("live_migration.pre", Kind.LIVE_MIGRATE)
MIGRATE_DONE = Step("live_migration.post.dest", Kind.LIVE_MIGRATE)
MIGRATE_UNDONE = Step("live_migration._rollback", Kind.LIVE_MIGRATE)
UPDATE = Step("update", Kind.UPDATE)
FAILED = Step("update", Kind.ERROR)

_BUILD_TASKS = frozenset({"scheduling", "block_device_mapping", "networking", "spawning"})
_CREATING = Operation(CREATE, CREATE, (ACTIVE,))
_UNSHELVING = Operation(UNSHELVE, UNSHELVE, (ACTIVE,))
_SNAPSHOTTING = Operation(SNAPSHOT, SNAPSHOT, needs_change=False)
_SHELVING = Operation(SHELVE, SHELVE, SHELVED)
_BY_TASK = {
    "pausing": Operation(PAUSE, PAUSE, ("paused",)),
    "unpausing": Operation(UNPAUSE, UNPAUSE, (ACTIVE,)),
    "suspending": Operation(SUSPEND, SUSPEND, ("suspended",)),
    "resuming": Operation(RESUME, RESUME, (ACTIVE,)),
    "powering-off": Operation(POWER_OFF, POWER_OFF, (STOPPED,)),
    "powering-on": Operation(POWER_ON, POWER_ON, (ACTIVE,)),
    "rescuing": Operation(RESCUE, RESCUE, ("rescued",)),
    "unrescuing": Operation(UNRESCUE, UNRESCUE, (ACTIVE,)),
    "deleting": Operation(DELETE, DELETE, ("deleted",)),
    "soft-deleting": Operation(SOFT_DELETE, SOFT_DELETE, ("soft-delete",)),
    "restoring": Operation(RESTORE, RESTORE, (ACTIVE, STOPPED)),
    "shelving_offloading": Operation(OFFLOAD, OFFLOAD, ("shelved_offloaded",)),
    "unshelving": _UNSHELVING,
    "migrating": Operation(MIGRATE_BEGIN, MIGRATE_DONE, needs_change=False),
    "resize_prep": Operation(RESIZE_PREP, RESIZE_FINISH, (RESIZED,)),
    "resize_migrating": Operation(RESIZE, RESIZE_FINISH, (RESIZED,)),
    "resize_migrated": Operation(RESIZE, RESIZE_FINISH, (RESIZED,)),
    "resize_finish": Operation(RESIZE_FINISH, RESIZE_FINISH, (RESIZED,)),
    "resize_confirming": Operation(RESIZE_CONFIRM, RESIZE_CONFIRM, (ACTIVE, STOPPED)),
    "resize_reverting": Operation(RESIZE_REVERT, RESIZE_REVERT, (ACTIVE, STOPPED)),
}
_BY_STEM = {
    "reboot": Operation(REBOOT, REBOOT, (ACTIVE,), needs_change=False),
    "rebuild": Operation(REBUILD, REBUILD, (ACTIVE,), needs_change=False),
    "shelving": _SHELVING,
    "image_": _SNAPSHOTTING,
}
_TELL_FAILURE = frozenset({Kind.CREATE, Kind.REBOOT, Kind.REBUILD, Kind.RESIZE})
_MAKES_ANEW = frozenset({Kind.CREATE, Kind.REBOOT, Kind.REBUILD, Kind.RESCUE, Kind.RESIZE, Kind.UNRESCUE})
_SHELF = frozenset({Kind.SHELVE, Kind.UNSHELVE})
_ENTERED = {
    "paused": PAUSE,
    "suspended": SUSPEND,
    "stopped": POWER_OFF,
    "rescued": RESCUE,
    "resized": RESIZE_FINISH,
    "soft-delete": SOFT_DELETE,
    "shelved": SHELVE,
    "shelved_offloaded": OFFLOAD,
}
_LEFT_FOR_ACTIVE = {
    "paused": UNPAUSE,
    "suspended": RESUME,
    "stopped": POWER_ON,
    "rescued": UNRESCUE,
    "shelved": UNSHELVE,
    "shelved_offloaded": UNSHELVE,
}


def operation(one: Instance) -> Operation | None:
    """What is going on with an instance, as far as its task tells."""
    task = one.state_description
    if task in _BUILD_TASKS:
        return _CREATING if one.state == BUILDING else _UNSHELVING if one.state in SHELVED else None
    if not task or task in _BY_TASK:
        return _BY_TASK.get(task)
    return next((found for stem, found in _BY_STEM.items() if task.startswith(stem)), None)


def facts_of_new(new: Instance) -> Iterator[Told]:
    """What a first look at an instance tells that was not there before."""
    if new.state == BUILDING:
        yield Told(CREATE, Phase.START)
    elif new.state == ERROR:
        yield Told(FAILED, Phase.MOMENT)
    else:
        yield Told(CREATE, Phase.END)
    doing = operation(new)
    if doing and doing.start != CREATE:
        yield Told(doing.start, Phase.START)


def facts_between(old: Instance, new: Instance) -> Iterator[Told]:
    """What happened to an instance from one look to the next, in this order."""
    before, after = operation(old), operation(new)
    ended = [*_ends(old, new, before, after)]
    kinds = {one.step.kind for one in ended}
    busy = kinds | {doing.start.kind for doing in (before, after) if doing}
    yield from ended
    yield from _traces(old, new, kinds, busy)
    if after and after.start != (before.start if before else None) and after.start != CREATE:
        yield Told(after.start, Phase.START)


def _ends(old: Instance, new: Instance, before: Operation | None, after: Operation | None) -> Iterator[Told]:
    """The operation that is over, then the change of state it does not explain."""
    changed, explained = old.state != new.state, False
    if before and (after is None or after.start != before.start):
        explained = changed and new.state in before.ends_in
        if new.state == ERROR:
            yield from [Told(before.end, Phase.ERROR)] if before.end.kind in _TELL_FAILURE else []
        elif explained or not before.needs_change or _resized_unseen(old, new, before, after):
            yield Told(_end(before, old, new), Phase.END)
    if changed and not explained:
        yield _transition(old, new)


def _end(doing: Operation, old: Instance, new: Instance) -> Step:
    """Of a live migration, where the instance is now tells how it ended; of a shelving, whether it went on."""
    if doing.end == MIGRATE_DONE and old.host == new.host:
        return MIGRATE_UNDONE
    return OFFLOAD if doing.end == SHELVE and new.state == "shelved_offloaded" else doing.end


def _resized_unseen(old: Instance, new: Instance, before: Operation, after: Operation | None) -> bool:
    """Resized and confirmed between two looks: the state is as before, but it was made anew."""
    over = before.end == RESIZE_FINISH and (after is None or after.start.kind != Kind.RESIZE)
    return over and old.state == new.state and _made_anew(old, new)


def _transition(old: Instance, new: Instance) -> Told:
    """The operation a change of state stands for when no task was seen."""
    if new.state == ERROR:
        return Told(FAILED, Phase.MOMENT)
    if old.state == BUILDING:
        return Told(CREATE, Phase.END)
    if old.state == RESIZED and new.state in (ACTIVE, STOPPED):
        same = old.flavor == new.flavor and old.host == new.host
        return Told(RESIZE_CONFIRM if same else RESIZE_REVERT, Phase.END)
    if old.state == "soft-delete":
        return Told(RESTORE, Phase.END)
    step = _LEFT_FOR_ACTIVE.get(old.state) if new.state == ACTIVE else _ENTERED.get(new.state)
    return Told(step, Phase.END) if step else Told(UPDATE, Phase.MOMENT)


def _traces(old: Instance, new: Instance, ended: set[Kind], busy: set[Kind]) -> Iterator[Told]:
    """What happened between two looks and left a trace other than the state."""
    moved = bool(old.host and new.host and old.host != new.host)
    rebuilt = not busy and bool(old.image) and _made_anew(old, new) and not _resized(old, new)
    if moved and (Kind.REBUILD in busy or rebuilt):
        yield Told(EVACUATE, Phase.MOMENT)
    elif moved and busy.isdisjoint({Kind.RESIZE, Kind.LIVE_MIGRATE, Kind.UNSHELVE, Kind.CREATE}):
        yield Told(MIGRATE, Phase.END)
    if Kind.RESIZE not in busy and _resized(old, new):
        yield Told(RESIZE_FINISH, Phase.END)
    elif not ended and old.state == new.state and busy.isdisjoint(_MAKES_ANEW | _SHELF):
        yield from _renewal(old, new)
    if old.name and new.name and old.name != new.name and Kind.UPDATE not in ended:
        yield Told(UPDATE, Phase.MOMENT)


def _renewal(old: Instance, new: Instance) -> Iterator[Told]:
    """Nova sets ``launched_at`` when it makes a VM anew; where VMs have no image it is the boot time.

    While it unshelves a VM, Nova shows the image of its snapshot: a shelved VM is not rebuilt.
    """
    if new.state in SHELVED:
        return
    if old.image and new.image:
        if old.image != new.image or _made_anew(old, new):
            yield Told(REBUILD, Phase.END)
    elif _made_anew(old, new):
        yield Told(REBOOT, Phase.END)


def _made_anew(old: Instance, new: Instance) -> bool:
    """To the second: a cloud's API and its notifications differ in the fraction."""
    return bool(old.launched_at and new.launched_at) and old.launched_at[:19] != new.launched_at[:19]


def _resized(old: Instance, new: Instance) -> bool:
    """As far as both looks know its size."""
    return any(before and after and before != after for before, after in zip(_size(old), _size(new), strict=True))


def _size(one: Instance) -> tuple[object, ...]:
    return one.flavor, one.payload.get("vcpus"), one.payload.get("memory_mb")
