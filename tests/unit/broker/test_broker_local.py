"""What the broker answers by itself: the cases B-* of the compatibility list."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from fed_common.access import tokens
from fed_common.core.errors import CloudFailed, CloudTimeout
from fed_common.core.instances import Capacity, Room, Zone
from fed_common.core.model import Vim as CoreVim
from fed_common.events.models import PollState
from fed_common.inventory.models import Vim
from tests.doubles.aai import region
from tests.doubles.clouds import ScriptedCloud
from tests.doubles.upstream import Asked, said
from tests.unit.broker.conftest import Gateway, forget

NEED = {"vCPU": 1, "Memory": 1, "Storage": 500}
YES, NO = said("200 OK", body=b'{"result": true}'), said("200 OK", body=b'{"result": false}')


def check(gateway: Gateway, *vims: Any, api: str = "v0", **more: Any) -> Any:
    answer = gateway.ask("POST", f"/{api}/check_vim_capacity", json={**NEED, "VIMs": list(vims)}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def pair(owner: str, name: str) -> dict[str, str]:
    return {"cloud-owner": owner, "cloud-region-id": name}


def test_b01_there_is_a_swagger_document(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/v0/swagger.json")

    assert (answer.status_code, answer.json()["swagger"]) == (200, "2.0")


@pytest.mark.parametrize("api", ["v0", "v1"])
def test_b02_b03_the_types_and_their_versions_are_told(gateway: Gateway, settings: Any, api: str) -> None:
    settings.CLOUD_PLUGINS = {"vmware": "tests.doubles.clouds.ScriptedCloud"}
    forget()

    told = gateway.ask("GET", f"/{api}/vim_types").json()

    assert told == [
        {"vim_type": "openstack", "versions": ["titanium_cloud", "ocata", "pike", "starlingx"]},
        {"vim_type": "vmware", "versions": ["4.0"]},
        {"vim_type": "vsphere", "versions": ["6.5"]},
        {"vim_type": "azure", "versions": ["1.0"]},
    ]


def test_b02_types_in_process_follow_those_of_the_file(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v0/vim_types").json()[4:] == [{"vim_type": "scripted", "versions": ["1"]}]


@pytest.mark.parametrize(("case", "answer", "told"), [("b04", YES, ["CloudOwner_RegionOne"]), ("b05", NO, [])])
def test_a_remote_plugin_tells_whether_there_is_room(
    gateway: Gateway, case: str, answer: bytes, told: list[str]
) -> None:
    gateway.behind.answer = answer

    assert check(gateway, "CloudOwner_RegionOne") == {"VIMs": told}


@pytest.mark.parametrize("body", ["hello world", "[]", '"text"', "{"])
def test_b06_a_body_that_cannot_be_read_is_told_in_the_old_words(gateway: Gateway, body: str) -> None:
    headers = {"Content-Type": "application/json"}

    answer = gateway.ask("POST", "/v0/check_vim_capacity", data=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Invalidate request body")


def test_b07_b9_one_that_fails_is_named_and_spoils_nothing(gateway: Gateway) -> None:
    def some(connection: Any, asked: Asked) -> None:
        connection.sendall(said("500 Error") if "CloudOwner" in asked.target else YES)

    gateway.behind.answer = some

    told = check(gateway, "CloudOwner_RegionOne", "vmware_vio", "ghost_R", "foo")

    assert told["VIMs"] == ["vmware_vio"]
    named = {one["vim_id"]: one["error"] for one in told["unreachable"]}
    assert list(named) == ["CloudOwner_RegionOne", "ghost_R", "foo"]
    assert "500" in named["CloudOwner_RegionOne"]


@pytest.mark.parametrize("body", [b"no json", b"[]", b""])
def test_b07_an_answer_that_makes_no_sense_is_no_room(gateway: Gateway, body: bytes) -> None:
    gateway.behind.answer = said("200 OK", body=body)

    told = check(gateway, "vmware_vio")

    assert told["VIMs"] == []
    assert [one["vim_id"] for one in told["unreachable"]] == ["vmware_vio"]


def test_b07_one_that_never_answers_is_left_out_by_the_deadline(gateway: Gateway, settings: Any) -> None:
    settings.CAPACITY_DEADLINE = 0.5
    released: list[bytes] = []

    def some(connection: Any, asked: Asked) -> None:
        if "CloudOwner" in asked.target:
            released.append(connection.recv(1))
        else:
            connection.sendall(YES)

    gateway.behind.answer = some

    told = check(gateway, "CloudOwner_RegionOne", "vmware_vio")

    assert told["VIMs"] == ["vmware_vio"]
    assert told["unreachable"] == [{"vim_id": "CloudOwner_RegionOne", "error": "no answer within 0.5 s"}]


def test_b08_all_are_asked_at_once(gateway: Gateway) -> None:
    names = [f"many_{number}" for number in range(10)]
    for name in names:
        gateway.aai.regions["many", name[5:]] = region("many", name[5:], "vmware", "4.0")
    waiting: list[str] = []

    def together(connection: Any, asked: Asked) -> None:
        waiting.append(asked.target)
        deadline = time.monotonic() + 20
        while len(waiting) < len(names) and time.monotonic() < deadline:
            time.sleep(0.01)
        connection.sendall(YES if len(waiting) == len(names) else NO)

    gateway.behind.answer = together

    assert check(gateway, *names) == {"VIMs": names}


@pytest.mark.parametrize(
    ("api", "named", "path"),
    [
        ("v0", "my_own_RegionOne", "v0/my_own_RegionOne"),
        ("v1", pair("my_own", "RegionOne"), "v1/my_own/RegionOne"),
    ],
)
def test_b09_b8_the_question_has_exactly_three_keys_and_its_own_length(
    gateway: Gateway, api: str, named: Any, path: str
) -> None:
    gateway.ask("GET", "/v1/my_own/RegionOne/x")
    gateway.behind.answer = YES

    check(gateway, named, api=api, headers={"Project": "t"})

    asked = gateway.behind.last
    assert (asked.method, asked.target) == ("POST", f"/api/multicloud-ocata/{path}/capacity_check")
    assert json.loads(asked.body) == NEED
    assert asked.one("content-length") == str(len(asked.body)).encode()
    assert (asked.one("project"), asked.one("content-type")) == (b"t", b"application/json")


def test_b10_what_is_left_out_is_zero(gateway: Gateway) -> None:
    gateway.behind.answer = YES

    answer = gateway.ask("POST", "/v0/check_vim_capacity", json={"VIMs": ["vmware_vio"]})

    assert (answer.status_code, answer.json()) == (200, {"VIMs": ["vmware_vio"]})
    assert json.loads(gateway.behind.last.body) == {"vCPU": 0, "Memory": 0, "Storage": 0}


@pytest.mark.parametrize(
    ("case", "body", "zones"),
    [
        ("b11", b'{"result": true}', []),
        (
            "b12",
            b'{"result": true, "AZs": [{"availability-zone-name": "nova"}]}',
            [{"availability-zone-name": "nova"}],
        ),
    ],
)
def test_v1_tells_the_zones(gateway: Gateway, case: str, body: bytes, zones: list[Any]) -> None:
    gateway.behind.answer = said("200 OK", body=body)

    told = check(gateway, pair("CloudOwner", "RegionOne"), api="v1")

    assert told == {"VIMs": [{**pair("CloudOwner", "RegionOne"), "AZs": zones}]}


@pytest.mark.parametrize(
    ("api", "body", "field"),
    [
        ("v1", {"VIMs": [{"cloud-region-id": "R"}]}, "VIMs[0].cloud-owner"),
        ("v1", {"VIMs": [{"cloud-owner": "o", "cloud-region-id": 5}]}, "VIMs[0].cloud-region-id"),
        ("v1", {"VIMs": ["a_b"]}, "VIMs[0]"),
        ("v0", {"VIMs": [pair("a", "b")]}, "VIMs[0]"),
        ("v0", {"VIMs": "a_b"}, "VIMs"),
        ("v0", {}, "VIMs"),
        ("v0", {"VIMs": [], "vCPU": "many"}, "vCPU"),
        ("v0", {"VIMs": [], "Memory": -1}, "Memory"),
        ("v0", {"VIMs": [], "Storage": True}, "Storage"),
    ],
)
def test_b13_b6_wrong_input_is_named(gateway: Gateway, api: str, body: Any, field: str) -> None:
    answer = gateway.ask("POST", f"/{api}/check_vim_capacity", json=body)

    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert answer.json()["error"]


def test_b14_the_fake_vim_has_room(gateway: Gateway, settings: Any) -> None:
    settings.FAKE_VIM = True
    gateway.behind.answer = YES
    assert check(gateway, "vmware_fake") == {"VIMs": ["vmware_fake"]}

    settings.PROVIDERS = ""
    settings.CLOUD_PLUGINS = {"vmware": "tests.doubles.clouds.ScriptedCloud"}
    forget()
    assert check(gateway, "vmware_fake") == {"VIMs": ["vmware_fake"]}
    assert not gateway.aai.asked


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v0/CloudOwner_RegionOne/registry", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("GET", "/v0/CloudOwner_RegionOne", {"DELETE", "OPTIONS"}),
        ("POST", "/v1/CloudOwner/RegionOne/", {"DELETE", "OPTIONS"}),
        ("DELETE", "/v0/CloudOwner_RegionOne/extensions", {"GET", "HEAD", "OPTIONS"}),
        ("TRACE", "/v0/CloudOwner_RegionOne/x", {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}),
        ("PROPFIND", "/v0/here_One/nova/x", {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}),
        ("PUT", "/v0/here_One/registry", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("GET", "/v1/here/One", {"DELETE", "OPTIONS"}),
        ("POST", "/v0/vim_types", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/v0/check_vim_capacity", {"POST", "OPTIONS"}),
    ],
)
def test_b15_b14_other_methods_are_405(gateway: Gateway, method: str, path: str, allow: set[str]) -> None:
    answer = gateway.ask(method, path)

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == allow
    assert not gateway.behind.asked


def test_b15_head_of_what_can_be_read_is_200(gateway: Gateway) -> None:
    assert gateway.ask("HEAD", "/v0/vim_types").status_code == 200


def test_capacity_in_process_counts_quota_host_and_project(gateway: Gateway) -> None:
    def by_project(vim: CoreVim, project: str) -> Capacity:
        zones = (Zone("nova", Room(8, 16, None), Room(4, 8, 500)),)
        return Capacity(Room(0 if project == "full" else 100, 100, 1000), (Room(4, 8, 500),), zones)

    ScriptedCloud.room = staticmethod(by_project)

    assert check(gateway, "here_One") == {"VIMs": ["here_One"]}
    assert check(gateway, "here_One", headers={"Project": "full"}) == {"VIMs": []}
    told = check(gateway, pair("here", "One"), api="v1")
    zone = {
        "availability-zone-name": "nova", "vCPUTotal": 8, "MemoryTotal": 16, "StorageTotal": None,
        "vCPUAvail": 4, "MemoryAvail": 8, "StorageAvail": 500,
    }  # fmt: skip
    assert told == {"VIMs": [{**pair("here", "One"), "AZs": [zone]}]}


def test_s17_capacity_check_of_one_vim_in_process(gateway: Gateway) -> None:
    answer = gateway.ask("POST", "/v0/here_One/capacity_check", json=NEED)

    assert (answer.status_code, answer.json()) == (200, {"result": True, "AZs": []})
    assert gateway.ask("POST", "/v1/here/One/capacity_check", json={"vCPU": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("error", "status"),
    [(CloudTimeout("here_One", "slow"), 504), (CloudFailed("here_One", "refused"), 502), (KeyError("bug"), 500)],
)
def test_a_plugin_in_process_that_fails_is_told(gateway: Gateway, error: Exception, status: int) -> None:
    def failing(_vim: CoreVim, _project: str) -> Capacity:
        raise error

    ScriptedCloud.room = staticmethod(failing)

    assert gateway.ask("POST", "/v0/here_One/capacity_check", json=NEED).status_code == status
    told = check(gateway, "here_One")
    assert (told["VIMs"], len(told["unreachable"])) == ([], 1)
    assert "bug" not in str(told)


def test_capacity_needs_a_reader_of_every_vim_named(gateway: Gateway) -> None:
    token = tokens.create("partial", "reader", vims=["here_*"])
    mine = {"headers": {"X-Multicloud-Token": token}}

    assert check(gateway, "here_One", **mine) == {"VIMs": ["here_One"]}
    foreign = {**NEED, "VIMs": ["here_One", "vmware_vio"]}
    assert gateway.ask("POST", "/v0/check_vim_capacity", json=foreign, **mine).status_code == 403


@pytest.mark.parametrize("path", ["/v0/here_One", "/v1/here/One"])
def test_extensions_and_registry_of_a_vim_in_process(gateway: Gateway, path: str) -> None:
    assert gateway.ask("GET", f"{path}/extensions").json() == {
        **pair("here", "One"),
        "vimid": "here_One",
        "extensions": [],
    }
    assert gateway.ask("GET", f"{path}/registry").json() == {"status": "PENDING", "reason": "", "since": None}
    assert gateway.ask("POST", f"{path}/registry").status_code == 202
    assert PollState.objects.get(vim__full_id="here_One").asked_at


@pytest.mark.parametrize("path", ["/v0/here_One", "/v1/here/One"])
def test_s16_deleting_a_vim_in_process_forgets_it(gateway: Gateway, path: str) -> None:
    assert gateway.ask("DELETE", path).status_code == 204
    assert not Vim.objects.filter(full_id="here_One").exists()
    assert gateway.ask("DELETE", path).status_code == 404


@pytest.mark.parametrize("verb", ["extensions", "registry"])
def test_own_verbs_of_an_unknown_vim_are_404(gateway: Gateway, verb: str) -> None:
    answer = gateway.ask("GET", f"/v0/ghost_R/{verb}")

    assert answer.status_code == 404
    assert "Failed to query VIM with id (ghost_R)" in answer.json()["error"]


def test_own_verbs_need_a_token_too(gateway: Gateway) -> None:
    wrong = {"headers": {"X-Multicloud-Token": "wrong"}}

    assert gateway.ask("GET", "/v0/here_One/extensions", **wrong).status_code == 401
    assert gateway.ask("GET", "/v0/vim_types", **wrong).status_code == 401
