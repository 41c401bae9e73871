"""The words for what happened to a VM or host: one list for push, poll, filters and documents."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What happened. The first six are the words of the event-federation spec."""

    DELETE = "DELETE"
    PAUSE = "PAUSE"
    POWER_OFF = "POWER_OFF"
    REBUILD = "REBUILD"
    SHUT_DOWN = "SHUT_DOWN"
    SOFT_DELETE = "SOFT_DELETE"
    CREATE = "CREATE"
    CRASH_DUMP = "CRASH_DUMP"
    ERROR = "ERROR"
    EVACUATE = "EVACUATE"
    HOST_DISABLED = "HOST_DISABLED"
    HOST_DOWN = "HOST_DOWN"
    HOST_UP = "HOST_UP"
    INTERFACE_ATTACH = "INTERFACE_ATTACH"
    INTERFACE_DETACH = "INTERFACE_DETACH"
    LIVE_MIGRATE = "LIVE_MIGRATE"
    LOCK = "LOCK"
    MIGRATE = "MIGRATE"
    POWER_ON = "POWER_ON"
    REBOOT = "REBOOT"
    RESCUE = "RESCUE"
    RESIZE = "RESIZE"
    RESTORE = "RESTORE"
    RESUME = "RESUME"
    SHELVE = "SHELVE"
    SNAPSHOT = "SNAPSHOT"
    SUSPEND = "SUSPEND"
    UNLOCK = "UNLOCK"
    UNPAUSE = "UNPAUSE"
    UNRESCUE = "UNRESCUE"
    UNSHELVE = "UNSHELVE"
    UPDATE = "UPDATE"
    VDU_STATUS = "VDU_STATUS"
    VIM_STATUS = "VIM_STATUS"
    VNF_STATUS = "VNF_STATUS"
    VOLUME_ATTACH = "VOLUME_ATTACH"
    VOLUME_DETACH = "VOLUME_DETACH"
    WATCHDOG = "WATCHDOG"
    OTHER = "OTHER"


class Phase(StrEnum):
    """How far the operation is. ``moment`` marks a fact without a beginning and an end."""

    START = "start"
    END = "end"
    ERROR = "error"
    MOMENT = "moment"


class Origin(StrEnum):
    """By which spring the event entered the river."""

    PUSH = "push"
    POLL = "poll"
    HOUSE = "house"
