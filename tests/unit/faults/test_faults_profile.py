"""Where the time of a fault went (N80)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.faults import services
from fed_common.faults.facts import told_ids
from fed_common.faults.models import HostFault
from fed_common.notify.models import Delivery
from tests.callers import Caller, caller
from tests.faulted import VIM

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_point_is_there_in_order_and_the_modules_sum_up(boot: Any, inspect: Any, operator: Caller) -> None:
    boot("active", "active")
    services.report_host(VIM, "h1", source="test", seen_at=clock.now() - timedelta(milliseconds=50))
    inspect()
    fault = HostFault.objects.get()
    for event_id in told_ids(fault, fault.instances.all()):
        at = clock.now()
        Delivery.objects.create(
            cause=f"{event_id}:alarm",
            notice={},
            alarm_id="a",
            state=Delivery.State.DONE,
            created_at=at,
            attempts=[{"at": clock.iso(at + timedelta(milliseconds=2))}],
            ended_at=at + timedelta(milliseconds=9),
        )
    told = operator.get(f"/faults/{fault.pk}/profile")
    assert sorted(told["points"]) == [f"T0{n}" for n in range(10)]
    path = [datetime.fromisoformat(told["points"][f"T0{n}"]) for n in (0, 1, 2, 5, 6, 7, 8, 9)]
    assert path == sorted(path)
    assert told["total_ms"] == pytest.approx(sum(told["modules"].values()), abs=0.01)
    assert told["modules"]["delivery"] == 7.0
    assert (sorted(told["beside"]), told["alarms"]) == (["host_marked", "instances_set"], 3)
    assert caller("reader", "other_*").ask("GET", f"/faults/{fault.pk}/profile").status_code == 404


def test_without_alarms_it_ends_where_the_events_were_evaluated(boot: Any, inspect: Any, operator: Caller) -> None:
    boot("active")
    services.report_host(VIM, "h1", source="test")
    inspect()
    told = operator.get(f"/faults/{HostFault.objects.get().pk}/profile")
    assert "T07" in told["points"]
    assert "T08" not in told["points"]
    assert (set(told["modules"]), told["alarms"]) == ({"monitor", "inspector", "notifier"}, 0)
