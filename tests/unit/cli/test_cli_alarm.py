"""``mcfed alarm`` and ``mcfed receiver``."""

from __future__ import annotations

import json

import pytest

from fed_common.cli.alarm import line

ID = "0b8e5c1c-5f0e-4b7e-9d4c-2d1c7b7f6a10"
ALARM = {
    "id": ID,
    "severity": "CRITICAL",
    "name": "Host down: h1",
    "vim_id": "core_R",
    "object_type": "host",
    "object_id": "h1",
    "count": 2,
    "raised_at": "2026-11-21T10:00:00.123456Z",
    "acked_by": "",
    "correlated": [],
}


def change(sequence: int = 1, **more: object) -> dict[str, object]:
    about = {"vim_id": "core_R", "type": "host", "id": "h1", "name": "h1"}
    notice = {"kind": "raised", "severity": "CRITICAL", "about": about, "reason": "Host down: h1: raised"}
    at = "2026-11-21T10:00:00.123456Z"
    return {"sequence": sequence, "alarm_id": ID, "kind": "raised", "at": at, "by": "", "notice": notice, **more}


def page(*alarms: object, next: int | None = None) -> dict[str, object]:
    return {"alarms": alarms, "next": next, "total": len(alarms), "counts": {}, "sequence": 7}


def test_list_asks_for_what_is_chosen_and_reads_every_page(api, mcfed):
    api.answers("GET", "/alarms/active", page(ALARM, next=2), page({**ALARM, "object_id": "h2"}))

    chosen = (
        "--vim",
        "core_R",
        "--severity",
        "CRITICAL",
        "--severity",
        "MAJOR",
        "--type",
        "host",
        "--open",
        "--new",
    )
    ran = mcfed("alarm", "list", *chosen, "-f", "json")

    assert [one["object_id"] for one in ran.json] == ["h1", "h2"]
    assert api.asked[0].query == {
        **{"vim_id": "core_R", "severity": "CRITICAL,MAJOR", "object_type": "host"},
        **{"cleared": "false", "acked": "false", "order": "rank,-raised_at"},
    }
    assert api.asked[1].query["page"] == "2"


def test_show_shows_everything(api, mcfed):
    api.answer("GET", f"/alarms/active/{ID}", ALARM)
    assert mcfed("alarm", "show", ID, "-f", "json").json == ALARM


@pytest.mark.parametrize(
    ("verb", "path", "said"),
    [
        ("ack", "acknowledge", "acknowledged"),
        ("unack", "unacknowledge", "not acknowledged any more:"),
        ("clear", "clear", "cleared"),
    ],
)
def test_what_people_do_is_done_to_each_and_remarked_before(api, mcfed, verb, path, said):
    for one in ("a", "b"):
        api.answer("POST", f"/alarms/active/{one}/comment", ALARM)
        api.answer("POST", f"/alarms/active/{one}/{path}", ALARM)

    ran = mcfed("alarm", verb, "a", "b", "--comment", "on it")

    assert ran.out == f"{said} a\n{said} b\n"
    assert [one.path.rpartition("/")[2] for one in api.asked] == ["comment", path, "comment", path]
    assert api.asked[0].body == {"comment": "on it"}


def test_what_was_done_already_is_told_in_one_line(api, mcfed):
    api.refuse("POST", f"/alarms/active/{ID}/acknowledge", 409, detail="alarm is acknowledged already, by anna")
    ran = mcfed("alarm", "ack", ID)
    assert (ran.code, ran.err) == (1, "alarm is acknowledged already, by anna\n")


def test_history_reads_on_until_nothing_comes(api, mcfed):
    first = {"changes": [change(3), change(5, kind="cleared", by="anna")], "next": 5}
    api.answers("GET", "/alarms/changes", first, {"changes": [], "next": 5})

    ran = mcfed("alarm", "history", ID, "-f", "json")

    assert [(one["sequence"], one["kind"], one["by"]) for one in ran.json] == [
        (3, "raised", ""),
        (5, "cleared", "anna"),
    ]
    assert [one.query.get("after") for one in api.asked] == [None, "5"]
    assert api.asked[0].query["alarm_id"] == ID


def test_watch_prints_changes_and_resumes_behind_the_last(api, mcfed):
    api.stream(change(1), change(2))
    api.stream(change(3))

    ran = mcfed("alarm", "watch", "--kind", "raised", "-f", "json", "--count", "3")

    assert [json.loads(text)["sequence"] for text in ran.out.splitlines()] == [1, 2, 3]
    assert {one.path for one in api.asked} == {"/alarms/stream"}
    assert api.asked[1].headers["Last-Event-ID"] == "2"


def test_a_line_says_what_happened_to_what_and_shows_no_control_characters():
    told = line(change(12))
    assert told.split()[:6] == ["12", "2026-11-21", "10:00:00.123", "raised", "CRITICAL", "core_R"]
    assert told.endswith("host h1  Host down: h1: raised")
    assert line({}).split() == ["-", "-", "-", "-", "-"]
    assert "\x1b" not in line(change(kind="\x1b[2J"))


def test_deliveries_are_listed_and_chosen(api, mcfed):
    api.answer(
        "GET", "/alarms/deliveries", {"deliveries": [{"id": "d1", "state": "dead", "tries": 8}], "next": None}
    )
    ran = mcfed("alarm", "deliveries", "--state", "dead", "--alarm", ID, "-f", "json")
    assert ran.json[0]["tries"] == 8
    assert api.asked[0].query == {"state": "dead", "alarm_id": ID, "limit": "50"}


@pytest.mark.parametrize("noun", ["alarm", "receiver"])
@pytest.mark.parametrize(("outcome", "code"), [("delivered", 0), ("failed", 1)])
def test_a_test_tells_by_its_exit_code_whether_it_was_taken(api, mcfed, noun, outcome, code):
    api.answer("POST", "/receivers/noc/test", {"outcome": outcome, "ms": 3.2, "reason": ""})
    ran = mcfed(noun, "test", "noc", "-f", "json")
    assert (ran.code, ran.json["outcome"]) == (code, outcome)


def test_a_receiver_is_made_with_options_and_a_filter(api, mcfed):
    api.answer("POST", "/receivers", {"name": "noc", "options": {}}, status=201)

    mcfed(
        *("receiver", "create", "noc", "--notifier", "snmp", "--option", "host=10.0.0.1", "--option", "port=162"),
        *("--filter", '{"severities": ["CRITICAL"]}', "--disable"),
    )
    mcfed("receiver", "create", "all", "--notifier", "log", "--all")
    mcfed("receiver", "create", "deaf", "--notifier", "log")

    assert [one.body for one in api.asked] == [
        {
            **{"name": "noc", "notifier": "snmp", "options": {"host": "10.0.0.1", "port": 162}},
            **{"filter": {"severities": ["CRITICAL"]}, "enabled": False},
        },
        {"name": "all", "notifier": "log", "options": {}, "filter": {}},
        {"name": "deaf", "notifier": "log", "options": {}},
    ]


def test_receivers_are_listed_and_deleted(api, mcfed):
    api.answer("GET", "/receivers", {"receivers": [{"name": "noc", "notifier": "http", "enabled": True}]})
    api.answer("DELETE", "/receivers/noc", status=204)
    assert mcfed("receiver", "list", "-f", "json").json[0]["name"] == "noc"
    assert mcfed("receiver", "delete", "noc").out == "deleted noc\n"
