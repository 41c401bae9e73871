"""What the catalogue names gets into the table and out of it again, whoever raised it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from fed_common.alarms.models import ActiveAlarm, AlarmChange
from fed_common.alarms.table import expiry, services
from fed_common.alarms.table.catalogue import TROUBLES, findings_of
from fed_common.alarms.table.heeding import Heeding
from fed_common.alarms.table.writing import write
from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Event
from fed_common.faults.models import HostFault
from fed_common.inventory.models import Instance, Vim
from fed_common.notify.models import Delivery, Receiver
from tests.examples import MOMENT, event

pytestmark = pytest.mark.django_db

_count = iter(range(10**9))


def happens(kind: Kind = Kind.UPDATE, state: str = "", **changes: Any) -> Event:
    """An event a second later than the last."""
    number = next(_count)
    time = MOMENT + timedelta(seconds=number)
    phase = changes.pop("phase", Phase.MOMENT)
    return event(f"e-{number}", kind=kind, phase=phase, state=state, occurred_at=time, **changes)


def hear(*events: Event, table: Heeding | None = None) -> None:
    write((table or Heeding()).changes_of(events))


def open_problems() -> list[str]:
    return sorted(ActiveAlarm.objects.filter(cleared_at__isnull=True).values_list("problem", flat=True))


VNF = {"vnf_id": "3f0", "vnf_name": "firewall"}
MEMBER = {**VNF, "vdu": "VDU1", "member": 2}
LIVES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "host_down": (
        {"kind": Kind.HOST_DOWN, "state": "down", "host": "h1", "instance_id": ""},
        {"kind": Kind.HOST_UP, "state": "up", "host": "h1", "instance_id": ""},
    ),
    "instance_error": ({"state": "error", "old_state": "active"}, {"state": "active"}),
    "watchdog": (
        {"kind": Kind.WATCHDOG, "state": "active", "traits": {"watchdog": "fired", "action": "reset"}},
        {"kind": Kind.WATCHDOG, "state": "active", "traits": {"watchdog": "cleared"}},
    ),
    "vim_away": (
        {"kind": Kind.VIM_STATUS, "state": "UNREACHABLE", "instance_id": "", "traits": {"vim_name": "one"}},
        {"kind": Kind.VIM_STATUS, "state": "REACHABLE", "instance_id": "", "traits": {"vim_name": "one"}},
    ),
    "vnf_failed": (
        {"kind": Kind.VNF_STATUS, "state": "ERROR", "instance_id": "", "traits": VNF},
        {"kind": Kind.VNF_STATUS, "state": "ACTIVE", "instance_id": "", "traits": VNF},
    ),
    "vdu_down": (
        {"kind": Kind.VDU_STATUS, "state": "DOWN", "traits": MEMBER},
        {"kind": Kind.VDU_STATUS, "state": "UP", "instance_id": "another one", "traits": MEMBER},
    ),
}


def test_each_trouble_of_the_catalogue_has_its_life_here() -> None:
    assert sorted(LIVES) == sorted(one.problem for one in TROUBLES)


def test_the_specification_names_each_trouble_of_the_catalogue() -> None:
    page = (Path(__file__).parents[3] / "docs" / "specs" / "alarm-table.md").read_text()
    lines = {re.split("[`:]", line)[1]: line for line in page.splitlines() if line.startswith("| `")}
    for one in TROUBLES:
        for word in (one.severity, one.category, one.probable_cause):
            assert f" {word}" in lines[one.problem]


@pytest.mark.parametrize("problem", LIVES)
def test_a_trouble_is_raised_and_cleared_without_any_rule(problem: str) -> None:
    begins, ends = LIVES[problem]
    hear(happens(**begins))
    (row,) = ActiveAlarm.objects.all()
    assert row.problem.split(":")[0] == problem
    assert (row.rule_id, row.cleared_at) == (None, None)

    hear(happens(**ends))
    row.refresh_from_db()
    assert row.cleared_at is not None


@pytest.mark.parametrize("problem", LIVES)
def test_who_opted_out_has_no_troubles(problem: str) -> None:
    begins, _ = LIVES[problem]
    hear(happens(**{**begins, "traits": {**begins.get("traits", {}), OPT_OUT: "disabled"}}))
    assert not ActiveAlarm.objects.exists()


def test_raise_and_clear_in_one_batch_are_both_told() -> None:
    hear(happens(state="error"), happens(state="active"))
    assert open_problems() == []
    assert list(AlarmChange.objects.values_list("kind", flat=True)) == ["raised", "cleared"]


def test_a_deleted_instance_has_no_troubles_any_more() -> None:
    hear(happens(state="error"), happens(Kind.WATCHDOG, "active", traits={"watchdog": "fired"}))
    assert open_problems() == ["instance_error", "watchdog"]
    hear(happens(Kind.DELETE, "deleted", phase=Phase.END))
    assert open_problems() == []


def test_a_vnf_that_is_deleted_takes_the_troubles_of_its_members_along() -> None:
    hear(happens(**LIVES["vdu_down"][0]), happens(**LIVES["vnf_failed"][0]))
    assert open_problems() == ["vdu_down:VDU1:2", "vnf_failed"]
    hear(happens(Kind.VNF_STATUS, "PENDING_DELETE", instance_id="", traits=VNF))
    assert open_problems() == []


def test_a_vnf_that_is_dead_is_worse_than_one_in_error() -> None:
    hear(happens(**LIVES["vnf_failed"][0]))
    hear(happens(Kind.VNF_STATUS, "DEAD", instance_id="", traits=VNF))
    assert ActiveAlarm.objects.get().severity == "CRITICAL"


def test_a_fault_links_the_host_and_its_instances() -> None:
    """N85."""
    fault = {"fault_id": str(uuid4())}
    host = happens(**LIVES["host_down"][0], traits=fault)
    hear(host, *(happens(state="error", instance_id=f"vm-{n}", traits=fault) for n in range(3)))
    root = ActiveAlarm.objects.get(object_type="host")
    assert str(root.fault_id) == fault["fault_id"]
    assert root.children.count() == 3


def test_an_event_twice_is_one_alarm_once() -> None:
    one = happens(state="error")
    hear(one)
    hear(one)
    assert ActiveAlarm.objects.get().count == 1


def test_what_the_catalogue_does_not_name_costs_one_look_at_most(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        hear(*(happens(state="active", instance_id=f"vm-{n}") for n in range(100)))
    with django_assert_num_queries(0):
        hear(happens(Kind.HOST_DISABLED, "disabled", host="h1", instance_id=""), happens(state=""))


@contextmanager
def no_database() -> Iterator[None]:
    def away(*_args: Any) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(away):
        yield


def test_while_the_database_is_away_only_what_matters_waits() -> None:
    """N58."""
    table = Heeding()
    with no_database():
        hear(happens(state="active"), happens(Kind.DELETE, "deleted", phase=Phase.END), table=table)
        for must in (
            happens(state="error"),
            happens(state="active", old_state="error"),
            happens(**LIVES["vim_away"][1]),
        ):
            with pytest.raises(Retryable):
                hear(must, table=table)


def test_what_was_missed_is_made_good_from_the_inventory() -> None:
    vim = Vim.objects.create(cloud_owner="vio", region="RegionOne", type="vmware")
    hear(happens(state="error"), happens(state="error", instance_id="vm-2"), happens(**LIVES["vim_away"][0]))
    for id, state in (("vm-1", "active"), ("vm-2", "error")):
        Instance.objects.create(vim=vim, instance_id=id, state=state, seen_at=clock.now())

    assert expiry.settle() == 1
    assert expiry.settle() == 0
    assert open_problems() == ["instance_error", "vim_away"]

    vim.delete()
    assert expiry.settle() == 2
    assert open_problems() == []


def test_an_instance_of_a_host_at_fault_stays_in_trouble_until_the_fault_is_cleared() -> None:
    vim = Vim.objects.create(cloud_owner="vio", region="RegionOne", type="vmware")
    fault = HostFault.objects.create(vim=vim, host="h1", occurred_at=clock.now(), reported_at=clock.now())
    hear(happens(state="error", traits={"fault_id": str(fault.id)}))
    Instance.objects.create(vim=vim, instance_id="vm-1", state="active", seen_at=clock.now())
    assert expiry.settle() == 0

    HostFault.objects.update(state=HostFault.State.CLEARED)
    assert expiry.settle() == 1


def test_what_nobody_needs_any_more_goes() -> None:
    hear(happens(state="error"), happens(state="active"))
    hear(happens(state="error", instance_id="vm-2"), happens(state="active", instance_id="vm-2"))
    services.acknowledge(ActiveAlarm.objects.get(object_id="vm-1").id, by="anna")
    assert expiry.forget_old() == 0

    long_ago = clock.now() - timedelta(days=30)
    ActiveAlarm.objects.update(cleared_at=long_ago)
    AlarmChange.objects.update(at=long_ago)
    assert expiry.forget_old() == 1 + 5
    assert ActiveAlarm.objects.get().object_id == "vm-2", "nobody acknowledged it"


@pytest.fixture
def receivers() -> None:
    for name, filter in {
        "all": {},
        "critical": {"severities": ["CRITICAL"]},
        "ends": {"kinds": ["cleared"], "severities": ["MAJOR"]},
        "elsewhere": {"vims": ["other_*"]},
        "hosts": {"object_types": ["host"]},
        "none": None,
        "spoilt": {"what": 1},
    }.items():
        Receiver.objects.create(name=name, notifier="log", filter=filter)
    Receiver.objects.create(name="off", notifier="log", filter={}, enabled=False)


def heard_by() -> list[tuple[str, str]]:
    rows = Delivery.objects.order_by("created_at", "id")
    return sorted((row.target.removeprefix("receiver://"), row.notice["kind"]) for row in rows)


def test_receivers_hear_what_their_filter_lets_pass(receivers: None) -> None:
    """N86; a filter that cannot be used silences nobody else."""
    hear(happens(state="error"), happens(state="active"))
    assert heard_by() == [("all", "cleared"), ("all", "raised"), ("ends", "cleared")]

    hear(happens(**LIVES["host_down"][0]))
    assert ("critical", "raised") in heard_by()
    assert ("hosts", "raised") in heard_by()


def test_the_findings_of_an_event_need_no_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        for begins, ends in LIVES.values():
            assert findings_of(happens(**begins))
            assert findings_of(happens(**ends))
