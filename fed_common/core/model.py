"""The nouns that cross rooms. Pure data, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.kinds import Kind, Origin, Phase

VIM_ID_FORM = "{cloud_owner}_{cloud_region_id}, both of letters, digits, '.', '-' ('_' in the region)"


@dataclass(frozen=True, slots=True)
class VimId:
    """The pair that names a cloud; its text form joins both with the first ``_``."""

    owner: str
    region: str

    def __str__(self) -> str:
        return f"{self.owner}_{self.region}"

    @classmethod
    def parse(cls, text: str) -> VimId:
        """Read the text form. Raises Invalid when it has no ``_`` or an empty half."""
        owner, joined, region = text.partition("_")
        words = (owner, region.replace("_", ""))
        if not joined or not all(word.replace(".", "").replace("-", "").isalnum() for word in words):
            raise Invalid("vim_id", text, VIM_ID_FORM)
        return cls(owner, region)


@dataclass(frozen=True, slots=True)
class NotificationTransport:
    """Where a cloud's notifications are read. ``url`` holds a password: never log it."""

    url: str
    exchange: str = "nova"
    topics: tuple[str, ...] = ("notifications", "versioned_notifications")
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Vim:
    """One registered cloud as its plugin needs to see it."""

    id: VimId
    type: str
    transport: NotificationTransport | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Our normalised, immutable fact about one VM or host.

    ``id`` is stable over redelivery. ``fact`` is the same for the legacy and the versioned copy of
    one fact, and ``wire`` tells which copy this is. ``payload`` has the keys of the spec's sample.
    """

    id: str
    type: str
    vim_id: str
    instance_id: str
    kind: Kind
    phase: Phase
    state: str
    occurred_at: datetime
    received_at: datetime
    old_state: str = ""
    state_description: str = ""
    old_state_description: str = ""
    launched_at: str = ""
    instance_name: str = ""
    host: str = ""
    tenant_id: str = ""
    fact: str = ""
    wire: str = ""
    origin: Origin = Origin.PUSH
    traits: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The order key: facts of one instance (else host, else VIM) keep their order."""
        return self.instance_id or self.host or self.vim_id

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe copy; ``from_dict`` reads it back equal."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["occurred_at"] = clock.iso(self.occurred_at)
        plain["received_at"] = clock.iso(self.received_at)
        plain["traits"], plain["payload"] = dict(self.traits), dict(self.payload)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Event:
        """The inverse of ``to_dict``."""
        values = dict(plain)
        for name in ("occurred_at", "received_at"):
            values[name] = datetime.fromisoformat(values[name])
        values["kind"], values["phase"] = Kind(values["kind"]), Phase(values["phase"])
        values["origin"] = Origin(values["origin"])
        return cls(**values)
