"""Alarm policies of descriptors, as Tacker of Stein writes them, and what of them is refused."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.core.errors import Invalid
from fed_common.core.vnf import AlarmTrigger
from fed_common.monitor.vnfd.keeping import from_plain, to_plain
from fed_common.monitor.vnfd.reading import read
from tests.vnfds import good, parts

POLICY = "topology_template.policies[1].cpu"
TRIGGER = f"{POLICY}.triggers.busy"
STEIN: dict[str, Any] = {
    "event_type": {"type": "tosca.events.resource.utilization", "implementation": "ceilometer"},
    "metric": "cpu_util",
    "condition": {
        "threshold": 50,
        "constraint": "utilization greater_than 50%",
        "granularity": 600,
        "evaluations": 1,
        "aggregation_method": "mean",
        "resource_type": "instance",
        "comparison_operator": "gt",
    },
    "metadata": "SG1",
    "action": ["respawn"],
}


def alarming(path: str = "", value: Any = None) -> dict[str, Any]:
    """The good descriptor with Stein's trigger ``busy``, of which one thing is another."""
    vnfd = good()
    topology = vnfd["topology_template"]
    topology["node_templates"]["VDU2"]["properties"]["metadata"] = {"metering.server_group": "SG1"}
    trigger = {**STEIN, "event_type": {**STEIN["event_type"]}, "condition": {**STEIN["condition"]}}
    policy: dict[str, Any] = {"type": "tosca.policies.tacker.Alarming", "triggers": {"busy": trigger}}
    topology["policies"].append({"cpu": policy})
    if path:
        *before, last = parts(path)
        place: Any = policy
        for part in before:
            place = place[part]
        place[last] = value
    return vnfd


def test_a_trigger_as_tacker_writes_it_is_read_and_kept() -> None:
    reading = read(alarming(), {})

    (trigger,) = reading.vnfd.triggers
    condition = {**STEIN["condition"], "threshold": 50.0}
    assert trigger == AlarmTrigger("busy", ("respawn",), "cpu_util", condition, "SG1")
    assert from_plain(to_plain(reading.vnfd)) == reading.vnfd
    assert reading.warnings == (
        f"{POLICY}: nobody here keeps such alarms: give the URL of each trigger to who does",
    )


def test_a_vnf_that_was_kept_before_there_were_triggers_has_none() -> None:
    plain = to_plain(read(alarming(), {}).vnfd)
    del plain["triggers"]

    assert from_plain(plain).triggers == ()


@pytest.mark.parametrize(("operator", "named"), [("gt", "SP1-out"), ("lt", "SP1-in")])
def test_the_operator_says_whether_a_policy_scales_out_or_in(operator: str, named: str) -> None:
    """T88"""
    vnfd = alarming("triggers.busy.action", "SP1%log")
    vnfd["topology_template"]["policies"][1]["cpu"]["triggers"]["busy"]["condition"] = {
        "comparison_operator": operator
    }

    (trigger,) = read(vnfd, {}).vnfd.triggers

    assert trigger.actions == (named, "log")


WRONG: list[tuple[str, Any, str, str]] = [
    ("triggers", {}, f"{POLICY}.triggers", "1 to 100"),
    ("triggers", {str(n): {"action": "log"} for n in range(101)}, f"{POLICY}.triggers", "1 to 100"),
    ("triggers", ["busy"], f"{POLICY}.triggers", "a mapping"),
    ("triggers", {"a/b": {"action": "log"}}, f"{POLICY}.triggers.a/b", "letters"),
    ("triggers.busy", "respawn", TRIGGER, "a mapping"),
    ("triggers.busy.schedule", {}, f"{TRIGGER}.schedule", "event_type, metric"),
    ("triggers.busy.metric", 5, f"{TRIGGER}.metric", "a text"),
    ("triggers.busy.metadata", "SG2", f"{TRIGGER}.metadata", "SG1"),
    ("triggers.busy.event_type.type", "tosca.events.boot", f"{TRIGGER}.event_type.type", "utilization"),
    ("triggers.busy.event_type.implementation", "zabbix", f"{TRIGGER}.event_type.implementation", "ceilometer"),
    ("triggers.busy.event_type.colour", "red", f"{TRIGGER}.event_type.colour", "implementation"),
    ("triggers.busy.condition.threshold", "much", f"{TRIGGER}.condition.threshold", "a number"),
    ("triggers.busy.condition.granularity", 0, f"{TRIGGER}.condition.granularity", "whole"),
    ("triggers.busy.condition.evaluations", 1.5, f"{TRIGGER}.condition.evaluations", "whole"),
    ("triggers.busy.condition.aggregation_method", "avg", f"{TRIGGER}.condition.aggregation_method", "mean"),
    ("triggers.busy.condition.resource_type", "port", f"{TRIGGER}.condition.resource_type", "instance"),
    ("triggers.busy.condition.comparison_operator", "ge", f"{TRIGGER}.condition.comparison_operator", "gt, lt"),
    ("triggers.busy.condition.period", 600, f"{TRIGGER}.condition.period", "granularity"),
    ("triggers.busy.action", None, f"{TRIGGER}.action", "a text"),
    ("triggers.busy.action", [], f"{TRIGGER}.action", "1 to 10"),
    ("triggers.busy.action", ["log", "log"], f"{TRIGGER}.action", "each once"),
    ("triggers.busy.action", ["vdu_autoheal"], f"{TRIGGER}.action[0]", "respawn, log, log_and_kill, notify, SP1"),
    ("triggers.busy.action", "webhook", f"{TRIGGER}.action", "respawn"),
    ("triggers.busy.action", "respawn%SP2", f"{TRIGGER}.action", "SP1"),
]


@pytest.mark.parametrize(("path", "value", "field", "allowed"), WRONG)
def test_what_is_wrong_is_refused_with_its_path(path: str, value: Any, field: str, allowed: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(alarming(path, value), {})

    assert refused.value.field == field
    assert allowed in str(refused.value)


def test_scaling_without_an_operator_is_refused() -> None:
    vnfd = alarming("triggers.busy", {"action": "SP1"})

    with pytest.raises(Invalid) as refused:
        read(vnfd, {})

    assert refused.value.field == f"{TRIGGER}.condition.comparison_operator"


def test_a_trigger_is_there_once_in_all_policies() -> None:
    vnfd = alarming()
    another = {"type": "tosca.policies.tacker.Alarming", "triggers": {"busy": {"action": "log"}}}
    vnfd["topology_template"]["policies"].append({"more": another})

    with pytest.raises(Invalid, match="not there twice"):
        read(vnfd, {})
