"""Quotas, and what tells clients that there is an Aodh."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections

from fed_common.alarms.models import Quota, Rule
from tests.aodh import ALARMS, alarm, create, fault
from tests.callers import Caller, caller

QUOTAS = "//openstack/v2/quotas"
db = pytest.mark.django_db


def limit(project: str, number: Any) -> dict[str, Any]:
    return {"project_id": project, "quotas": [{"resource": "alarms", "limit": number}]}


@db
def test_asking_for_a_quota_changes_nothing() -> None:
    """N25"""
    member = caller("operator", project="p1")

    assert member.get(QUOTAS) == limit("p1", -1)
    assert not Quota.objects.exists()
    assert create(member)["project_id"] == "p1"


@db
def test_a_quota_is_the_projects_whoever_uses_it(admin: Caller) -> None:
    """N26"""
    first, second = (caller("operator", name=name, project="p1") for name in ("first", "second"))
    assert admin.post(QUOTAS, limit("p1", 2)) == limit("p1", 2)
    create(first)
    one = create(second)

    for who in (first, second):
        assert fault(who.ask("POST", ALARMS, alarm())) == (
            403,
            "Alarm quota exceeded: the project 'p1' may have 2",
        )
    assert fault(admin.ask("POST", ALARMS, alarm(project_id="p1")))[0] == 403
    create(caller("operator", project="p2"))
    first.ask("DELETE", f"{ALARMS}/{one['alarm_id']}")
    create(first)


@db
def test_minus_one_is_no_limit_and_so_is_none(admin: Caller) -> None:
    """N25"""
    admin.post(QUOTAS, limit("p1", 0))
    member = caller("operator", project="p1")
    assert fault(member.ask("POST", ALARMS, alarm()))[0] == 403

    admin.post(QUOTAS, limit("p1", -1))
    create(member)
    admin.post(QUOTAS, limit("p1", 0))
    assert admin.ask("DELETE", f"{QUOTAS}/p1").status_code == 204
    assert admin.ask("DELETE", f"{QUOTAS}/p1").status_code == 204
    create(member)


@db
def test_quotas_of_others_are_for_admins(admin: Caller) -> None:
    member = caller("operator", project="p1")

    assert fault(member.ask("GET", f"{QUOTAS}?project_id=p2"))[0] == 403
    assert member.get(f"{QUOTAS}?project_id=p1") == limit("p1", -1)
    assert fault(member.ask("POST", QUOTAS, limit("p1", 5)))[0] == 403
    assert fault(caller("admin", "vio_*", project="p1").ask("POST", QUOTAS, limit("p1", 5)))[0] == 403
    assert admin.get(f"{QUOTAS}?project_id=p2") == limit("p2", -1)


@pytest.mark.parametrize("number", [-2, "many", None, 2**31])
@db
def test_what_is_no_limit_is_refused(admin: Caller, number: Any) -> None:
    status, text = fault(admin.ask("POST", QUOTAS, limit("p1", number)))

    assert (status, text.startswith("quotas[0].limit")) == (400, True)


@db
def test_only_alarms_have_quotas(admin: Caller) -> None:
    body = {"project_id": "p1", "quotas": [{"resource": "servers", "limit": 1}]}

    assert fault(admin.ask("POST", QUOTAS, body)) == (
        *(400, "quotas[0].resource: 'servers' is not allowed; allowed: alarms"),
    )
    assert fault(admin.ask("POST", QUOTAS, {"quotas": []}))[0] == 400
    assert fault(admin.ask("GET", f"{QUOTAS}?project=p1"))[0] == 400


@pytest.mark.django_db(transaction=True)
def test_a_quota_holds_when_many_create_at_once(admin: Caller) -> None:
    """N26"""
    admin.post(QUOTAS, limit("p1", 3))
    member = caller("operator", project="p1")
    statuses: list[int] = []

    def creating() -> None:
        statuses.append(member.ask("POST", ALARMS, alarm()).status_code)
        connections.close_all()

    threads = [threading.Thread(target=creating) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [201] * 3 + [403] * 5
    assert Rule.objects.count() == 3


@db
def test_the_face_tells_what_it_is(operator: Caller, nobody: Caller) -> None:
    """N27"""
    can = operator.get("//openstack/v2/capabilities")
    assert can == operator.get("//openstack/v2/capabilities/")
    assert can == {
        "api": {
            "alarms:query:simple": True,
            "alarms:query:complex": True,
            "alarms:history:query:simple": True,
            "alarms:history:query:complex": True,
        },
        "alarm_storage": {"storage:production_ready": True},
    }
    (version,) = nobody.get("//openstack/")["versions"]["values"]
    assert (version["id"], version["status"]) == ("v2", "stable")
    assert version["links"][0]["href"].endswith("/openstack/v2")
    assert nobody.ask("GET", "//openstack/healthcheck").content == b"OK"
    assert nobody.ask("POST", "//openstack/").status_code == 405
    assert fault(operator.ask("GET", "//openstack/v2/metrics"))[0] == 403
    assert fault(operator.ask("PATCH", ALARMS, {}))[0] == 405
