"""Monitoring systems report hosts: Alertmanager's body as it posts it, and a plain one."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.faults.models import HostFault
from fed_common.faults.webhook import LABELS, read_body
from fed_common.inventory.models import Vim
from tests.callers import Caller, caller
from tests.faulted import VIM

ALERTMANAGER = json.loads((Path(__file__).parents[2] / "data" / "alertmanager_v4.json").read_text())
PATH = f"/vims/{VIM}/webhooks/host"
KEYS = st.sampled_from(["alerts", "labels", "status", "host", "instance", "severity", "version"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def resolved() -> dict[str, Any]:
    body = deepcopy(ALERTMANAGER)
    body["status"] = body["alerts"][0]["status"] = "resolved"
    return body


def faults() -> list[tuple[str, str]]:
    return list(HostFault.objects.order_by("host").values_list("host", "state"))


@pytest.mark.django_db(transaction=True)
class TestTaken:
    def test_a_firing_alert_of_a_host_is_its_fault_and_a_mild_one_is_not(self, vim: Vim, operator: Caller) -> None:
        answer = operator.ask("POST", PATH, ALERTMANAGER)
        assert (answer.status_code, answer.json()["results"]) == (
            200,
            [
                {"host": "h1", "result": "reported", "reason": ""},
                {"host": "h2", "result": "ignored", "reason": ""},
            ],
        )
        fault = HostFault.objects.get()
        assert (fault.host, fault.source, fault.cause, fault.severity) == (
            "h1",
            "alertmanager",
            "HostDown",
            "CRITICAL",
        )
        assert clock.iso(fault.occurred_at) == "2026-11-21T10:00:00.123000Z"
        assert fault.details["summary"] == "Host h1 is down"
        assert fault.details["fingerprint"] == "b2d6e1f0c8a97345"
        assert not fault.fenced

    def test_told_again_it_is_counted_and_once_it_is_resolved_the_host_is_back(self, vim, operator) -> None:
        for _ in range(2):
            operator.post(PATH, ALERTMANAGER)
        assert HostFault.objects.get().reports == 2
        assert operator.post(PATH, resolved())["results"][0]["result"] == "clearing"

    def test_what_is_over_and_was_never_reported_is_ignored(self, vim, operator) -> None:
        assert operator.post(PATH, resolved())["results"][0] == {"host": "h1", "result": "ignored", "reason": ""}

    def test_what_another_one_has_reported_stays(self, vim, operator) -> None:
        operator.post(PATH, {"host": "h1", "status": "down", "source": "zabbix"})
        assert operator.post(PATH, resolved())["results"][0]["result"] == "ignored"
        assert faults() == [("h1", "reported")]

    def test_a_host_that_nobody_knows_is_said_and_the_others_are_taken(self, vim, operator) -> None:
        body = deepcopy(ALERTMANAGER)
        body["alerts"][2]["labels"] = {"instance": "h9:9100"}
        answer = operator.ask("POST", PATH, body)
        assert answer.status_code == 207
        assert answer.json()["results"][1] == {
            "host": "h9",
            "result": "unknown",
            "reason": "there is no host 'h9'",
        }
        assert faults() == [("h1", "reported")]

    def test_a_plain_body_says_that_a_host_is_down_and_up(self, vim, operator) -> None:
        body = {"host": "h2", "status": "down", "cause": "ipmi", "fenced": True, "source": "zabbix"}
        assert operator.post(PATH, body)["results"] == [{"host": "h2", "result": "reported", "reason": ""}]
        fault = HostFault.objects.get()
        assert (fault.source, fault.cause, fault.fenced) == ("zabbix", "ipmi", True)
        assert operator.post(PATH, {**body, "status": "up"})["results"][0]["result"] == "clearing"

    def test_a_reader_may_not_and_a_vim_that_is_not_there_is_not_found(self, vim, operator) -> None:
        assert caller("reader").ask("POST", PATH, ALERTMANAGER).status_code == 403
        assert operator.ask("POST", "/vims/cloud_other/webhooks/host", ALERTMANAGER).status_code == 404

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ([], "body"),
            ({}, "host"),
            ({"host": "h1"}, "status"),
            ({"host": "h1", "status": "sideways"}, "status"),
            ({"host": "h1", "status": "down", "fenced": "yes"}, "fenced"),
            ({"host": "h1", "status": "down", "severity": "colourful"}, "severity"),
            ({"host": "h1", "status": "down", "occurred_at": "noon"}, "occurred_at"),
            ({"host": "h1", "status": "down", "details": []}, "details"),
            ({"version": "3", "alerts": []}, "version"),
            ({"version": "4", "alerts": {}}, "version"),
            ({"version": "4", "alerts": [7]}, "alerts[0].labels"),
            ({"alerts": [{"status": "firing", "labels": {}}]}, f"alerts[0].labels.{'|'.join(LABELS)}"),
            ({"version": "4", "alerts": [{"labels": {"host": "h1"}}]}, "alerts[0].status"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named_and_nothing_is_done(self, vim, operator, body, field) -> None:
        answer = operator.ask("POST", PATH, body)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert faults() == []


@pytest.mark.parametrize(
    ("labels", "label", "host"),
    [
        ({"hypervisor": "h1", "instance": "exporter:9100"}, "", "h1"),
        ({"instance": "h1:9100"}, "", "h1"),
        ({"instance": "[fd00::1]:9100"}, "", "fd00::1"),
        ({"instance": "fd00::1"}, "", "fd00::1"),
        ({"instance": "exporter:9100", "compute": "h1"}, "compute", "h1"),
    ],
)
def test_the_host_is_in_the_label_that_names_it(labels: dict[str, str], label: str, host: str) -> None:
    (alert,) = read_body({"version": "4", "alerts": [{"status": "firing", "labels": labels}]}, label)
    assert alert.host == host


def test_while_one_alert_of_a_host_fires_another_that_is_over_does_not_bring_it_back() -> None:
    body = deepcopy(ALERTMANAGER)
    body["alerts"].reverse()
    assert {one.host: one.down for one in read_body(body)} == {"h1": True, "h2": True}


@given(JSON)
def test_any_json_is_read_or_refused(body: object) -> None:
    with suppress(Invalid):
        read_body(body)
