"""Rules of instances whose host failed, and what an event is about."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.alarms.evaluator.evaluating import Evaluator
from fed_common.alarms.evaluator.rule_book import RuleBook
from fed_common.alarms.evaluator.subjects import object_of
from fed_common.alarms.models import Rule, RuleChange
from fed_common.alarms.table.writing import Raise
from fed_common.core import clock
from fed_common.core.kinds import Kind, Origin
from fed_common.faults.models import FaultedInstance, HostFault
from fed_common.inventory.models import Vim
from tests.clouds import register
from tests.evaluated import Told, error_rule, listening, update

UNDER = {"under_host": True}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return listening(monkeypatch)


@pytest.fixture
def vim(transactional_db: None) -> Vim:
    return register()


def fault_of(vim: Vim, host: str, state: str = "acting") -> HostFault:
    now = clock.now()
    return HostFault.objects.create(
        vim=vim, host=host, state=state, source="test", occurred_at=now, reported_at=now
    )


def hear(vim: Vim, instance_id: str, **fields: Any) -> None:
    Evaluator(RuleBook()).evaluate([update(instance_id, vim_id=vim.full_id, **fields)])


def test_a_rule_under_its_host_goes_to_alarm_and_is_silent(vim: Vim, told: Told) -> None:
    """N85"""
    under, beside = error_rule("one", extras=UNDER), error_rule("one")
    fault = fault_of(vim, "h1")
    hear(vim, "one", host="h1", origin=Origin.HOUSE)
    assert [one.alarm_id for one in told.deliveries] == [str(beside.pk)]
    assert Rule.objects.get(pk=under.pk).state == "alarm"
    assert str(fault.pk) in RuleChange.objects.get(rule_id=under.pk).detail["suppressed"]
    faults = {change.rule_id: change.fault_id for change in told.changes if isinstance(change, Raise)}
    assert faults == {under.pk: fault.pk, beside.pk: None}


@pytest.mark.parametrize(("host", "state"), [("h2", "acting"), ("h1", "cleared"), ("h1", "suppressed")])
def test_it_speaks_when_no_open_fault_of_its_host_is_acted_on(vim: Vim, told: Told, host: str, state: str) -> None:
    error_rule("one", extras=UNDER)
    fault_of(vim, "h1", state)
    hear(vim, "one", host=host)
    assert len(told.deliveries) == 1


def test_what_a_host_fault_told_is_not_told_again_by_the_cloud(vim: Vim, told: Told) -> None:
    """N79"""
    error_rule("one", repeat_actions=True)
    error_rule("two", repeat_actions=True)
    fault = fault_of(vim, "h1")
    FaultedInstance.objects.create(fault=fault, instance_id="one", old_state="active")
    hear(vim, "one", host="h1", origin=Origin.HOUSE, traits={"fault_id": str(fault.pk)})
    assert told.notices[0].fault_id == str(fault.pk)
    hear(vim, "one", host="nova-api")
    assert len(told.deliveries) == 1
    hear(vim, "two", host="h1")
    HostFault.objects.update(state="cleared")
    hear(vim, "one", host="nova-api")
    assert len(told.deliveries) == 3


@pytest.mark.parametrize(
    ("fields", "kind", "id", "name"),
    [
        ({"instance_id": "vm", "instance_name": "web", "host": "h"}, "instance", "vm", "web"),
        ({"instance_id": "", "host": "h"}, "host", "h", "h"),
        ({"instance_id": ""}, "vim", "vio_RegionOne", "vio_RegionOne"),
        (
            {"instance_id": "vm", "kind": Kind.VNF_STATUS, "traits": {"vnf_id": "v", "vnf_name": "fw"}},
            "vnf",
            "v",
            "fw",
        ),
    ],
)
def test_an_event_is_about_the_nearest_thing(fields: dict[str, Any], kind: str, id: str, name: str) -> None:
    about = object_of(update(**fields))
    assert (about.vim_id, about.type, about.id, about.name) == ("vio_RegionOne", kind, id, name)
