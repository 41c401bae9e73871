"""The states of targets, VIMs, VNFs and operations, and what leads from one to another: tables, and pictures.

Whoever changes the status of a VNF asks ``transition``; ``docs/specs/monitor-states.md`` shows the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from fed_common.core.errors import Conflict
from fed_common.core.health import Health
from fed_common.core.vnf import VnfStatus

S = TypeVar("S", bound=StrEnum)


class VimStatus(StrEnum):
    """Tacker's statuses of a VIM."""

    PENDING = "PENDING"
    REACHABLE = "REACHABLE"
    UNREACHABLE = "UNREACHABLE"


class OperationState(StrEnum):
    """How far an operation on a VNF is. ``held``: something speaks against doing it now."""

    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Seen(StrEnum):
    """What changes the health of a target and the status of a VIM.

    ``renewed``: it is reached in another way from now on, so nothing is known of it.
    """

    ANSWERS = "answers"
    FAILS = "fails"
    RENEWED = "renewed"


class VnfTrigger(StrEnum):
    """What changes the status of a VNF: an OperationKind begins, or what has begun ends."""

    UPDATE = "update"
    SCALE_OUT = "scale_out"
    SCALE_IN = "scale_in"
    HEAL = "vdu_autoheal"
    RESPAWN = "respawn"
    LOG_AND_KILL = "log_and_kill"
    DELETE = "delete"
    DONE = "done"
    FAILED = "failed"


class OperationTrigger(StrEnum):
    """What changes the state of an operation.

    ``release``: nothing speaks against it any more. ``resume``: its conductor died and another one goes on.
    """

    START = "start"
    HOLD = "hold"
    RELEASE = "release"
    RESUME = "resume"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Table(Generic[S]):
    """The states of a noun. ``moves``: (state, trigger) -> state; ``None``: the thing is no more.

    ``final``  states that nothing leads out of.
    """

    noun: str
    start: S
    moves: Mapping[tuple[S, StrEnum], S | None]
    final: frozenset[S] = frozenset()

    def triggers(self, state: str) -> list[str]:
        """What may happen in that state."""
        return [trigger.value for (before, trigger) in self.moves if before == state]


def transition(table: Table[S], state: str, trigger: str) -> S:
    """The state that follows. Raises Conflict: that cannot happen in this state, or it is no more after it."""
    after = next((to for (before, by), to in table.moves.items() if (before, by) == (state, trigger)), None)
    if after is None:
        allowed = ", ".join(table.triggers(state)) or "nothing"
        raise Conflict(f"{table.noun} in state", str(state), f"does not allow {trigger}; it allows {allowed}")
    return after


def diagram(table: Table[S]) -> str:
    """The table as a Mermaid state diagram."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (before, trigger), after in table.moves.items():
        arrows.setdefault((before, after or "[*]"), []).append(trigger.value)
    lines = [f"[*] --> {table.start}"]
    lines += [f"{before} --> {after}: {', '.join(by)}" for (before, after), by in arrows.items()]
    lines += sorted(f"{state} --> [*]" for state in table.final)
    return "```mermaid\nstateDiagram-v2\n" + "".join(f"    {line}\n" for line in lines) + "```\n"


TARGET: Table[Health] = Table(
    "target",
    Health.PENDING,
    {
        (Health.PENDING, Seen.ANSWERS): Health.UP,
        (Health.PENDING, Seen.FAILS): Health.DOWN,
        (Health.UP, Seen.FAILS): Health.DOWN,
        (Health.DOWN, Seen.ANSWERS): Health.UP,
        (Health.UP, Seen.RENEWED): Health.PENDING,
        (Health.DOWN, Seen.RENEWED): Health.PENDING,
    },
)

VIM: Table[VimStatus] = Table(
    "VIM",
    VimStatus.PENDING,
    {
        (VimStatus.PENDING, Seen.ANSWERS): VimStatus.REACHABLE,
        (VimStatus.PENDING, Seen.FAILS): VimStatus.UNREACHABLE,
        (VimStatus.REACHABLE, Seen.FAILS): VimStatus.UNREACHABLE,
        (VimStatus.UNREACHABLE, Seen.ANSWERS): VimStatus.REACHABLE,
        (VimStatus.REACHABLE, Seen.RENEWED): VimStatus.PENDING,
        (VimStatus.UNREACHABLE, Seen.RENEWED): VimStatus.PENDING,
    },
)

_BEGUN = {
    VnfTrigger.UPDATE: VnfStatus.PENDING_UPDATE,
    VnfTrigger.SCALE_OUT: VnfStatus.PENDING_SCALE_OUT,
    VnfTrigger.SCALE_IN: VnfStatus.PENDING_SCALE_IN,
    VnfTrigger.HEAL: VnfStatus.PENDING_HEAL,
    VnfTrigger.RESPAWN: VnfStatus.DEAD,
    VnfTrigger.LOG_AND_KILL: VnfStatus.DEAD,
}
_ENDING = (VnfStatus.PENDING_CREATE, *dict.fromkeys(_BEGUN.values()))
_DELETABLE = (
    VnfStatus.PENDING_CREATE,
    VnfStatus.ACTIVE,
    VnfStatus.PENDING_SCALE_OUT,
    VnfStatus.PENDING_SCALE_IN,
    VnfStatus.DEAD,
    VnfStatus.ERROR,
)
VNF: Table[VnfStatus] = Table(
    "VNF",
    VnfStatus.PENDING_CREATE,
    {
        **{(VnfStatus.ACTIVE, trigger): begun for trigger, begun in _BEGUN.items()},
        **{(status, VnfTrigger.DONE): VnfStatus.ACTIVE for status in _ENDING},
        **{(status, VnfTrigger.FAILED): VnfStatus.ERROR for status in _ENDING},
        **{(status, VnfTrigger.DELETE): VnfStatus.PENDING_DELETE for status in _DELETABLE},
        (VnfStatus.PENDING_DELETE, VnfTrigger.DONE): None,
        (VnfStatus.PENDING_DELETE, VnfTrigger.FAILED): VnfStatus.ERROR,
    },
)

_OPEN = (OperationState.WAITING, OperationState.HELD, OperationState.RUNNING)
OPERATION: Table[OperationState] = Table(
    "operation",
    OperationState.WAITING,
    {
        (OperationState.WAITING, OperationTrigger.START): OperationState.RUNNING,
        (OperationState.WAITING, OperationTrigger.HOLD): OperationState.HELD,
        (OperationState.HELD, OperationTrigger.RELEASE): OperationState.WAITING,
        (OperationState.RUNNING, OperationTrigger.HOLD): OperationState.HELD,
        (OperationState.RUNNING, OperationTrigger.RESUME): OperationState.RUNNING,
        (OperationState.RUNNING, OperationTrigger.FINISH): OperationState.DONE,
        (OperationState.RUNNING, OperationTrigger.FAIL): OperationState.FAILED,
        **{(state, OperationTrigger.CANCEL): OperationState.CANCELLED for state in _OPEN},
    },
    final=frozenset({OperationState.DONE, OperationState.FAILED, OperationState.CANCELLED}),
)
