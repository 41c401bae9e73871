"""Filters over events: parsed once, then asked for every event. Pure.

A filter is a JSON object; a missing or empty field lets everything pass::

    {"kinds": ["DELETE", "PAUSE"], "phases": ["end"], "event_types": ["compute.instance.*"],
     "tenants": ["943e…"], "metadata": {"role": "web"}, "vims": ["vio_*"], "honour_opt_out": true}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import translate
from typing import Any

from fed_common.core.errors import Invalid
from fed_common.core.kinds import Kind, Phase
from fed_common.core.model import Event

OPT_OUT = "multicloud:monitoring"
_GLOB = re.compile(r"[\w.*?:\[\]!-]+")


class DropReason(StrEnum):
    """Why an event or notification went no further. Each has a counter."""

    KIND = "kind"
    PHASE = "phase"
    EVENT_TYPE = "event_type"
    TENANT = "tenant"
    METADATA = "metadata"
    VIM = "vim"
    OPTED_OUT = "opted_out"
    DUPLICATE = "duplicate"
    TWIN = "twin"
    TOLD_BY_POLL = "told_by_poll"
    NOT_COMPUTE = "not_compute"
    USAGE_REPORT = "usage_report"
    FAULT_REPORT = "fault_report"
    WATCHDOG_OFF = "watchdog_off"
    SINK_OPTIONAL = "sink_optional"
    SUBSCRIPTION_REMOVED = "subscription_removed"


@dataclass(frozen=True)
class EventFilter:
    """A parsed filter. ``refuses`` is pure and costs the same however long the lists are."""

    kinds: frozenset[Kind] = frozenset()
    phases: frozenset[Phase] = frozenset()
    event_types: tuple[str, ...] = ()
    tenants: frozenset[str] = frozenset()
    metadata: Mapping[str, str] = field(default_factory=dict)
    vims: tuple[str, ...] = ()
    honour_opt_out: bool = True

    _types: re.Pattern[str] | None = field(default=None, init=False, repr=False, compare=False)
    _vims: re.Pattern[str] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_types", _compiled(self.event_types))
        object.__setattr__(self, "_vims", _compiled(self.vims))

    def refuses(self, event: Event) -> DropReason | None:
        """The reason why this filter drops the event, or ``None`` when it passes."""
        if self.kinds and event.kind not in self.kinds:
            return DropReason.KIND
        if self.phases and event.phase not in self.phases:
            return DropReason.PHASE
        if self._types and not self._types.match(event.type):
            return DropReason.EVENT_TYPE
        if self._vims and not self._vims.match(event.vim_id):
            return DropReason.VIM
        if self.tenants and event.tenant_id not in self.tenants:
            return DropReason.TENANT
        if self.metadata and not _carries(event, self.metadata):
            return DropReason.METADATA
        if self.honour_opt_out and event.traits.get(OPT_OUT) == "disabled":
            return DropReason.OPTED_OUT
        return None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with defaults spelled out; ``parse_filter`` reads it back equal."""
        return {
            "kinds": sorted(self.kinds),
            "phases": sorted(self.phases),
            "event_types": list(self.event_types),
            "tenants": sorted(self.tenants),
            "metadata": dict(self.metadata),
            "vims": list(self.vims),
            "honour_opt_out": self.honour_opt_out,
        }


def parse_filter(plain: object) -> EventFilter:
    """Read a filter's JSON form. Raises Invalid naming the field, the value and what is allowed."""
    if not isinstance(plain, Mapping):
        raise Invalid("filter", plain, "an object")
    known = list(EventFilter().to_dict())
    for name in plain:
        if name not in known:
            raise Invalid(f"filter.{name}", plain[name], f"no such field; fields: {', '.join(known)}")
    opt_out = plain.get("honour_opt_out", True)
    if not isinstance(opt_out, bool):
        raise Invalid("filter.honour_opt_out", opt_out, ("true", "false"))
    return EventFilter(
        kinds=frozenset(Kind(word) for word in _words(plain, "kinds", Kind)),
        phases=frozenset(Phase(word) for word in _words(plain, "phases", Phase)),
        event_types=_globs(plain, "event_types"),
        tenants=frozenset(_texts(plain, "tenants")),
        metadata=_text_map(plain, "metadata"),
        vims=_globs(plain, "vims"),
        honour_opt_out=opt_out,
    )


def _carries(event: Event, wanted: Mapping[str, str]) -> bool:
    metadata = event.payload.get("metadata")
    return isinstance(metadata, Mapping) and all(metadata.get(k) == v for k, v in wanted.items())


def _compiled(globs: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(translate(glob) for glob in globs)) if globs else None


def _texts(plain: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = plain.get(name, [])
    if not isinstance(values, list | tuple):
        raise Invalid(f"filter.{name}", values, "a list of texts")
    for value in values:
        if not isinstance(value, str) or not value:
            raise Invalid(f"filter.{name}", value, "texts that are not empty")
    return tuple(values)


def _words(plain: Mapping[str, Any], name: str, words: type[StrEnum]) -> tuple[str, ...]:
    allowed = [word.value for word in words]
    for value in _texts(plain, name):
        if value not in allowed:
            raise Invalid(f"filter.{name}", value, allowed)
    return _texts(plain, name)


def _globs(plain: Mapping[str, Any], name: str) -> tuple[str, ...]:
    for value in _texts(plain, name):
        if not _GLOB.fullmatch(value) or value.count("[") != value.count("]"):
            raise Invalid(f"filter.{name}", value, "a glob of letters, digits, '.', '_', ':', '-', *, ?, […]")
    return _texts(plain, name)


def _text_map(plain: Mapping[str, Any], name: str) -> dict[str, str]:
    values = plain.get(name, {})
    if not isinstance(values, Mapping):
        raise Invalid(f"filter.{name}", values, "an object of texts")
    for key, value in values.items():
        if not isinstance(value, str):
            raise Invalid(f"filter.{name}.{key}", value, "a text")
    return dict(values)
