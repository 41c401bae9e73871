"""Filters over the changes of the alarm table: which of them a receiver hears. Pure.

A filter is a JSON object; a missing or empty field lets everything pass::

    {"kinds": ["raised", "cleared"], "severities": ["CRITICAL"], "categories": ["EQUIPMENT_ALARM"],
     "object_types": ["host"], "objects": ["db-*"], "vims": ["vio_*"], "tenants": ["943e…"],
     "probable_causes": ["…"]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from fed_common.core.alarm import EventCategory, Notice, NoticeKind, ObjectType, Severity
from fed_common.core.errors import Invalid

MOST = 1000
_WORDS: Mapping[str, type[StrEnum]] = {
    "kinds": NoticeKind,
    "severities": Severity,
    "categories": EventCategory,
    "object_types": ObjectType,
}


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """A parsed filter. ``objects`` and ``vims`` are globs; an object is meant by its id or its name."""

    kinds: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    object_types: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    vims: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()
    probable_causes: frozenset[str] = frozenset()

    def wants(self, notice: Notice, *severities: str) -> bool:
        """Whether it lets the notice pass; ``severities`` the alarm had, so that who heard of it hears its end."""
        about = notice.about
        return (
            (not self.kinds or notice.kind in self.kinds)
            and (not self.severities or not self.severities.isdisjoint((notice.severity, *severities)))
            and (not self.categories or notice.category in self.categories)
            and (not self.object_types or about.type in self.object_types)
            and (not self.tenants or about.tenant_id in self.tenants)
            and (not self.probable_causes or notice.probable_cause in self.probable_causes)
            and (not self.vims or _any(self.vims, about.vim_id))
            and (not self.objects or _any(self.objects, about.id, about.name))
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form without what is empty; ``parse_alarm_filter`` reads it back equal."""
        return {one.name: sorted(values) for one in fields(self) if (values := getattr(self, one.name))}


def parse_alarm_filter(plain: object) -> AlarmFilter:
    """Read a filter's JSON form. Raises Invalid naming the field, the value and what is allowed."""
    if not isinstance(plain, Mapping):
        raise Invalid("filter", plain, "an object")
    known = [one.name for one in fields(AlarmFilter)]
    for name in plain:
        if name not in known:
            raise Invalid(f"filter.{name}", plain[name], f"no such field; fields: {', '.join(known)}")
    return AlarmFilter(**{name: _texts(name, values) for name, values in plain.items()})


def _texts(name: str, values: object) -> frozenset[str]:
    if not isinstance(values, list | tuple) or len(values) > MOST:
        raise Invalid(f"filter.{name}", values, f"a list of at most {MOST} texts")
    for value in values:
        if not isinstance(value, str) or not value:
            raise Invalid(f"filter.{name}", value, "texts that are not empty")
        if name in _WORDS and value not in list(_WORDS[name]):
            raise Invalid(f"filter.{name}", value, list(_WORDS[name]))
    return frozenset(values)


def _any(globs: frozenset[str], *names: str) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs for name in names)
