"""Asking a VIM for its VMs."""

from __future__ import annotations

VIM = {"vim_id": "my_own_Region", "cloud_owner": "my_own", "cloud_region_id": "Region"}
ITEM = {
    "id": "vm-1",
    "name": "web",
    "state": "paused",
    "state_description": "",
    "launched_at": "2018-03-07T05:59:46.000000",
    "state_changed_at": "2026-11-21T10:00:00.000000Z",
    "host": "h1",
    "tenant_id": "t",
}
STATUS = "/my_own/Region/check_vim_status"


def test_every_page_is_shown_and_the_vims_true_pair_is_asked(api, mcfed):
    api.answer("GET", "/vims/my_own_Region", VIM)
    api.answers(
        "POST",
        STATUS,
        {"result": [ITEM], "next": 2, "total": 2},
        {"result": [{**ITEM, "id": "vm-2"}], "next": None, "total": 2},
    )
    ran = mcfed(
        "vim", "status", "my_own_Region", "--state", "PAUSE", "--state", "shutoff", "--wait", "2", "-f", "json"
    )
    assert [row["id"] for row in ran.json] == ["vm-1", "vm-2"]
    assert "launched_at" not in ran.json[0]
    bodies = [one.body for one in api.asked[1:]]
    assert bodies == [
        {"states": ["PAUSE", "shutoff"], "page": 1, "wait": 2.0},
        {"states": ["PAUSE", "shutoff"], "page": 2, "wait": 0.0},
    ]


def test_one_instance_and_more_fields_may_be_asked_for(api, mcfed):
    api.answer("GET", "/vims/my_own_Region", VIM)
    api.answer("POST", STATUS, {"result": [ITEM], "next": None, "total": 1})
    ran = mcfed("vim", "status", "my_own_Region", "--instance", "vm-1", "--long", "-f", "json")
    assert ran.json[0]["launched_at"] == ITEM["launched_at"]
    assert api.asked[1].body["instance_id"] == "vm-1"


def test_a_cloud_that_fails_is_told_in_one_line(api, mcfed):
    api.answer("GET", "/vims/my_own_Region", VIM)
    problem = {"detail": "my_own_Region: no answer in 10 s", "status": 504, "request_id": "r"}
    api.answer("POST", STATUS, problem, status=504)
    ran = mcfed("vim", "status", "my_own_Region")
    assert ran.code == 1
    assert "no answer in 10 s" in ran.err
