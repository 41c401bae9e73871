"""What a matching event does to a rule: the state table. Pure."""

from __future__ import annotations

from enum import StrEnum

from fed_common.core.alarm import AlarmState


class Step(StrEnum):
    """``join``: nobody is told, and one more object is in trouble. ``leave``: it no longer is, others are."""

    FIRE = "fire"
    AGAIN = "again"
    JOIN = "join"
    LEAVE = "leave"
    CLEAR = "clear"
    NOTHING = "nothing"


TRANSITIONS = {Step.FIRE: AlarmState.ALARM, Step.AGAIN: AlarmState.ALARM, Step.CLEAR: AlarmState.OK}
"""Where those lead that history and actions tell of."""


def step_of(
    state: str, *, raises: bool, clears: bool, repeat: bool, subject: str, troubled: set[str] | None
) -> Step:
    """What happens. An event that would do both raises.

    ``troubled``  whose trouble the rule is in alarm for; ``None``: it has no clear condition and keeps no count.
    """
    if raises and state != AlarmState.ALARM:
        return Step.FIRE
    if raises and repeat:
        return Step.AGAIN
    if raises:
        return Step.JOIN if troubled is not None and subject not in troubled else Step.NOTHING
    if not clears or state != AlarmState.ALARM:
        return Step.NOTHING
    if not troubled or troubled == {subject}:
        return Step.CLEAR
    return Step.LEAVE if subject in troubled else Step.NOTHING
