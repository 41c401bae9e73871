"""Where the time of a host fault went: Doctor's check points, from the failure to the last consumer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fed_common.core import clock
from fed_common.faults.facts import told_ids
from fed_common.faults.models import HostFault
from fed_common.notify.models import Delivery
from fed_common.topics.database import reachable

PATH = ("T00", "T01", "T02", "T05", "T06", "T07", "T08", "T09")
"""The points an alarm passes, in their order. T03 and T04 are beside it: alarms wait for no cloud."""
MODULES = {
    "monitor": ("T00", "T01"),
    "inspector": ("T01", "T05"),
    "notifier": ("T05", "T06"),
    "evaluator": ("T06", "T08"),
    "delivery": ("T08", "T09"),
}
BESIDE = {"host_marked": ("T02", "T04"), "instances_set": ("T02", "T03")}
AT_ONCE = 400
LATEST = timedelta(minutes=10)


@dataclass(frozen=True)
class Profile:
    """``points``: ISO 8601 by name; ``spans``: milliseconds by module, as far as both ends were reached."""

    points: Mapping[str, str]
    alarms: int

    def to_dict(self) -> dict[str, Any]:
        """The answer of our REST API."""
        moments = {name: moment for name, text in self.points.items() if (moment := clock.parse(text))}
        on_path = [moments[name] for name in PATH if name in moments]
        return {
            "points": dict(sorted(self.points.items())),
            "modules": _spans(MODULES, moments),
            "beside": _spans(BESIDE, moments),
            "total_ms": _ms(on_path[0], on_path[-1]) if on_path else 0.0,
            "alarms": self.alarms,
        }


def profile_of(fault: HostFault) -> Profile:
    """What is known of it now. T07 to T09 are of the last alarm that came of it. Raises Retryable."""
    with reachable():
        rows = list(_deliveries(fault))
    points = dict(fault.stages)
    if rows:
        points["T07"] = clock.iso(max(row.created_at for row in rows))
    if fired := [row.attempts[0]["at"] for row in rows if row.attempts]:
        points["T08"] = max(fired)
    if received := [row.ended_at for row in rows if row.ended_at and row.state == Delivery.State.DONE]:
        points["T09"] = clock.iso(max(received))
    return Profile(points, len(rows))


def _deliveries(fault: HostFault) -> Iterator[Delivery]:
    causes = [f"{id}:alarm" for id in told_ids(fault, fault.instances.all())]
    since = Delivery.objects.filter(created_at__range=(fault.reported_at, fault.reported_at + LATEST))
    for first in range(0, len(causes), AT_ONCE):
        some = causes[first : first + AT_ONCE]
        yield from since.filter(cause__in=some).only("created_at", "ended_at", "attempts", "state")


def _spans(wanted: Mapping[str, tuple[str, str]], moments: Mapping[str, datetime]) -> dict[str, float]:
    return {
        name: _ms(moments[begin], moments[end])
        for name, (begin, end) in wanted.items()
        if begin in moments and end in moments
    }


def _ms(begin: datetime, end: datetime) -> float:
    return round((end - begin).total_seconds() * 1000, 3)
