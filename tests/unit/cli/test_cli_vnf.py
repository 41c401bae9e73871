"""``mcfed vnf`` and ``mcfed vnfd``."""

from __future__ import annotations

import json

import pytest

VNF = {
    "id": "8f1c2b7e-0000-4000-8000-000000000001",
    "name": "firewall",
    "vim_id": "core_R",
    "status": "ACTIVE",
    "health": {"PENDING": 0, "UP": 2, "DOWN": 1},
    "mgmt_ip_addresses": {"VDU1": ["10.0.0.4", "10.0.0.5"], "VDU2": ["10.0.0.6"]},
    "maintenance": False,
    "error_reason": "",
    "vnfd": {"vdus": [], "scalings": [], "description": ""},
}
BEGUN = {"id": 7, "kind": "scale_out", "parameters": {"policy": "SP1"}, "state": "waiting", "ended_at": None}
CHECK = {"kind": "ping", "address": ""}
UNDERSTOOD = {
    "vdus": [
        {
            **{"name": "VDU1", "image": "cirros", "flavor": "m1.tiny", "networks": ["net_mgmt", "net0"]},
            "policies": [{"check": CHECK, "actions": {"failure": ["respawn", "log"]}}],
        },
        {"name": "VDU2", "image": "", "flavor": "", "networks": [], "policies": []},
    ],
    "scalings": [{"name": "SP1", "targets": ["VDU1"], "min_instances": 1, "max_instances": 3}],
}


def test_create_sends_the_file_the_inputs_and_what_is_adopted(api, mcfed, tmp_path):
    (tmp_path / "v.yaml").write_text("tosca: x\n")
    api.answer("POST", "/vnfs", {**VNF, "status": "PENDING_CREATE", "warnings": ["a.b: is not used"]}, status=201)

    ran = mcfed(
        *("vnf", "create", "firewall", "--vim", "core_R", "--vnfd", str(tmp_path / "v.yaml"), "--tenant", "t"),
        *("--description", "d", "--input", "image=cirros", "--input", "delay=5", "-f", "json"),
        *("--adopt", "VDU1=42,10.0.0.4", "--adopt", "VDU1=,10.0.0.5", "--adopt", "VDU2=43,fe80::1"),
    )

    assert api.asked[0].body == {
        **{"name": "firewall", "vim_id": "core_R", "description": "d", "tenant_id": "t"},
        "vnfd": "tosca: x\n",
        "inputs": {"image": "cirros", "delay": "5"},
        "adopt": {
            "VDU1": [
                {"instance_id": "42", "address": "10.0.0.4"},
                {"instance_id": "", "address": "10.0.0.5"},
            ],
            "VDU2": [{"instance_id": "43", "address": "fe80::1"}],
        },
    }
    assert (ran.code, ran.json["status"], ran.err) == (0, "PENDING_CREATE", "warning: a.b: is not used\n")
    assert not {"vnfd", "warnings"} & set(ran.json)


def test_create_reads_standard_input_and_sends_no_more_than_it_was_told(api, mcfed):
    api.answer("POST", "/vnfs", {**VNF, "warnings": []}, status=201)

    mcfed("vnf", "create", "f", "--vim", "core_R", "--vnfd", "-", stdin="tosca: y\n")

    assert api.asked[0].body == {"name": "f", "vim_id": "core_R", "vnfd": "tosca: y\n", "inputs": {}}


def test_a_refused_descriptor_is_told_in_one_line(api, mcfed):
    problem = {"field": "a.VDU1.type", "value": "x", "allowed": "y", "detail": "a.VDU1.type: 'x' is not allowed"}
    api.refuse("POST", "/vnfds/check", 400, **problem)

    ran = mcfed("vnfd", "check", "-", stdin="x")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "a.VDU1.type" in ran.err


@pytest.mark.parametrize(
    "argv",
    [
        ("vnf", "create", "f", "--vim", "v", "--vnfd", "f", "--adopt", "VDU1"),
        ("vnf", "create", "f", "--vim", "v", "--vnfd", "f", "--adopt", "VDU1=42"),
        ("vnf", "create", "f", "--vim", "v", "--vnfd", "f", "--input", "image"),
        ("vnf", "create", "f", "--vim", "v"),
        ("vnf", "scale", "f", "out"),
        ("vnf", "scale", "f", "--policy", "SP1", "up"),
        ("vnf", "maintenance", "f", "perhaps"),
    ],
)
def test_what_is_not_understood_is_not_asked(api, mcfed, argv):
    with pytest.raises(SystemExit) as left:
        mcfed(*argv)
    assert left.value.code == 2
    assert api.asked == []


def test_a_file_that_cannot_be_read_is_told(api, mcfed, tmp_path):
    ran = mcfed("vnfd", "check", str(tmp_path / "none.yaml"))

    assert (ran.code, api.asked) == (1, [])
    assert ran.err.startswith(f"cannot read {tmp_path}/none.yaml")


