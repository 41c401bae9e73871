"""The nouns that cross rooms. Pure data, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.kinds import Kind, Origin, Phase

VIM_ID_FORM = "{cloud_owner}_{cloud_region_id}, both of letters, digits, '.', '-', '_'"


@dataclass(frozen=True, slots=True)
class VimId:
    """The pair that names a cloud; its text form joins both with the first ``_``."""

    owner: str
    region: str

    def __str__(self) -> str:
        return f"{self.owner}_{self.region}"

    @classmethod
    def parse(cls, text: str) -> VimId:
        """Read the text form. Raises Invalid when it has no ``_`` or an empty half.

        The first ``_`` splits, so an owner that holds one is found by the pair or by the whole text only.
        """
        owner, _, region = text.partition("_")
        vim_id = cls(owner, region)
        if not vim_id.sound:
            raise Invalid("vim_id", text, VIM_ID_FORM)
        return vim_id

    @property
    def sound(self) -> bool:
        """Whether both halves are made of what is allowed."""
        return _is_name(self.owner) and _is_name(self.region)


def _is_name(text: str) -> bool:
    """Letters, digits, ``.``, ``-``, ``_``, and at least one letter or digit."""
    return text.replace(".", "").replace("-", "").replace("_", "").isalnum()


@dataclass(frozen=True, slots=True)
class NotificationTransport:
    """Where a cloud's notifications are read. ``url`` holds a password: never log it."""

    url: str
    exchange: str = "nova"
    topics: tuple[str, ...] = ("notifications", "versioned_notifications")
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the gateway itself signs in at a cloud. Never used on behalf of a caller of the proxy."""

    username: str
    password: str = field(repr=False)
    user_domain: str = "Default"
    project_domain: str = "Default"


@dataclass(frozen=True, slots=True)
class Tls:
    """How a cloud's certificate is judged: by the system's authorities, or by ``ca``, PEM text."""

    verify: bool = True
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Vim:
    """One registered cloud as its plugin needs to see it.

    ``auth_url``     Keystone's URL with or without ``/v3``; of a vSphere the URL of its SDK.
    ``projects``     the first is where the gateway signs in; all are looked at where the cloud does
                     not let it see every project at once.
    ``region_name``  the region inside one Keystone; empty: the only one.
    """

    id: VimId
    type: str
    version: str = ""
    auth_url: str = ""
    credentials: Credentials | None = None
    projects: tuple[str, ...] = ()
    region_name: str = ""
    tls: Tls = Tls()
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
