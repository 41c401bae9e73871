"""The words of a guest's watchdog: how its firing is told, and what was done. Pure.

A watchdog is a device of the VM that the guest has to feed. Nova names it by the flavor's extra spec
``hw:watchdog_action`` or the image's property ``hw_watchdog_action``; libvirt tells that it fired.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

FIRED_TYPE = "compute.instance.watchdog"
CLEARED_TYPE = f"{FIRED_TYPE}.cleared"
SET_TRAIT = "watchdog_action"
"""Of an instance: the action its image or flavor asks for, ``OFF`` when neither does; missing: not known."""
OFF = "disabled"


class WatchdogAction(StrEnum):
    """What was done to the VM; the order is that of libvirt's virDomainEventWatchdogAction."""

    NONE = "none"
    PAUSE = "pause"
    RESET = "reset"
    POWEROFF = "poweroff"
    SHUTDOWN = "shutdown"
    DEBUG = "debug"
    INJECT_NMI = "inject_nmi"


def event_type(*, cleared: bool) -> str:
    """The type of the event that tells it."""
    return CLEARED_TYPE if cleared else FIRED_TYPE


def event_traits(action: str, *, cleared: bool) -> dict[str, str]:
    """What rules ask for: ``watchdog`` is ``fired`` or ``cleared``; ``action`` is what was done, if known."""
    told = {"watchdog": "cleared" if cleared else "fired", "action": action}
    return {name: value for name, value in told.items() if value}


def switched_off(traits: Mapping[str, Any]) -> bool:
    """Whether an instance of these traits is known to have no watchdog, so that none of it can have fired."""
    return traits.get(SET_TRAIT) == OFF
