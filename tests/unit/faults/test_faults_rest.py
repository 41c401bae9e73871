"""Hosts' faults over HTTP, in our own words and in Doctor's (N66, N67, N75-N78)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.errors import Invalid
from fed_common.faults.doctor import DOWN, MAINTENANCE, UP, read_body, read_event
from fed_common.faults.models import HostFault
from fed_common.inventory.models import Host, Vim
from tests.callers import Caller, caller
from tests.faulted import VIM

pytestmark = pytest.mark.django_db(transaction=True)
HOST = "//api/multicloud/v1/cloud/hosts/hosts/h1"
FAULT = f"{HOST}/fault"


def doctor(host: str = "h1", status: str = "down", type: str = DOWN, **details: Any) -> dict[str, Any]:
    """An event as Doctor's sample monitor makes it."""
    said = {"hostname": host, "status": status, "monitor": "sample", "monitor_event_id": "monitor_sample_event1"}
    return {"time": "2026-11-21T10:00:00.000000", "type": type, "details": {**said, **details}}


def faults() -> list[tuple[str, str]]:
    return list(HostFault.objects.order_by("host").values_list("host", "state"))


def test_a_fault_is_reported_shown_and_cleared(vim: Vim, operator: Caller, boot: Any, inspect: Any) -> None:
    boot("active")
    body = {"cause": "power", "severity": "MAJOR", "source": "ipmi", "fenced": True, "details": {"rack": "7"}}
    answer = operator.ask("POST", FAULT, {**body, "occurred_at": "2026-11-21T10:00:00Z"})
    assert answer.status_code == 202
    made = answer.json()
    assert {name: made[name] for name in body} == body
    assert (made["vim_id"], made["host"], made["state"]) == (VIM, "h1", "reported")
    inspect()
    shown = operator.get(FAULT)
    assert shown == operator.get(f"/faults/{made['id']}")
    assert (shown["state"], shown["marked_down"]) == ("done", True)
    assert [(one["instance_id"], one["old_state"], one["outcome"]) for one in shown["instances"]] == [
        ("vm-0", "active", "reset")
    ]
    assert shown["stages"]["T00"] == "2026-11-21T10:00:00.000000Z"
    assert operator.ask("DELETE", FAULT).json()["state"] == "clearing"
    assert operator.ask("POST", f"{FAULT}/clear", {}).status_code == 202
    inspect()
    assert operator.get(f"/faults/{made['id']}")["state"] == "cleared"
    assert operator.ask("POST", f"{FAULT}/clear", {}).status_code == 404


def test_who_reports_is_who_calls_unless_he_says_otherwise(vim: Vim, operator: Caller) -> None:
    assert operator.ask("POST", FAULT, {}).json()["source"] == "the operator"


def test_faults_and_hosts_are_listed(vim: Vim, operator: Caller) -> None:
    fault = operator.ask("POST", FAULT, {}).json()
    operator.put(f"{HOST[:-1]}2/maintenance", {"maintenance": True})
    assert [one["id"] for one in operator.get(f"/faults?vim_id={VIM}&state=reported")["faults"]] == [fault["id"]]
    assert operator.get("/faults?state=done")["faults"] == []
    hosts = operator.get(f"/hosts?vim_id={VIM}")["hosts"]
    assert [(one["name"], one["fault_id"], one["maintenance"]) for one in hosts] == [
        ("h1", fault["id"], False),
        ("h2", None, True),
    ]


def test_who_is_for_other_vims_sees_none_of_them(vim: Vim, operator: Caller) -> None:
    made = operator.ask("POST", FAULT, {}).json()
    other = caller("operator", "other_*")
    assert other.get("/faults")["faults"] == []
    assert other.get("/hosts")["hosts"] == []
    assert other.ask("GET", f"/faults/{made['id']}").status_code == 404
    assert other.ask("POST", FAULT, {}).status_code == 403
    assert other.ask("PUT", "//events", [doctor()]).json()["results"][0]["status"] == 403