def test_check_shows_each_vdu_and_warns_beside_it(api, mcfed):
    api.answer("POST", "/vnfds/check", {"vnfd": UNDERSTOOD, "warnings": ["x: is not used"]})

    ran = mcfed("vnfd", "check", "-", "--input", "a=b", "-f", "json", stdin="t: 1")

    assert api.asked[0].body == {"vnfd": "t: 1", "inputs": {"a": "b"}}
    assert ran.json == [
        {
            **{"vdu": "VDU1", "image": "cirros", "flavor": "m1.tiny", "networks": ["net_mgmt", "net0"]},
            **{"members": "1 to 3, by SP1", "watched_by": ["ping"], "on_failure": ["respawn", "log"]},
        },
        {
            **{"vdu": "VDU2", "image": "", "flavor": "", "networks": []},
            **{"members": "1", "watched_by": [], "on_failure": []},
        },
    ]
    assert ran.err == "warning: x: is not used\n"


def test_list_asks_for_what_was_chosen_and_shows_health_and_addresses(api, mcfed):
    api.answer("GET", "/vnfs", {"vnfs": [VNF], "next": None, "total": 1})

    ran = mcfed("vnf", "list", "--vim", "core_R", "--status", "ACTIVE", "--name", "firewall")

    assert api.asked[0].query == {"vim_id": "core_R", "status": "ACTIVE", "name": "firewall"}
    for text in ("2 UP, 1 DOWN", "VDU1: 10.0.0.4, 10.0.0.5", "VDU2: 10.0.0.6"):
        assert text in ran.out
    assert mcfed("vnf", "list", "-f", "json").json[0]["health"] == VNF["health"]


def test_show_has_the_descriptor_when_it_is_long(api, mcfed):
    api.answer("GET", "/vnfs/firewall", VNF)

    assert "vnfd" not in mcfed("vnf", "show", "firewall", "-f", "json").json
    assert mcfed("vnf", "show", "firewall", "--long", "-f", "json").json == VNF


@pytest.mark.parametrize("name", ["events", "operations"])
def test_the_newest_are_shown_the_last_at_the_end(api, mcfed, name):
    rows = [{"id": 9, "parameters": {}}, {"id": 8, "parameters": {}}, {"id": 7, "parameters": {}}]
    api.answer("GET", f"/vnfs/firewall/{name}", {name: rows, "next": 2, "total": 5})

    ran = mcfed("vnf", name, "firewall", "--limit", "2", "-f", "json", "-c", "id")

    assert [row["id"] for row in ran.json] == [8, 9]
    assert api.asked[0].query == {"order": "-id", "limit": "2"}


def test_members_are_shown_with_their_health(api, mcfed):
    members = [{"vdu": "VDU1", "number": 1, "address": "10.0.0.4", "health": "DOWN", "changed_at": None}]
    api.answer("GET", "/vnfs/firewall/members", {"members": members, "next": None, "total": 1})

    assert mcfed("vnf", "members", "firewall", "-f", "value", "-c", "address", "-c", "health").out == (
        "10.0.0.4 DOWN\n"
    )


@pytest.mark.parametrize(
    ("argv", "path", "body"),
    [
        (("scale", "f", "--policy", "SP1", "out"), "/scale", {"policy": "SP1", "direction": "out"}),
        (("scale", "f", "--vdu", "VDU1", "in"), "/scale", {"vdu": "VDU1", "direction": "in"}),
        (("heal", "f", "VDU1"), "/heal", {"vdu": "VDU1"}),
        (("respawn", "f"), "/respawn", None),
    ],
)
def test_what_is_done_is_asked_for_and_shown(api, mcfed, argv, path, body):
    api.answer("POST", f"/vnfs/f{path}", BEGUN, status=202)

    ran = mcfed("vnf", *argv, "-f", "json")

    assert api.asked[0].body == body
    assert (ran.code, ran.json) == (0, BEGUN)


def test_delete(api, mcfed):
    api.answer("DELETE", "/vnfs/f", BEGUN, status=202)

    assert mcfed("vnf", "delete", "f").out == "removing f\n"


@pytest.mark.parametrize(("word", "value"), [("on", True), ("off", False)])
def test_maintenance_of_a_vnf_and_of_a_vim(api, mcfed, word, value):
    api.answer("PATCH", "/vnfs/f", {**VNF, "maintenance": value})
    api.answer("PATCH", "/vims/core_R", {"vim_id": "core_R", "maintenance": value})

    assert mcfed("vnf", "maintenance", "f", word, "-f", "json").json["maintenance"] is value
    assert (
        json.loads(mcfed("vim", "set", "core_R", "--maintenance", word, "-f", "json").out)["maintenance"] is value
    )
    assert [one.body for one in api.asked] == [{"maintenance": value}] * 2
