"""Hosts from the command line: their faults, maintenance, detectors; and the history of one VM."""

from __future__ import annotations

FAULT = {"id": "f-1", "vim_id": "core_r_1", "host": "h1", "state": "reported", "stages": {}, "instances": []}
PATH = "/core/r_1/hosts/h1"


def test_a_fault_is_told_with_what_was_given_and_nothing_else(api, mcfed):
    api.answer("POST", f"{PATH}/fault", FAULT, status=202)
    ran = mcfed("host", "fault", "core_r_1", "h1", "-f", "json")
    assert (ran.code, ran.json["id"]) == (0, "f-1")
    mcfed(
        *("host", "fault", "core_r_1", "h1", "--cause", "no power", "--severity", "MAJOR", "--source", "ipmi"),
        *("--fenced", "--at", "2026-11-21T10:00:00Z", "--detail", "rack=7"),
    )
    assert [one.body for one in api.asked] == [
        {},
        {
            "cause": "no power",
            "severity": "MAJOR",
            "source": "ipmi",
            "fenced": True,
            "occurred_at": "2026-11-21T10:00:00.000000Z",
            "details": {"rack": 7},
        },
    ]


def test_it_is_shown_and_cleared(api, mcfed):
    api.answer("GET", f"{PATH}/fault", FAULT)
    api.answer("POST", f"{PATH}/fault/clear", {**FAULT, "state": "clearing"}, status=202)
    assert mcfed("host", "show", "core_r_1", "h1", "-f", "json").json["state"] == "reported"
    assert mcfed("host", "clear", "core_r_1", "h1", "-f", "json").json["state"] == "clearing"


def test_faults_are_listed_as_asked(api, mcfed):
    api.answer("GET", "/faults", {"faults": [FAULT], "next": None, "total": 1})
    ran = mcfed("host", "faults", "--vim", "core_r_1", "--host", "h1", "--state", "done", "-f", "json")
    assert [one["host"] for one in ran.json] == ["h1"]
    assert api.asked[0].query == {"vim_id": "core_r_1", "host": "h1", "state": "done"}


def test_maintenance_is_on_or_off(api, mcfed):
    api.answer("PUT", f"{PATH}/maintenance", {"host": "h1", "maintenance": True})
    for word in ("on", "off"):
        assert mcfed("host", "maintenance", "core_r_1", "h1", word).code == 0
    assert [one.body for one in api.asked] == [{"maintenance": True}, {"maintenance": False}]


def test_detectors_are_listed_set_and_removed(api, mcfed):
    path = "/vims/core_r_1/hosts/h1/detectors"
    ping = {"detector": "ping", "enabled": True, "state": "up", "options": {"address": "192.0.2.1"}}
    api.answer("GET", path, {"detectors": [ping]})
    api.answer("PUT", f"{path}/ping", ping)
    api.answer("DELETE", f"{path}/ping", status=204)
    assert mcfed("host", "detectors", "core_r_1", "h1", "-f", "json").json[0]["state"] == "up"
    options = ("--option", "address=192.0.2.1", "--option", "fall=3")
    assert mcfed("host", "watch", "core_r_1", "h1", "ping", *options).code == 0
    assert mcfed("host", "unwatch", "core_r_1", "h1", "ping").out == "h1 is watched by ping no more\n"
    assert api.asked[1].body == {"options": {"address": "192.0.2.1", "fall": 3}, "enabled": True}


def test_the_history_of_a_vm_is_shown_the_newest_last(api, mcfed):
    changes = [
        {"at": "2", "old_state": "active", "state": "error"},
        {"at": "1", "old_state": "", "state": "active"},
    ]
    api.answer("GET", "/meters/instance.state/history", {"changes": changes, "next": None, "total": 2})
    ran = mcfed("instance", "history", "vm", "--vim", "core_r_1", "--limit", "5", "-f", "json")
    assert [one["state"] for one in ran.json] == ["active", "error"]
    assert api.asked[0].query == {
        "instance_id": "vm", "vim_id": "core_r_1", "order": "-sequence", "limit": "5"
    }  # fmt: skip