def test_what_cannot_be_reported_is_told_apart(vim: Vim, operator: Caller) -> None:
    """N76."""
    assert operator.ask("POST", FAULT.replace("h1", "h9"), {}).status_code == 404
    assert operator.ask("POST", FAULT.replace("cloud/", "nobody/"), {}).status_code == 404
    for body, field in (
        ({"severity": "BAD"}, "severity"),
        ({"fenced": "yes"}, "fenced"),
        ({"nosuch": 1}, "nosuch"),
    ):
        answer = operator.ask("POST", FAULT, body)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert operator.ask("GET", FAULT).status_code == 404
    assert faults() == []


def test_a_vim_whose_hosts_nobody_lists_has_any_host(vim: Vim, operator: Caller) -> None:
    Host.objects.all().delete()
    assert operator.ask("POST", FAULT, {}).status_code == 202


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    "body",
    [
        [doctor()],
        [{**doctor(), "id": "collectd-1"}],
        {"event": doctor()},
        {"events": [doctor()]},
        doctor(),
        [doctor(vim_id=VIM)],
    ],
)
def test_every_form_of_doctor_is_taken(vim: Vim, operator: Caller, method: str, body: Any) -> None:
    """N66, N67."""
    answer = operator.ask(method, "//events", body)
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert faults() == [("h1", "reported")]
    fault = HostFault.objects.get()
    assert (fault.source, fault.cause) == ("sample", DOWN)
    assert fault.details["monitor_event_id"] == "monitor_sample_event1"


@pytest.mark.parametrize("event", [doctor(status="up"), doctor(type=UP, status="up")])
def test_doctor_says_that_a_host_is_back(vim: Vim, operator: Caller, event: Any) -> None:
    """N75."""
    operator.ask("PUT", "//events", [doctor()])
    assert operator.ask("PUT", "//events", [event]).content == b"OK"
    assert faults() == [("h1", "clearing")]


def test_doctors_maintenance_suppresses_faults(vim: Vim, operator: Caller) -> None:
    """N78."""
    begin = doctor(type=MAINTENANCE, state="IN_MAINTENANCE")
    assert operator.ask("PUT", "//events", [begin, doctor()]).content == b"OK"
    assert faults() == [("h1", "suppressed")]
    over = {"type": MAINTENANCE, "payload": {"host": "h1", "state": "MAINTENANCE_COMPLETE"}}
    assert operator.ask("PUT", "//events", [over, doctor()]).content == b"OK"
    assert faults() == [("h1", "reported")]


def test_one_event_that_is_wrong_holds_up_no_other(vim: Vim, operator: Caller) -> None:
    """N76."""
    Host.objects.create(vim=Vim.objects.create(cloud_owner="b", region="R", type="hosts"), name="h2", state="up")
    wrong = [
        doctor("h9"),
        doctor("h2"),
        {"type": DOWN},
        5,
        doctor(status="sideways"),
        {"type": "compute.port.down"},
    ]
    answer = operator.ask("PUT", "//events", [*wrong, doctor()])
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [404, 409, 400, 400, 400, 200, 200]
    assert "b_R, cloud_hosts" in results[1]["reason"]
    assert results[5]["result"] == "ignored"
    assert faults() == [("h1", "reported")]


def test_a_body_that_is_no_event_at_all(vim: Vim, operator: Caller) -> None:
    for body in ("{", "5", '"text"', "{}", '{"events": 5}'):
        answer = operator.ask("PUT", "//events", body)
        assert (answer.status_code, answer.json()["field"]) == (400, "body")


def test_doctors_path_needs_a_token_that_may_write(vim: Vim, nobody: Caller, reader: Caller) -> None:
    """N77."""
    assert nobody.ask("PUT", "//events", [doctor()]).status_code == 401
    assert reader.ask("PUT", "//events", [doctor()]).status_code == 403
    assert faults() == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
WORDS = st.sampled_from([DOWN, UP, MAINTENANCE, "type", "other"]) | JSON
EVENTS = st.fixed_dictionaries(
    {"type": WORDS},
    optional={
        "time": st.datetimes().map(str) | JSON,
        "details": st.dictionaries(st.sampled_from(["hostname", "status", "state", "severity"]), WORDS) | JSON,
    },
)


@given(JSON | st.lists(EVENTS | JSON) | EVENTS)
def test_anything_is_read_or_refused_by_name(body: Any) -> None:
    with suppress(Invalid):
        for event in read_body(body):
            word = read_event(event)
            assert word is None or (word.host and word.says in ("down", "up", "maintenance", "out"))
