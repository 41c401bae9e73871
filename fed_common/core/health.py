"""The nouns of health: what is asked, what was answered, and what is thought of a target because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ProbeKind(StrEnum):
    """How a target is asked. The first three are the names of Tacker's monitoring policies."""

    PING = "ping"
    HTTP = "http_ping"
    TCP = "tcp"
    VIM_API = "vim_api"


class Verdict(StrEnum):
    """What one check showed. ``ERROR``: the monitor itself could not ask, which says nothing of the target."""

    UP = "up"
    DOWN = "down"
    ERROR = "error"


class Health(StrEnum):
    """What is thought of a target."""

    PENDING = "PENDING"
    UP = "UP"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True)
class Check:
    """How one target is asked, again and again. Times are seconds.

    A ping's check is up to ``count`` echoes, ``interval`` apart: the first answer ends it, and it has failed
    when the last one was not answered within ``timeout``. An http_ping's and a tcp's is up to ``retry`` tries,
    one after the other. The next check begins ``interval`` after the last one began, or when that ended.

    ``address``  an IPv4 or IPv6 address or a host name; of a ``vim_api`` check the vim_id.
    ``port``     of http_ping and tcp.
    """

    kind: ProbeKind
    address: str
    port: int = 0
    count: int = 1
    interval: float = 1.0
    timeout: float = 1.0
    retry: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one check. ``seconds``: until the answer; 0 when there was none."""

    verdict: Verdict
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """One address of a VIM or VNF to be watched, as an executor needs to know it.

    ``action_id``   fences everything that is said of it: the id of the monitor action it belongs to.
    ``subject``     the UUID of the VIM or VNF, which names its queue ``KILL_ACTION.<subject>``.
    ``health``      what the conductor knows; a flip away from it is reported.
    ``fall``        so many checks in a row have to fail before it is DOWN; ``rise``: to work before it is UP.
    ``not_before``  a failure before this moment is none: it boots.
    ``flapping``    its results changed all the time when a conductor last heard of it.
    """

    id: int
    action_id: str
    subject: str
    shard: int
    check: Check
    health: Health = Health.PENDING
    fall: int = 1
    rise: int = 1
    not_before: datetime | None = None
    flapping: bool = False


@dataclass(frozen=True, slots=True)
class Flip:
    """A target's health changed, or it began or ceased to flap. ``rule``: what decided so, see core/judge.py.

    ``flapping``  nothing is done about it. By ``flapping`` and ``steady`` the health stays what it was.
    """

    health: Health
    rule: str
    reason: str = ""
    flapping: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A flip as an executor tells a conductor. ``epoch`` is that of the target's shard when it was seen."""

    target: int
    action_id: str
    epoch: int
    flip: Flip

    def to_dict(self) -> dict[str, object]:
        """The form on the wire; ``from_dict`` reads it back equal."""
        flip = {name: getattr(self.flip, name) for name in Flip.__slots__}
        return {"target": self.target, "action_id": self.action_id, "epoch": self.epoch, "flip": flip}

    @classmethod
    def from_dict(cls, plain: Mapping[str, object]) -> Report:
        """The inverse of ``to_dict``. Raises KeyError, TypeError or ValueError when it is none."""
        flip = dict(plain["flip"])  # type: ignore[call-overload]
        flip["health"] = Health(flip["health"])
        return cls(int(plain["target"]), str(plain["action_id"]), int(plain["epoch"]), Flip(**flip))  # type: ignore[call-overload]


BAD_ACTION = "bad_action"
"""A conductor's answer to an action that is not the wanted one (any more): who asked stops it."""


@dataclass(frozen=True, slots=True)
class MonitoringPolicy:
    """How the members of one VDU are watched and what is done when they fail.

    ``check``   without an address: it is asked of each member's own.
    ``actions`` maps what a monitor returns (``failure``) to policy actions, done in order: each a name of
                MCFED's POLICY_ACTIONS, with what that needs behind a colon: ``respawn``, ``scaling:SP1``,
                ``webhook:http://host/path``. ``scaling`` alone is the policy that scales the VDU.
    ``delay``   seconds after a member came into being before a failure counts; ``None``: MCFED_BOOT_WAIT.
    """

    check: Check
    actions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fall: int = 1
    rise: int = 1
    delay: float | None = None
