"""What each notification name of Nova means: the one table behind the mapping, the filters and the docs.

Names  ``compute.instance.<name>[.<suffix>]`` in the legacy format,
       ``instance.<action>[.<suffix>]`` in the versioned one.
Source nova/compute/{manager,api,utils}.py, nova/conductor, nova/objects/fields.py (NotificationAction)
       and doc/notification_samples.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import DropReason

LEGACY, VERSIONED = "legacy", "versioned"
_INSTANCE = {LEGACY: "compute.instance.", VERSIONED: "instance."}
_SERVICE = "service."
_SUFFIXES = {"start": Phase.START, "end": Phase.END, "error": Phase.ERROR}


class Operation(NamedTuple):
    """One thing Nova does to an instance: its names in both formats and its kind.

    ``suffixes`` are those Nova sends. ``bare`` is the phase of the name without a suffix.
    An empty ``legacy`` or ``versioned`` says that this format does not tell of it; an operation
    that only the versioned format tells takes its type from there.
    """

    legacy: str
    versioned: str
    kind: Kind
    suffixes: str = "start end"
    bare: Phase = Phase.MOMENT

    @property
    def name(self) -> str:
        """The name in our event types."""
        return self.legacy or self.versioned


OPERATIONS = (
    Operation("create", "create", Kind.CREATE, "start end error"),
    Operation("delete", "delete", Kind.DELETE),
    Operation("force_delete", "", Kind.DELETE),
    Operation("soft_delete", "soft_delete", Kind.SOFT_DELETE),
    Operation("shutdown", "shutdown", Kind.SHUT_DOWN),
    Operation("restore", "restore", Kind.RESTORE),
    Operation("power_off", "power_off", Kind.POWER_OFF),
    Operation("power_on", "power_on", Kind.POWER_ON),
    Operation("pause", "pause", Kind.PAUSE),
    Operation("unpause", "unpause", Kind.UNPAUSE),
    Operation("suspend", "suspend", Kind.SUSPEND),
    Operation("resume", "resume", Kind.RESUME),
    Operation("reboot", "reboot", Kind.REBOOT, "start end error"),
    Operation("rebuild", "rebuild", Kind.REBUILD, "start end error"),
    Operation("rebuild.scheduled", "rebuild_scheduled", Kind.REBUILD, ""),
    Operation("evacuate", "evacuate", Kind.EVACUATE, ""),
    Operation("rescue", "rescue", Kind.RESCUE),
    Operation("unrescue", "unrescue", Kind.UNRESCUE),
    Operation("resize.prep", "resize_prep", Kind.RESIZE),
    Operation("resize", "resize", Kind.RESIZE, "start end error"),
    Operation("finish_resize", "resize_finish", Kind.RESIZE),
    Operation("resize.confirm", "resize_confirm", Kind.RESIZE),
    Operation("resize.revert", "resize_revert", Kind.RESIZE),
    Operation("live_migration.pre", "live_migration_pre", Kind.LIVE_MIGRATE),
    Operation("live_migration._post", "live_migration_post", Kind.LIVE_MIGRATE),
    Operation("live_migration.post.dest", "live_migration_post_dest", Kind.LIVE_MIGRATE),
    Operation("live_migration._rollback", "live_migration_rollback", Kind.LIVE_MIGRATE),
    Operation("live_migration.rollback.dest", "live_migration_rollback_dest", Kind.LIVE_MIGRATE),
    Operation("live.migration.abort", "live_migration_abort", Kind.LIVE_MIGRATE),
    Operation("live.migration.force.complete", "live_migration_force_complete", Kind.LIVE_MIGRATE),
    Operation("shelve", "shelve", Kind.SHELVE),
    Operation("shelve_offload", "shelve_offload", Kind.SHELVE),
    Operation("unshelve", "unshelve", Kind.UNSHELVE),
    Operation("snapshot", "snapshot", Kind.SNAPSHOT),
    Operation("trigger_crash_dump", "trigger_crash_dump", Kind.CRASH_DUMP),
    Operation("volume.attach", "volume_attach", Kind.VOLUME_ATTACH, "start error", Phase.END),
    Operation("volume.detach", "volume_detach", Kind.VOLUME_DETACH, "start", Phase.END),
    Operation("", "volume_swap", Kind.VOLUME_ATTACH, "start end error"),
    Operation("", "interface_attach", Kind.INTERFACE_ATTACH, "start end error"),
    Operation("", "interface_detach", Kind.INTERFACE_DETACH),
    Operation("", "share_attach", Kind.OTHER, "start end error"),
    Operation("", "share_detach", Kind.OTHER, "start end error"),
    Operation("create_ip", "", Kind.OTHER),
    Operation("delete_ip", "", Kind.OTHER),
    Operation("", "lock", Kind.LOCK, ""),
    Operation("", "unlock", Kind.UNLOCK, ""),
    Operation("watchdog", "", Kind.WATCHDOG, ""),
    Operation("update", "update", Kind.UPDATE, ""),
)
_BY_NAME = {
    LEGACY: {one.name: one for one in OPERATIONS},
    VERSIONED: {one.versioned: one for one in OPERATIONS if one.versioned},
}


class Meaning(NamedTuple):
    """What a notification's name alone says. An empty ``kind`` means: ask the payload (a host event)."""

    type: str
    kind: Kind | None
    phase: Phase
    wire: str


@lru_cache(maxsize=4096)
def meaning(event_type: str) -> Meaning | DropReason:
    """The meaning of a notification's name, or the reason why it is no fact about a VM or host."""
    for wire, prefix in _INSTANCE.items():
        if event_type.startswith(prefix):
            return _instance_meaning(event_type.removeprefix(prefix), wire)
    if event_type.startswith(_SERVICE):
        return Meaning(event_type, None, Phase.MOMENT, VERSIONED)
    if "." not in event_type or event_type.startswith(("compute.exception", "compute_task.")):
        return DropReason.FAULT_REPORT
    return DropReason.NOT_COMPUTE


def _instance_meaning(name: str, wire: str) -> Meaning | DropReason:
    if name.split(".")[0] == "exists":
        return DropReason.USAGE_REPORT
    bare, _, suffix = name.rpartition(".")
    phase = _SUFFIXES.get(suffix) if bare else None
    operation = _BY_NAME[wire].get(bare if phase else name)
    if operation is None:
        kind = _kind_by_stem(name, wire)
        return Meaning(_INSTANCE[LEGACY] + name, kind, phase or Phase.MOMENT, wire)
    if phase is None or phase is operation.bare:
        return Meaning(_INSTANCE[LEGACY] + operation.name, operation.kind, operation.bare, wire)
    return Meaning(f"{_INSTANCE[LEGACY]}{operation.name}.{phase}", operation.kind, phase, wire)


def _kind_by_stem(name: str, wire: str) -> Kind:
    """A name Nova did not have yet: the kind of the longest known beginning."""
    stem = name
    while stem := stem.rpartition(".")[0]:
        if operation := _BY_NAME[wire].get(stem):
            return operation.kind
    return Kind.OTHER
