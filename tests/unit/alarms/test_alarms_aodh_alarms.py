"""Aodh's alarms: created, shown, replaced, set, deleted; shapes, codes and refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fed_common.alarms.models import Rule
from fed_common.notify.models import Delivery
from tests.aodh import ALARMS, alarm, create, fault
from tests.callers import Caller, caller

pytestmark = pytest.mark.django_db

CONSUMER = "http://192.0.2.7:12346/failure"
DOCTOR = {
    "name": "doctor_alarm1",
    "description": "VM failure",
    "alarm_actions": [CONSUMER],
    "repeat_actions": False,
    "severity": "moderate",
    "type": "event",
    "event_rule": {
        "event_type": "compute.instance.update",
        "query": [
            {"field": "traits.instance_id", "op": "eq", "value": "i-1", "type": ""},
            {"field": "traits.state", "op": "eq", "value": "error", "type": ""},
        ],
    },
}


def refused(who: Caller, **fields: Any) -> tuple[int, str]:
    return fault(who.ask("POST", ALARMS, alarm(**fields)))


def query(**term: Any) -> dict[str, Any]:
    return {"query": [{"field": "traits.state", "op": "eq", "value": "error", "type": "", **term}]}


def test_what_is_not_said_has_aodhs_defaults(operator: Caller) -> None:
    """N1"""
    answer = operator.ask("POST", ALARMS, alarm())

    made = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{ALARMS[1:]}/{made['alarm_id']}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", made["timestamp"])
    times = {made.pop(name) for name in ("timestamp", "state_timestamp", "evaluate_timestamp")}
    assert len(times) == 1
    assert made.pop("alarm_id")
    assert made == {
        "name": "a",
        "description": "Alarm when * event occurred.",
        "enabled": True,
        "type": "event",
        "event_rule": {"event_type": "*", "query": []},
        "severity": "low",
        "state": "insufficient data",
        "state_reason": "Not evaluated yet",
        "time_constraints": [],
        "ok_actions": [],
        "alarm_actions": [],
        "insufficient_data_actions": [],
        "repeat_actions": False,
        "project_id": "",
        "user_id": "the operator",
    }


def test_doctors_alarm_comes_back_as_it_was_sent(operator: Caller) -> None:
    """N2"""
    made = operator.post(ALARMS, DOCTOR)

    assert {name: made[name] for name in DOCTOR} == DOCTOR
    assert operator.get(f"{ALARMS}/{made['alarm_id']}") == made


def test_lists_may_be_null(operator: Caller) -> None:
    made = create(operator, ok_actions=None, time_constraints=None, composite_rule=None, description=None)

    assert (made["ok_actions"], made["time_constraints"]) == ([], [])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": None}, "name: None is not allowed; allowed: a value"),
        ({"colour": "red"}, "colour: 'red' is not allowed; allowed: no such field"),
        ({"composite_rule": {"and": []}}, "composite_rule: 'an object' is not allowed; allowed: nothing, because"),
        ({"event_rule": None}, "event_rule: None is not allowed; allowed: an object, because the type is event"),
        (
            {"type": "composite"},
            "event_rule: 'an object' is not allowed; allowed: nothing, because the type is comp",
        ),
        ({"type": "foo"}, "type: 'foo' is not allowed; allowed: event, composite"),
        ({"severity": "major"}, "severity: 'major' is not allowed; allowed: low, moderate, critical"),
        ({"state": "bad"}, "state: 'bad' is not allowed; allowed: ok, alarm, insufficient data"),
        ({"enabled": "yes"}, "enabled: 'yes' is not allowed"),
        ({"alarm_actions": "http://x"}, "alarm_actions: 'http://x' is not allowed"),
        ({"alarm_actions": [5]}, "alarm_actions[0]: 5 is not allowed"),
        ({"alarm_actions": ["ftp://x"]}, "alarm_actions: "),
        ({"alarm_actions": ["no url"]}, "alarm_actions: "),
        ({"name": "x" * 256}, "name: "),
        ({"multicloud": {"clear_after": -1}}, "multicloud.clear_after: -1 is not allowed"),
        ({"multicloud": []}, "multicloud: 'a list' is not allowed"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(operator: Caller, fields: dict[str, Any], said: str) -> None:
    """N3 N4 N9"""
    status, text = refused(operator, **fields)

    assert (status, text[: len(said)]) == (400, said)


@pytest.mark.parametrize("body", [None, [], "alarm", {}, {"name": "a"}, b"{"])
def test_a_body_that_is_no_alarm_is_refused(operator: Caller, body: Any) -> None:
    """N3"""
    assert fault(operator.ask("POST", ALARMS, body))[0] == 400


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (query(op="like"), "event_rule.query[0].op: 'like' is not allowed; allowed: lt, le, eq, ne, ge, gt"),
        (query(type="integer", value="abc"), "event_rule.query[0].value: 'abc' is not allowed"),
        (query(type="boolean", value="abc"), "event_rule.query[0].value: 'abc' is not allowed"),
        (query(field="traits. state"), "event_rule.query[0].field: 'traits. state' is not allowed"),
        (query(type="blob"), "event_rule.query[0].type: 'blob' is not allowed"),
        ({"event_type": "compute.[z-a"}, "event_rule.event_type: "),
        (
            {"query": query()["query"] * 10_000},
            "event_rule.query: '10000 terms' is not allowed; allowed: at most 100",
        ),
    ],
)
def test_a_rule_that_cannot_work_is_refused_when_it_is_made(
    operator: Caller, rule: dict[str, Any], said: str
) -> None:
    """N4 N8"""
    status, text = refused(operator, event_rule=rule)

    assert (status, text[: len(said)]) == (400, said)


@pytest.mark.parametrize(
    "term",
    [
        {"type": "datetime", "field": "traits.launched_at", "value": "2026-11-21T12:00:00"},  # N5
        {"type": "boolean", "field": "traits.x", "value": "true"},  # N6
        {"field": "event_type", "value": "compute.instance.update"},  # N7
    ],
)
def test_what_aodh_only_half_takes_is_taken(operator: Caller, term: dict[str, Any]) -> None:
    """N5 N6 N7"""
    assert create(operator, event_rule=query(**term))["event_rule"]["query"] == query(**term)["query"]


def test_actions_are_kept_once_in_their_order(operator: Caller) -> None:
    """N10"""
    first, second = "http://192.0.2.9/b", "http://192.0.2.9/a"

    made = create(operator, alarm_actions=[first, second, first])

    assert made["alarm_actions"] == [first, second]


def test_more_actions_than_may_be_are_refused(operator: Caller, settings: Any) -> None:
    settings.ALARM_ACTIONS = 2

    assert refused(operator, alarm_actions=[f"http://192.0.2.9/{n}" for n in range(3)])[0] == 400


def test_writing_to_the_log_is_for_admins(operator: Caller, admin: Caller) -> None:
    """N9"""
    assert refused(operator, alarm_actions=["log://"])[0] == 401
    assert create(admin, alarm_actions=["log://"])["alarm_actions"] == ["log://"]


@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1", "[::1]"])
def test_an_action_into_a_forbidden_network_is_refused(operator: Caller, host: str) -> None:
    """N11"""
    status, text = refused(operator, alarm_actions=[f"http://{host}/latest"])

    assert (status, text[:13]) == (400, "alarm_actions")


@pytest.mark.parametrize(
    ("constraints", "said"),
    [
        ([{"name": "n", "start": "0 23 * * *", "duration": 5}] * 2, "time_constraints[1].name: 'n'"),
        ([{"name": "n", "start": "0 99 * * *", "duration": 5}], "time_constraints[0].start: '0 99 * * *'"),
        ([{"name": "n", "start": "0 1 * * *", "duration": -5}], "time_constraints[0].duration: -5"),
        (
            [{"name": "n", "start": "0 1 * * *", "duration": 5, "timezone": "Mars/X"}],
            "time_constraints[0].timezone",
        ),
    ],
)
def test_a_time_constraint_that_cannot_be_is_refused(operator: Caller, constraints: Any, said: str) -> None:
    """N12"""
    status, text = refused(operator, time_constraints=constraints)

    assert (status, text[: len(said)]) == (400, said)


def test_a_time_constraint_is_told_as_aodh_tells_it(operator: Caller) -> None:
    made = create(operator, time_constraints=[{"name": "n", "start": "0 23 * * *", "duration": "10800"}])

    assert made["time_constraints"] == [
        {
            "name": "n",
            "start": "0 23 * * *",
            "duration": 10800,
            "timezone": "",
            "description": "Time constraint at 0 23 * * * lasting for 10800 seconds",
        }
    ]


def test_two_alarms_may_have_one_name(operator: Caller) -> None:
    """N13"""
    assert create(operator)["alarm_id"] != create(operator)["alarm_id"]


def test_a_composite_rule_over_events_is_taken(operator: Caller) -> None:
    parts = [{"type": "event", "event_type": f"compute.{n}", "query": []} for n in "ab"]
    body = {"name": "c", "type": "composite", "composite_rule": {"and": parts}, "multicloud": {"within": 5.0}}

    made = operator.post(ALARMS, body)

    assert (made["composite_rule"], made["multicloud"]) == ({"and": parts}, {"within": 5.0})
    assert made["description"] == "composite alarm rule"
    assert "event_rule" not in made


def test_a_put_changes_what_differs_and_leaves_the_state(operator: Caller) -> None:
    """N20"""
    made = create(operator, name="before")

    changed = operator.put(f"{ALARMS}/{made['alarm_id']}", {**made, "name": "after", "severity": "critical"})

    assert changed.pop("timestamp") > made.pop("timestamp")
    assert changed == {**made, "name": "after", "severity": "critical"}


def test_a_put_without_a_name_is_refused(operator: Caller) -> None:
    made = create(operator)

    answer = operator.ask("PUT", f"{ALARMS}/{made['alarm_id']}", {"type": "event", "event_rule": {}})

    assert fault(answer) == (400, "name: None is not allowed; allowed: a value")


def test_the_state_is_a_text_alone_both_ways(operator: Caller) -> None:
    """N21"""
    state = f"{ALARMS}/{create(operator)['alarm_id']}/state"

    assert operator.put(state, '"ok"') == "ok"
    assert operator.get(state) == "ok"
    for wrong in ('"zzz"', "5", "null", '["ok"]', '{"state": "ok"}'):
        status, text = fault(operator.ask("PUT", state, wrong))
        assert (status, text.endswith("allowed: ok, alarm, insufficient data")) == (400, True)


def test_a_state_set_by_hand_says_so(operator: Caller) -> None:
    made = create(operator)

    operator.put(f"{ALARMS}/{made['alarm_id']}/state", '"alarm"')

    shown = operator.get(f"{ALARMS}/{made['alarm_id']}")
    assert (shown["state"], shown["state_reason"]) == ("alarm", "Manually set via API")
    assert shown["state_timestamp"] > made["state_timestamp"]
    assert shown["timestamp"] == made["timestamp"]


@pytest.mark.parametrize("state", ["ok", "alarm", "insufficient data"])
def test_a_state_set_by_hand_sends_no_action(operator: Caller, state: str) -> None:
    """N22"""
    fields = ("ok_actions", "alarm_actions", "insufficient_data_actions")
    made = create(operator, **{name: [CONSUMER] for name in fields})

    operator.put(f"{ALARMS}/{made['alarm_id']}/state", f'"{state}"')
    operator.put(f"{ALARMS}/{made['alarm_id']}", {**made, "state": state, "state_timestamp": None})

    assert operator.get(f"{ALARMS}/{made['alarm_id']}/state") == state
    assert not Delivery.objects.exists()


def test_a_rule_that_no_evaluator_can_use_says_so(operator: Caller) -> None:
    made = create(operator)
    Rule.objects.update(quarantine="query[0].op: 'like'")

    shown = operator.get(f"{ALARMS}/{made['alarm_id']}")
    changed = operator.put(f"{ALARMS}/{made['alarm_id']}", shown)

    assert shown["state_reason"] == "Not evaluated: query[0].op: 'like'"
    assert changed["state_reason"] == "Not evaluated yet"


def test_a_deleted_alarm_is_gone(operator: Caller) -> None:
    """N23"""
    one = f"{ALARMS}/{create(operator)['alarm_id']}"

    answer = operator.ask("DELETE", one)

    assert (answer.status_code, answer.content) == (204, b"")
    assert operator.get(ALARMS) == []
    for method, path, body in (
        *(("GET", one, None), ("PUT", one, alarm()), ("DELETE", one, None)),
        *(("GET", f"{one}/state", None), ("PUT", f"{one}/state", '"ok"')),
    ):
        assert fault(operator.ask(method, path, body))[0] == 404


@pytest.mark.parametrize("alarm_id", ["nothing", "6a1e2d6e-3f7f-4f0e-9a08-8b3b1c5a6f3e"])
def test_an_alarm_that_is_not_there_is_named(operator: Caller, alarm_id: str) -> None:
    """N21"""
    for path in (alarm_id, f"{alarm_id}/state", f"{alarm_id}/history"):
        assert fault(operator.ask("GET", f"{ALARMS}/{path}")) == (404, f"there is no alarm {alarm_id!r}")


def test_projects_keep_their_alarms_to_themselves(admin: Caller) -> None:
    """N15"""
    mine = create(caller("operator", project="p1"))
    other = caller("operator", project="p2")
    one = f"{ALARMS}/{mine['alarm_id']}"

    assert mine["project_id"] == "p1"
    assert other.ask("GET", one).status_code == 404
    assert other.ask("PUT", one, alarm()).status_code == 404
    assert other.ask("PUT", f"{one}/state", '"ok"').status_code == 404
    assert other.ask("DELETE", one).status_code == 404
    assert other.ask("GET", f"{one}/history").status_code == 404
    assert admin.get(one) == mine


def test_only_admins_write_in_the_name_of_others(admin: Caller) -> None:
    """N14"""
    member = caller("operator", project="p1")

    assert refused(member, project_id="p2") == (401, "Not Authorized to access project p2")
    assert refused(member, user_id="somebody") == (401, "Not Authorized to access user somebody")
    assert create(member, project_id="p1")["project_id"] == "p1"
    made = create(admin, project_id="p2", user_id="u")
    assert (made["project_id"], made["user_id"]) == ("p2", "u")
    moved = admin.put(f"{ALARMS}/{made['alarm_id']}", {**made, "project_id": "p3"})
    assert (moved["project_id"], moved["user_id"]) == ("p3", "u")


def test_a_put_of_a_member_leaves_the_owner(admin: Caller) -> None:
    member = caller("operator", project="p1")
    made = create(admin, project_id="p1", user_id="u")

    changed = member.put(f"{ALARMS}/{made['alarm_id']}", {**made, "project_id": "p2"})

    assert (changed["project_id"], changed["user_id"]) == ("p1", "u")


def test_a_reader_changes_nothing() -> None:
    reader = caller("reader", project="p1")
    one = f"{ALARMS}/{create(caller('operator', project='p1'))['alarm_id']}"

    assert reader.get(one)["name"] == "a"
    assert refused(reader)[0] == 403
    assert fault(reader.ask("PUT", f"{one}/state", '"ok"'))[0] == 403
    assert fault(reader.ask("DELETE", one))[0] == 403


def test_a_token_for_some_vims_needs_a_project(admin: Caller) -> None:
    house_wide = caller("operator", "vio_*")
    projects = caller("admin", "vio_*", project="p1")

    assert refused(house_wide)[0] == 403
    assert fault(house_wide.ask("GET", ALARMS))[0] == 403
    assert create(projects)["project_id"] == "p1"
    assert refused(projects, project_id="")[0] == 401
    assert fault(projects.ask("GET", f"{ALARMS}?q.field=all_projects&q.value=true"))[0] == 403


def test_nobody_is_told_to_sign_in_in_aodhs_words(nobody: Caller) -> None:
    answer = nobody.ask("GET", ALARMS)

    assert fault(answer)[0] == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["X-Openstack-Request-Id"] == answer.headers["X-Request-ID"]


def test_where_nobody_is_asked_the_headers_of_aodhs_client_count(nobody: Caller, settings: Any) -> None:
    """N14 N15"""
    settings.AUTH = "none"

    def ask(method: str, path: str, body: Any = None, project: str = "p1", roles: str = "member") -> Any:
        headers = {"X-Project-Id": project, "X-User-Id": "u1", "X-Roles": roles}
        return nobody.ask(method, path, body, **headers)

    made = ask("POST", ALARMS, alarm()).json()
    assert (made["project_id"], made["user_id"]) == ("p1", "u1")
    one = f"{ALARMS}/{made['alarm_id']}"
    assert ask("GET", one, project="p2").status_code == 404
    assert ask("GET", one, project="p2", roles="reader, Admin").status_code == 200
    assert ask("POST", ALARMS, alarm(), roles="reader").status_code == 403
    assert ask("POST", ALARMS, alarm(project_id="p2")).status_code == 401
    assert ask("POST", ALARMS, alarm(), roles="").status_code == 201
    assert nobody.ask("GET", one).status_code == 200  # without headers: everybody is admin


def test_the_headers_count_for_nothing_where_callers_are_asked(operator: Caller, settings: Any) -> None:
    headers = {"X-Project-Id": "p1", "X-User-Id": "u1", "X-Roles": "admin"}

    made = operator.ask("POST", ALARMS, alarm(), **headers).json()

    assert (made["project_id"], made["user_id"]) == ("", "the operator")


def test_the_headers_count_for_nothing_elsewhere(nobody: Caller, settings: Any) -> None:
    settings.AUTH = "none"

    assert nobody.ask("GET", "/vims", **{"X-Project-Id": "p1", "X-Roles": "reader"}).status_code == 200
    answer = nobody.ask("POST", "/vims/check", {}, **{"X-Project-Id": "p1", "X-Roles": "reader"})
    assert answer.status_code == 400  # and not 403
