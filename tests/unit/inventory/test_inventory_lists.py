"""Lists of VIMs, instances and hosts: chosen, ordered, page by page, and only what the caller may see."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.core import clock
from fed_common.inventory.models import Host, Instance, Vim
from tests.callers import Caller, caller

pytestmark = pytest.mark.django_db
NOW = clock.now()


def vim(owner: str, type: str = "openstack", **fields: Any) -> Vim:
    return Vim.objects.create(cloud_owner=owner, region="R", type=type, **fields)


def instance(at: Vim, id: str, **fields: Any) -> Instance:
    return Instance.objects.create(**{"vim": at, "instance_id": id, "state": "active", "seen_at": NOW, **fields})


def ids(answer: dict[str, Any], name: str = "vims", field: str = "vim_id") -> list[str]:
    return [row[field] for row in answer[name]]


@pytest.fixture
def four() -> None:
    vim("a", name="zeta", status="REACHABLE")
    vim("b", "vsphere", name="beta", status="UNREACHABLE")
    vim("b_c", name="alpha", enabled=False)
    vim("d", "vmware", name="delta", source="aai")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a_R", "b_R", "b_c_R", "d_R"]),
        ("?type=openstack", ["a_R", "b_c_R"]),
        ("?type=openstack&type=vsphere", ["a_R", "b_R", "b_c_R"]),
        ("?type=openstack&enabled=false", ["b_c_R"]),
        ("?status=UNREACHABLE", ["b_R"]),
        ("?cloud_owner=b_c", ["b_c_R"]),
        ("?cloud_region_id=R&source=aai", ["d_R"]),
        ("?name=alpha", ["b_c_R"]),
        ("?vim_id=b_c_R", ["b_c_R"]),
        ("?name=nobody", []),
        ("?type=", ["a_R", "b_R", "b_c_R", "d_R"]),
        ("?order=name", ["b_c_R", "b_R", "d_R", "a_R"]),
        ("?order=-created_at", ["d_R", "b_c_R", "b_R", "a_R"]),
        ("?order=type,-name", ["a_R", "b_c_R", "d_R", "b_R"]),
    ],
)
def test_vims_are_chosen_and_ordered(reader: Caller, four: None, query: str, found: list[str]) -> None:
    answer = reader.get(f"/vims{query}")

    assert ids(answer) == found
    assert (answer["total"], answer["next"]) == (len(found), None)


def test_pages_follow_each_other_up_to_the_last(reader: Caller, four: None) -> None:
    first = reader.get("/vims?limit=3&order=-name")
    second = reader.get(f"/vims?limit=3&order=-name&page={first['next']}")

    assert ids(first) + ids(second) == ["a_R", "d_R", "b_R", "b_c_R"]
    assert (first["next"], second["next"], first["total"]) == (2, None, 4)
    assert reader.ask("GET", "/vims?limit=3&page=3").status_code == 400
    assert reader.get("/vims?limit=2&page=2")["next"] is None


def test_a_token_for_some_vims_sees_these_only(four: None) -> None:
    some = caller("admin", "b*")
    instance(Vim.objects.get(cloud_owner="a"), "hidden")
    instance(Vim.objects.get(cloud_owner="b"), "shown")
    body = {"cloud_owner": "e", "cloud_region_id": "R", "type": "openstack"}

    assert ids(some.get("/vims")) == ["b_R", "b_c_R"]
    assert ids(some.get("/vims?vim_id=a_R")) == []
    assert ids(some.get("/instances"), "instances", "id") == ["shown"]
    for method, path, sent in (
        ("GET", "/vims/a_R", None),
        ("PATCH", "/vims/a_R", {"enabled": False}),
        ("DELETE", "/vims/a_R", None),
        ("GET", "/vims/a_R/filter", None),
        ("PUT", "/vims/a_R/filter", {}),
        ("DELETE", "/vims/a_R/filter", None),
        ("POST", "/vims/a_R/check", None),
        ("GET", "/vims/a_R/hosts", None),
        ("GET", "/vims/no_where", None),
        ("GET", "/instances?vim_id=b_R&vim_id=a_R", None),
        ("POST", "/vims", body),
        ("POST", "/vims/check", body),
    ):
        assert some.ask(method, path, sent).status_code == 403, (method, path)
    assert some.get("/vims/b_R")["vim_id"] == "b_R"
    assert some.ask("POST", "/vims", {**body, "cloud_owner": "be"}).status_code == 201


def test_an_instance_is_shown_with_what_is_known_of_it(reader: Caller) -> None:
    body = {
        "power_state": "running",
        "flavor": "f",
        "addresses": ["10.0.0.1"],
        "traits": {"a": "b"},
        "payload": {},
    }
    instance(
        vim("a"),
        "i-1",
        name="web",
        host="h",
        tenant_id="t",
        state_description="pausing",
        changed_at=NOW,
        body=body,
    )

    assert reader.get("/instances")["instances"] == [
        {
            "vim_id": "a_R",
            "id": "i-1",
            "name": "web",
            "state": "active",
            "state_description": "pausing",
            "power_state": "running",
            "host": "h",
            "tenant_id": "t",
            "availability_zone": "",
            "launched_at": "",
            "flavor": "f",
            "image": "",
            "addresses": ["10.0.0.1"],
            "traits": {"a": "b"},
            "state_changed_at": clock.iso(NOW),
            "seen_at": clock.iso(NOW),
        }
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["1", "2", "3"]),
        ("?vim_id=a_R", ["1", "2"]),
        ("?state=paused", ["2"]),
        ("?host=h1&tenant_id=t", ["1"]),
        ("?name=web", ["3"]),
        ("?order=-id", ["3", "2", "1"]),
        ("?order=-vim_id,state", ["3", "1", "2"]),
        ("?limit=2&page=2", ["3"]),
        ("?id=2&id=3", ["2", "3"]),
        ("?vim_id=no_where", []),
    ],
)
def test_instances_are_chosen_and_ordered(reader: Caller, query: str, found: list[str]) -> None:
    first, second = vim("a"), vim("b")
    instance(first, "1", host="h1", tenant_id="t")
    instance(first, "2", host="h1", state="paused")
    instance(second, "3", name="web", tenant_id="t")

    assert ids(reader.get(f"/instances{query}"), "instances", "id") == found


def test_a_list_of_instances_costs_the_same_however_many_there_are(
    reader: Caller, django_assert_num_queries: Any
) -> None:
    for owner in "abc":
        instance(vim(owner), owner)
    reader.get("/vims")  # the token is known now

    with django_assert_num_queries(2):
        assert reader.get("/instances")["total"] == 3


def test_hosts_are_those_of_the_vim(reader: Caller) -> None:
    first, second = vim("a"), vim("b")
    for name, state in (("h2", "down"), ("h1", "up")):
        Host.objects.create(vim=first, name=name, state=state, reason="gone" * (state == "down"), changed_at=NOW)
    Host.objects.create(vim=second, name="h3", state="up")

    assert reader.get("/vims/a_R/hosts?state=down") == {
        "hosts": [
            {
                "name": "h2",
                "state": "down",
                "reason": "gone",
                "availability_zone": "",
                "state_changed_at": clock.iso(NOW),
            }
        ],
        "next": None,
        "total": 1,
    }
    assert ids(reader.get("/vims/a_R/hosts"), "hosts", "name") == ["h1", "h2"]
