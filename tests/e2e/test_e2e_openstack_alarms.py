"""The stock ``openstack alarm`` commands, unchanged, against a gateway with the embedded defaults (N28)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Deployment
from tests.stock import Ran, Stock

CONSUMER = "http://192.0.2.7:12346/failure"
INSTANCE = "153462d0-a9b8-4b5b-8175-9e4b05e9b856"
QUERY = f"traits.instance_id=string::{INSTANCE};traits.state=error"
SHOWN = (
    *("alarm_actions", "alarm_id", "description", "enabled", "evaluate_timestamp", "event_type"),
    *("insufficient_data_actions", "name", "ok_actions", "project_id", "query", "repeat_actions", "severity"),
    *("state", "state_reason", "state_timestamp", "time_constraints", "timestamp", "type", "user_id"),
)


@pytest.fixture
def stock(gateway: Deployment, openstack_clients: Path, tmp_path: Path) -> Stock:
    return Stock.of(gateway, openstack_clients, tmp_path)


def done(ran: Ran) -> Any:
    """What a command printed, which has to succeed."""
    assert ran.code == 0, ran.err
    return json.loads(ran.out) if ran.out.strip() else None


def create(stock: Stock, name: str, *words: str) -> Any:
    words = ("--event-type", "compute.instance.update", *words)
    return done(stock.run("alarm", "create", "--name", name, "--type", "event", *words, "-f", "json"))


def test_an_alarm_lives_through_all_the_commands(stock: Stock) -> None:
    made = create(
        *(stock, "doctor", "--query", QUERY, "--alarm-action", CONSUMER, "--severity", "moderate"),
        *("--time-constraint", "name=night;start=0 23 * * *;duration=10800;timezone=Europe/Ljubljana"),
        *("--repeat-actions", "True", "--description", "VM failure"),
    )
    assert tuple(sorted(made)) == SHOWN
    assert made["query"] == f"traits.instance_id = {INSTANCE} AND\ntraits.state = error"
    assert (made["state"], made["alarm_actions"], made["repeat_actions"]) == (
        "insufficient data",
        [CONSUMER],
        True,
    )
    assert json.loads(made["time_constraints"])[0]["duration"] == 10800

    row = {"alarm_id": made["alarm_id"], "type": "event", "name": "doctor", "state": "insufficient data"}
    listed = done(stock.run("alarm", "list", "--filter", "name=doctor", "--sort", "severity:desc", "-f", "json"))
    assert listed == [{**row, "severity": "moderate", "enabled": True}]
    found = stock.run("alarm", "list", "--query", 'name="doctor" and not state=ok', "-f", "json")
    assert [one["alarm_id"] for one in done(found)] == [made["alarm_id"]]

    assert (
        done(stock.run("alarm", "state", "set", made["alarm_id"], "--state", "ok", "-f", "json"))["state"] == "ok"
    )
    assert done(stock.run("alarm", "state", "get", "--name", "doctor", "-f", "json"))["state"] == "ok"

    changed = done(
        stock.run("alarm", "update", "doctor", "--severity", "critical", "--enabled", "False", "-f", "json")
    )
    assert (changed["severity"], changed["enabled"], changed["state"]) == ("critical", False, "ok")
    assert done(stock.run("alarm", "show", "doctor", "-f", "json")) == changed

    history = done(stock.run("alarm-history", "show", made["alarm_id"], "-f", "json"))
    assert [one["type"] for one in history] == ["rule change", "state transition", "creation"]
    assert json.loads(history[0]["detail"]) == {"enabled": False, "severity": "critical"}

    assert stock.run("alarm", "delete", "doctor").code == 0
    gone = stock.run("alarm", "show", "doctor")
    assert (gone.code, gone.err.strip()) == (1, "Alarm doctor not found (HTTP 404)")
    words = ("--query", f"alarm_id={made['alarm_id']} and type=deletion", "-f", "json")
    assert [one["type"] for one in done(stock.run("alarm-history", "search", *words))] == ["deletion"]


def test_a_refusal_names_what_is_wrong(stock: Stock) -> None:
    refused = stock.run(
        *("alarm", "create", "--name", "x", "--type", "event", "--query", "traits.state=integer::error"),
    )

    assert refused.code == 1
    assert refused.err.startswith(
        "event_rule.query[0].value: 'error' is not allowed; allowed: an integer (HTTP 400)"
    )
    assert "(Request-ID: " in refused.err


def test_of_two_of_one_name_the_id_is_asked_for(stock: Stock) -> None:  # N13
    first, second = create(stock, "twin"), create(stock, "twin")

    refused = stock.run("alarm", "delete", "twin")

    assert refused.code == 1
    assert "Multiple alarms matches found for 'twin'" in refused.err
    assert stock.run("alarm", "delete", first["alarm_id"]).code == 0
    assert stock.run("alarm", "delete", second["alarm_id"]).code == 0


def test_quotas_and_capabilities(stock: Stock) -> None:
    assert done(stock.run("alarm", "quota", "show", "--project", "p1", "-f", "json")) == {"alarms": -1}
    assert done(stock.run("alarm", "quota", "set", "p1", "--alarm", "2", "-f", "json")) == {"alarms": 2}
    assert done(stock.run("alarm", "quota", "show", "--project", "p1", "-f", "json")) == {"alarms": 2}
    can = done(stock.run("alarming", "capabilities", "list", "-f", "json"))
    assert can["alarm_storage"] == {"storage:production_ready": True}


def test_where_everybody_is_admin_the_client_says_who_it_is(stock: Stock, open_gateway: Deployment) -> None:  # N16
    plain = {"OS_AUTH_TYPE": "aodh-noauth", "OS_AODH_ENDPOINT": f"{open_gateway.url}/openstack"}
    own = replace(stock, env={**plain, "OS_PROJECT_ID": "p1", "OS_USER_ID": "u1", "OS_ROLES": "member"})
    other = replace(own, env={**own.env, "OS_PROJECT_ID": "p2"})

    made = create(own, "mine")

    assert (made["project_id"], made["user_id"]) == ("p1", "u1")
    assert done(other.run("alarm", "list", "-f", "json")) == []
    assert "HTTP 403" in other.run("alarm", "list", "--filter", "all_projects=true").err
