"""VNFs through the REST API: made, shown, listed, changed, scaled, healed, removed; and by whom."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import yaml

from fed_common.core import clock
from fed_common.core.vnf import VnfStatus
from fed_common.inventory.models import Vim
from fed_common.monitor.models import LifecycleEvent, Operation, Target, Vnf, Vnfc
from tests.callers import Caller, caller
from tests.vnfds import POLICY, VDU1, changed, good

pytestmark = pytest.mark.django_db
SECRET = "pl4nted-S3cret"
NOBODY = str(uuid.uuid4())


@pytest.fixture
def vim() -> Vim:
    return Vim.objects.create(cloud_owner="core", region="R", type="openstack")


def body(name: str = "one", **more: Any) -> dict[str, Any]:
    return {"name": name, "vim_id": "core_R", "vnfd": good(), **more}


def active(operator: Caller, name: str = "one", **more: Any) -> Vnf:
    """A VNF as it is when a conductor made it."""
    operator.post("/vnfs", body(name, **more))
    vnf = Vnf.objects.get(name=name)
    Operation.objects.all().delete()
    Vnf.objects.update(status=VnfStatus.ACTIVE)
    return vnf


def test_a_new_vnf_is_pending_and_has_its_descriptor_with_the_inputs_filled_in(
    operator: Caller, reader: Caller, vim: Vim
) -> None:
    sent = body(description="the first", inputs={"image": "jammy"}, vnfd=yaml.safe_dump(good()))

    answer = operator.ask("POST", "/vnfs", sent)

    assert answer.status_code == 201
    shown = answer.json()
    assert shown.pop("warnings") == []
    assert shown == reader.get("/vnfs/one") == reader.get(f"/vnfs/{shown['id']}")
    assert (shown["status"], shown["vim_id"], shown["description"]) == ("PENDING_CREATE", "core_R", "the first")
    assert (shown["maintenance"], shown["action_id"], shown["attributes"]) == (False, None, {})
    assert shown["health"] == {"PENDING": 1, "UP": 0, "DOWN": 0}
    assert [vdu["image"] for vdu in shown["vnfd"]["vdus"]] == ["jammy", "cirros"]
    assert Operation.objects.get().kind == "create"


def test_what_was_not_used_is_told(operator: Caller, vim: Vim) -> None:
    vnfd = changed("node_templates.VDU1.properties.config", "x")

    assert operator.post("/vnfs", body(vnfd=vnfd))["warnings"] == [f"{VDU1}.properties.config: is not used"]
    checked = operator.post("/vnfds/check", {"vnfd": vnfd})
    assert checked["warnings"] == [f"{VDU1}.properties.config: is not used"]


def test_a_check_makes_nothing_and_a_reader_may_ask_for_it(reader: Caller, vim: Vim) -> None:
    answer = reader.post("/vnfds/check", {"vnfd": good(), "inputs": {"delay": "5"}})

    first, second = answer["vnfd"]["vdus"]
    assert (first["policies"][0]["delay"], second["flavor"]) == (5, "m1.tiny")
    assert (Vnf.objects.count(), Operation.objects.count(), LifecycleEvent.objects.count()) == (0, 0, 0)


def test_user_data_is_never_shown(operator: Caller, vim: Vim) -> None:
    vnfd = changed("node_templates.VDU1.properties.user_data", SECRET)

    answers = [
        operator.ask("POST", "/vnfds/check", {"vnfd": vnfd}),
        operator.ask("POST", "/vnfs", body(vnfd=vnfd)),
        *(
            operator.ask("GET", path)
            for path in ("/vnfs", "/vnfs/one", "/vnfs/one/operations", "/vnfs/one/events")
        ),
    ]

    assert all(answer.status_code < 300 and SECRET not in answer.content.decode() for answer in answers)
    assert Vnf.objects.get().vnfd["vdus"][0]["user_data"] == SECRET
    assert answers[3].json()["vnfd"]["vdus"][0]["user_data"] == "***"


def test_instances_that_are_there_are_adopted(operator: Caller, reader: Caller, vim: Vim) -> None:
    adopt = {"VDU1": [{"instance_id": "42", "address": "10.0.0.4"}]}

    shown = operator.post("/vnfs", body(adopt=adopt))

    assert shown["mgmt_ip_addresses"] == {"VDU1": ["10.0.0.4"]}
    first, *others = reader.get("/vnfs/one/members")["members"]
    assert (first["vdu"], first["number"], first["instance_id"], first["adopted"]) == ("VDU1", 1, "42", True)
    assert [one["adopted"] for one in others] == [False, False]


WRONG: list[tuple[dict[str, Any], str, Any, str]] = [
    ({"name": None}, "name", None, "a value"),
    ({"name": ""}, "name", "", "not empty"),
    ({"name": "a/b"}, "name", "a/b", "letters"),
    ({"name": "x" * 101}, "name", "x" * 101, "100"),
    ({"name": NOBODY}, "name", NOBODY, "no UUID"),
    ({"vim_id": "nonsense"}, "vim_id", "nonsense", "{cloud_owner}_{cloud_region_id}"),
    ({"vnfd": 5}, "vnfd", 5, "TOSCA"),
    ({"vnfd": None}, "vnfd", None, "a value"),
    ({"vnfd": "a: [b"}, "a[0]", "line 2, column 1", "YAML"),
    ({"vnfd": {}}, "tosca_definitions_version", None, "tosca_simple_profile_for_nfv_1_0_0"),
    ({"colour": "red"}, "colour", "red", "adopt"),
    ({"inputs": {"colour": "red"}}, "inputs.colour", "red", "image"),
    ({"inputs": []}, "inputs", "a list", "dict"),
    ({"adopt": {"VDU9": []}}, "adopt.VDU9", "VDU9", "VDU1"),
    ({"adopt": {"VDU1": [{}]}}, "adopt.VDU1[0].address", None, "a value"),
    ({"adopt": {"VDU1": [{"address": "not an address"}]}}, "adopt.VDU1[0].address", "not an address", "host name"),
    ({"adopt": {"VDU1": [{"address": "a", "id": "1"}]}}, "adopt.VDU1[0].id", "1", "instance_id"),
]


@pytest.mark.parametrize(("more", "field", "value", "allowed"), WRONG)
def test_wrong_input_is_refused_naming_what_is_wrong(
    operator: Caller, vim: Vim, more: dict[str, Any], field: str, value: Any, allowed: str
) -> None:
    answer = operator.ask("POST", "/vnfs", body(**more))

    said = answer.json()
    assert answer.status_code == 400, said
    assert (said["field"], str(value) in str(said["value"]), allowed in said["allowed"]) == (field, True, True), (
        said
    )
    assert Vnf.objects.count() == 0


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        pytest.param(".name", "icmp", f"{POLICY}.name", id="T74"),
        pytest.param(".parameters.interval", -1, f"{POLICY}.parameters.interval", id="T75-interval"),
        pytest.param(".name", 5, f"{POLICY}.name", id="T75-type"),
        pytest.param(".actions.failure", "reboot", f"{POLICY}.actions.failure", id="T74-action"),
        ("node_templates.VDU2.properties.image", None, "adopt.VDU2"),
        ("node_templates.CP1.requirements", [], POLICY),
    ],
)
@pytest.mark.parametrize("form", [yaml.safe_dump, dict])
def test_a_descriptor_is_refused_with_the_path_in_the_file(
    operator: Caller, vim: Vim, path: str, value: Any, field: str, form: Any
) -> None:
    answer = operator.ask("POST", "/vnfs", body(vnfd=form(changed(path, value))))

    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.content


def test_a_name_is_there_once_and_a_vim_has_to_be_there(operator: Caller, vim: Vim) -> None:
    operator.post("/vnfs", body())

    assert operator.ask("POST", "/vnfs", body()).status_code == 409
    assert operator.ask("POST", "/vnfs", {**body("two"), "vim_id": "core_S"}).status_code == 404


def test_vnfs_are_listed_chosen_and_paged(operator: Caller, reader: Caller, vim: Vim) -> None:
    Vim.objects.create(cloud_owner="edge", region="R", type="openstack")
    for name in ("b", "a"):
        operator.post("/vnfs", body(name))
    operator.post("/vnfs", {**body("c"), "vim_id": "edge_R"})
    Vnf.objects.filter(name="a").update(status=VnfStatus.ACTIVE)

    def names(query: str) -> list[str]:
        return [one["name"] for one in reader.get(f"/vnfs?{query}")["vnfs"]]

    assert names("") == ["a", "b", "c"]
    assert names("name=c&name=a") == ["a", "c"]
    assert names("vim_id=edge_R") == ["c"]
    assert names("status=PENDING_CREATE&order=-name") == ["c", "b"]
    page = reader.get("/vnfs?limit=2")
    assert ([one["name"] for one in page["vnfs"]], page["next"], page["total"]) == (["a", "b"], 2, 3)
    assert "vnfd" not in page["vnfs"][0]
    assert reader.ask("GET", "/vnfs?status=WELL").json()["field"] == "status"


def test_members_show_how_they_are_watched(operator: Caller, reader: Caller, vim: Vim) -> None:
    vnf = active(operator)
    member = Vnfc.objects.get(vnf=vnf, vdu="VDU1")
    here = {"action_id": NOBODY, "subject": vnf.pk, "shard": 1, "kind": "ping", "member": member}
    Target.objects.create(address="10.0.0.4", health="DOWN", reason="no answer", failure_seq=2, **here)
    Target.objects.create(address="10.0.0.3", removed=True, **here)

    (shown,) = reader.get("/vnfs/one/members?vdu=VDU1")["members"]

    (check,) = shown["checks"]
    assert (check["kind"], check["address"], check["health"], check["failures"]) == ("ping", "10.0.0.4", "DOWN", 2)
    assert [one["checks"] for one in reader.get("/vnfs/one/members?vdu=VDU2")["members"]] == [[], []]


def test_events_are_told_in_their_order_and_outlive_the_vnf(operator: Caller, reader: Caller, vim: Vim) -> None:
    vnf = active(operator)
    LifecycleEvent.objects.create(
        **{"resource_type": "vdu", "resource_id": vnf.pk, "vim_id": "core_R", "resource_state": "DOWN"},
        **{"event_type": "MONITOR", "event_details": "no answer", "rule": "fall", "timestamp": clock.now()},
    )

    shown = reader.get("/vnfs/one/events")["events"]

    assert [(one["event_type"], one["resource_type"], one["resource_state"]) for one in shown] == [
        ("CREATE", "vnf", "PENDING_CREATE"),
        ("MONITOR", "vdu", "DOWN"),
    ]
    assert (shown[1]["event_details"], shown[1]["rule"]) == ("no answer", "fall")
    assert reader.get("/vnfs/one/events?event_type=MONITOR&order=-id&limit=1")["events"] == shown[1:]
    Vnf.objects.all().delete()
    assert reader.get(f"/vnfs/{vnf.pk}/events")["events"] == shown
    assert reader.ask("GET", "/vnfs/one/events").status_code == 404
    assert reader.ask("GET", f"/vnfs/{NOBODY}/events").status_code == 404


def test_what_may_be_changed_leaves_the_monitoring_as_it_is(operator: Caller, vim: Vim) -> None:  # T67
    vnf = active(operator)
    Vnf.objects.update(action_id=NOBODY)

    shown = operator.patch("/vnfs/one", {"description": "mended", "maintenance": True})

    assert (shown["description"], shown["maintenance"], shown["action_id"]) == ("mended", True, NOBODY)
    assert (shown["status"], vnf.operations.count()) == ("ACTIVE", 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"status": "ACTIVE"}, "status"), ({"maintenance": "yes"}, "maintenance"), ({"name": "two"}, "name")],
)
def test_nothing_else_may_be_changed(operator: Caller, vim: Vim, change: dict[str, Any], field: str) -> None:
    active(operator)

    answer = operator.ask("PATCH", "/vnfs/one", change)

    assert (answer.status_code, answer.json()["field"]) == (400, field)


VERBS: list[tuple[str, str, dict[str, Any] | None, str, dict[str, Any]]] = [
    ("POST", "/scale", {"policy": "SP1", "direction": "out"}, "scale_out", {"policy": "SP1"}),
    ("POST", "/scale", {"vdu": "VDU2", "direction": "in"}, "scale_in", {"policy": "SP1"}),
    ("POST", "/heal", {"vdu": "VDU1"}, "vdu_autoheal", {"vdu": "VDU1"}),
    ("POST", "/respawn", None, "respawn", {}),
    ("DELETE", "", None, "delete", {}),
]


@pytest.mark.parametrize(("method", "path", "sent", "kind", "parameters"), VERBS)
def test_what_takes_its_time_is_begun(
    operator: Caller, reader: Caller, vim: Vim, method: str, path: str, sent: Any, kind: str, parameters: Any
) -> None:
    active(operator)

    answer = operator.ask(method, f"/vnfs/one{path}", sent)

    assert answer.status_code == 202, answer.content
    shown = answer.json()
    assert (shown["kind"], shown["state"], shown["parameters"]) == (kind, "waiting", parameters)
    assert reader.get("/vnfs/one/operations")["operations"] == [shown]


@pytest.mark.parametrize(("method", "path", "sent", "kind", "parameters"), VERBS[:-1])
def test_in_a_wrong_status_it_is_refused(
    operator: Caller, vim: Vim, method: str, path: str, sent: Any, kind: str, parameters: Any
) -> None:
    active(operator)
    Vnf.objects.update(status=VnfStatus.PENDING_UPDATE)

    answer = operator.ask(method, f"/vnfs/one{path}", sent)

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Operation.objects.count() == 0


@pytest.mark.parametrize(
    ("path", "sent", "field", "allowed"),
    [
        ("/scale", {"direction": "out"}, "policy", "vdu"),
        ("/scale", {"direction": "out", "policy": "SP1", "vdu": "VDU2"}, "policy", "instead"),
        ("/scale", {"direction": "up", "policy": "SP1"}, "direction", "choice"),
        ("/scale", {"policy": "SP1"}, "direction", "a value"),
        ("/scale", {"policy": "SP9", "direction": "out"}, "policy", "SP1"),
        ("/heal", {}, "vdu", "a value"),
        ("/heal", {"vdu": "VDU9"}, "vdu", "VDU1, VDU2"),
    ],
)
def test_wrong_requests_of_verbs_are_refused(
    operator: Caller, vim: Vim, path: str, sent: Any, field: str, allowed: str
) -> None:
    active(operator)

    answer = operator.ask("POST", f"/vnfs/one{path}", sent)

    said = answer.json()
    assert (answer.status_code, said["field"], allowed in said["allowed"]) == (400, field, True), said


EVERY: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"maintenance": True}),
    ("DELETE", "", None),
    ("GET", "/members", None),
    ("GET", "/events", None),
    ("GET", "/operations", None),
    ("POST", "/scale", {"policy": "SP1", "direction": "out"}),
    ("POST", "/heal", {"vdu": "VDU1"}),
    ("POST", "/respawn", None),
]


@pytest.mark.parametrize(("method", "path", "sent"), EVERY)
def test_a_token_of_other_vims_sees_no_vnf_of_this_one(
    operator: Caller, vim: Vim, method: str, path: str, sent: Any
) -> None:
    vnf = active(operator)
    other = caller("operator", "edge_*")

    for name in ("one", vnf.pk):
        answer = other.ask(method, f"/vnfs/{name}{path}", sent)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.content
    assert Operation.objects.count() == 0


def test_a_token_of_other_vims_makes_and_lists_none_here(operator: Caller, vim: Vim) -> None:
    active(operator)
    other = caller("operator", "edge_*")

    assert other.ask("POST", "/vnfs", body("two")).status_code == 403
    assert other.get("/vnfs")["vnfs"] == []
    assert other.ask("GET", "/vnfs?vim_id=core_R").status_code == 403
    assert [one["name"] for one in caller("reader", "core_*").get("/vnfs")["vnfs"]] == ["one"]


@pytest.mark.parametrize(("method", "path", "sent"), [one for one in EVERY if one[0] != "GET"])
def test_a_reader_changes_nothing(
    operator: Caller, reader: Caller, vim: Vim, method: str, path: str, sent: Any
) -> None:
    active(operator)

    assert reader.ask(method, f"/vnfs/one{path}", sent).status_code == 403


def test_nobody_sees_nothing(nobody: Caller, operator: Caller, vim: Vim) -> None:
    active(operator)

    assert nobody.ask("GET", "/vnfs/one").status_code == 401


@pytest.mark.parametrize("owner", ["vnfs", "vnfds"])
def test_no_vim_takes_the_paths_of_vnfs(operator: Caller, owner: str) -> None:
    sent = {"cloud_owner": owner, "cloud_region_id": "R", "type": "openstack"}

    assert operator.ask("POST", "/vims", sent).json()["field"] == "cloud_owner"
