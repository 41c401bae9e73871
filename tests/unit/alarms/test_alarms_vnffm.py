"""SOL 003's face of the table: what a VNFM reads, acknowledges and is notified of, over real HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.alarms.models import ActiveAlarm
from fed_common.alarms.table.writing import Clear, Raise, write
from fed_common.alarms.vnffm.filters import read_filter
from fed_common.core.alarm import EventCategory, ManagedObject, ObjectType, Severity
from fed_common.core.errors import Invalid
from fed_common.notify import services, targets
from fed_common.notify.models import Receiver
from tests.callers import Caller, caller
from tests.consumers import Consumer
from tests.waiting import until

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)
FAULT = UUID(int=7)
API = "//vnffm/v1"


@pytest.fixture(autouse=True)
def own_sender(settings: Any) -> Iterator[None]:
    settings.ALLOWED_NETWORKS = ["127.0.0.0/8"]
    yield
    services.stop(0.2)
    targets.forget_receivers()


@pytest.fixture
def vnfm() -> Caller:
    return caller("operator", name="vnfm")


@pytest.fixture
def consumer(transactional_db: None) -> Iterator[Consumer]:
    with Consumer() as one:
        yield one


def vm(id: str = "i1") -> ManagedObject:
    return ManagedObject("vio_one", ObjectType.INSTANCE, id, f"vm {id}", "t1", "h1")


def trouble(id: str = "i1", severity: Severity = Severity.MAJOR, **more: Any) -> None:
    services.hand_over(write([Raise(vm(id), "p", "It broke", severity, T0, f"raise {id} {severity}", **more)]))


def over(id: str = "i1") -> None:
    services.hand_over(write([Clear("p", T0, f"clear {id}", vm(id))]))


def host_down() -> None:
    host = ManagedObject("vio_one", ObjectType.HOST, "h1", "h1", host="h1")
    category = EventCategory.EQUIPMENT
    write([Raise(host, "host_down", "Host down", Severity.CRITICAL, T0, "h", category, fault_id=FAULT)])


def ids(found: list[dict[str, Any]]) -> list[str]:
    return sorted(one["managedObjectId"] for one in found)


def test_an_alarm_has_the_fields_of_sol003(vnfm: Caller) -> None:
    """N84."""
    trouble(probable_cause="powerProblem", details={"reason": "smoke"})

    (alarm,) = vnfm.get(f"{API}/alarms")

    row = ActiveAlarm.objects.get()
    assert alarm == {
        "id": str(row.id),
        "managedObjectId": "i1",
        "vnfcInstanceIds": ["i1"],
        "rootCauseFaultyResource": {
            "faultyResource": {
                "vimConnectionId": "vio_one",
                "resourceId": "i1",
                "vimLevelResourceType": "OS::Nova::Server",
            },
            "faultyResourceType": "COMPUTE",
        },
        "alarmRaisedTime": alarm["alarmRaisedTime"],
        "alarmChangedTime": alarm["alarmRaisedTime"],
        "ackState": "UNACKNOWLEDGED",
        "perceivedSeverity": "MAJOR",
        "eventTime": "2026-11-21T12:00:00.000000Z",
        "eventType": "PROCESSING_ERROR_ALARM",
        "faultType": "p",
        "probableCause": "powerProblem",
        "isRootCause": False,
        "faultDetails": ["It broke", "reason: smoke"],
        "_links": {"self": {"href": f"http://testserver/vnffm/v1/alarms/{row.id}"}},
    }
    assert vnfm.get(f"{API}/alarms/{row.id}") == alarm
    answer = vnfm.ask("GET", f"{API}/alarms")
    assert answer["Version"] == "1.3.0"


def test_acknowledging_twice_is_a_conflict_and_an_old_etag_is_refused(vnfm: Caller) -> None:
    """N84."""
    trouble()
    path = f"{API}/alarms/{ActiveAlarm.objects.get().id}"
    etag = vnfm.ask("GET", path)["ETag"]

    ack = {"ackState": "ACKNOWLEDGED"}
    done = vnfm.ask("PATCH", path, ack, **{"If-Match": etag})
    assert (done.status_code, done.json()) == (200, ack)
    assert vnfm.ask("PATCH", path, ack).status_code == 409
    assert vnfm.ask("PATCH", path, {"ackState": "UNACKNOWLEDGED"}, **{"If-Match": etag}).status_code == 412
    fresh = {"If-Match": vnfm.ask("GET", path)["ETag"]}
    assert vnfm.ask("PATCH", path, {"ackState": "UNACKNOWLEDGED"}, **fresh).status_code == 200
    assert vnfm.ask("PATCH", path, {"ackState": "SEEN"}).status_code == 400
    assert vnfm.ask("PATCH", f"{API}/alarms/{uuid4()}", ack).status_code == 404


def test_a_patch_may_be_a_merge_patch(vnfm: Caller) -> None:
    from django.test import Client

    trouble()
    path = f"/vnffm/v1/alarms/{ActiveAlarm.objects.get().id}"
    answer = Client().patch(
        path, b'{"ackState": "ACKNOWLEDGED"}', "application/merge-patch+json", headers={"X-Auth-Token": vnfm.token}
    )
    assert answer.status_code == 200


def test_a_host_fault_is_the_root_of_its_instances_alarms(vnfm: Caller) -> None:
    """N85."""
    host_down()
    for number in range(3):
        trouble(f"i{number}", fault_id=FAULT)

    alarms = {one["managedObjectId"]: one for one in vnfm.get(f"{API}/alarms")}

    host = alarms.pop("h1")
    assert host["isRootCause"] is True
    assert sorted(host["correlatedAlarmIds"]) == sorted(one["id"] for one in alarms.values())
    for one in alarms.values():
        assert (one["isRootCause"], one["correlatedAlarmIds"]) == (False, [host["id"]])
        assert one["rootCauseFaultyResource"]["faultyResource"]["resourceId"] == "h1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(eq,perceivedSeverity,CRITICAL)", ["i1"]),
        ("(neq,perceivedSeverity,CRITICAL)", ["i2", "i3"]),
        ("(in,perceivedSeverity,CRITICAL,MAJOR)", ["i1", "i2"]),
        ("(eq,perceivedSeverity,CLEARED)", ["i3"]),
        ("(eq,ackState,UNACKNOWLEDGED);(eq,managedObjectId,i2)", ["i2"]),
        ("(cont,managedObjectId,2,3)", ["i2", "i3"]),
        ("(ncont,managedObjectId,2,3)", ["i1"]),
        ("(gt,alarmRaisedTime,2020-01-01T00:00:00Z)", ["i1", "i2", "i3"]),
        ("(lt,eventTime,2020-01-01T00:00:00Z)", []),
        ("(eq,rootCauseFaultyResource/faultyResourceType,NETWORK)", []),
        ("(eq,rootCauseFaultyResource/faultyResourceType,COMPUTE)", ["i1", "i2", "i3"]),
        ("(eq,isRootCause,true)", []),
    ],
)
def test_alarms_are_filtered_by_attributes(vnfm: Caller, text: str, found: list[str]) -> None:
    trouble("i1", Severity.CRITICAL)
    trouble("i2")
    trouble("i3", Severity.MINOR)
    over("i3")
    assert ids(vnfm.get(f"{API}/alarms?filter={text}")) == found


@pytest.mark.parametrize(
    "text",
    [
        *("eq,id,1", "(eq,perceivedSeverity)", "(like,id,x)", "(eq,colour,red)", "(eq,id,7)", "(gt,ackState,x)"),
        *("(eq,perceivedSeverity,BAD)", "(eq,eventTime,noon)", "(eq,managedObjectId,a,b)", "(gt,id,1)"),
        ";".join(["(eq,faultType,x)"] * 21),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(vnfm: Caller, text: str) -> None:
    answer = vnfm.ask("GET", f"{API}/alarms?filter={text}")
    assert answer.status_code == 400
    assert answer.json()["field"].startswith("filter")


@given(st.text(st.characters(codec="ascii"), max_size=60) | st.from_regex(r"\((eq|in|gt),[a-zA-Z]+,[^()]*\)"))
def test_no_filter_makes_the_reader_fail(text: str) -> None:
    with suppress(Invalid):
        read_filter(text)


def test_many_alarms_come_in_pages(vnfm: Caller) -> None:
    write([Raise(vm(f"i{n:03}"), "p", "It broke", Severity.MAJOR, T0, f"e{n}") for n in range(250)])
    path, found, pages = f"{API}/alarms?filter=(eq,perceivedSeverity,MAJOR)", list[str](), 0
    while path:
        answer = vnfm.ask("GET", path)
        found += ids(answer.json())
        pages += 1
        link = answer.get("Link", "")
        path = link.partition("http://testserver")[2].partition(">")[0]
        path = f"/{path}" if path else ""
    assert (len(found), len(set(found)), pages) == (250, 250, 3)
    assert vnfm.ask("GET", f"{API}/alarms?nextpage_opaque_marker=x").status_code == 400


def subscription(consumer: Consumer, **filter: Any) -> dict[str, Any]:
    return {"callbackUri": f"{consumer.url}/callback", "filter": filter}


def notified(consumer: Consumer, count: int) -> list[dict[str, Any]]:
    """The notifications; what tried the callback has no body."""
    found = until(lambda: posts if len(posts := [one for one in consumer.told if one.body]) >= count else None)
    return [one.json for one in found or []]


def test_a_subscriber_is_notified_of_what_it_asked_for_only(vnfm: Caller, consumer: Consumer) -> None:
    """N86."""
    asked = subscription(consumer, perceivedSeverities=["CRITICAL"], faultyResourceTypes=["COMPUTE"])
    made = vnfm.post(f"{API}/subscriptions", asked)
    assert made["callbackUri"] == asked["callbackUri"]
    assert made["filter"] == asked["filter"]

    trouble("mild")
    trouble("wires", Severity.CRITICAL, category=EventCategory.COMMUNICATIONS)
    trouble("bad", Severity.CRITICAL)
    over("bad")

    raised, cleared = notified(consumer, 2)
    assert raised["notificationType"] == "AlarmNotification"
    assert (raised["subscriptionId"], raised["alarm"]["managedObjectId"]) == (made["id"], "bad")
    assert raised["alarm"]["perceivedSeverity"] == "CRITICAL"
    assert raised["_links"]["subscription"]["href"] == made["_links"]["self"]["href"]
    assert cleared["notificationType"] == "AlarmClearedNotification"
    assert cleared["alarmId"] == raised["alarm"]["id"]
    assert cleared["alarmClearedTime"]
    assert cleared["id"] != raised["id"]


def test_only_the_kinds_asked_for_are_told_and_an_ack_is_a_change(vnfm: Caller, consumer: Consumer) -> None:
    vnfm.post(f"{API}/subscriptions", subscription(consumer, notificationTypes=["AlarmNotification"]))
    trouble()
    vnfm.ask("PATCH", f"{API}/alarms/{ActiveAlarm.objects.get().id}", {"ackState": "ACKNOWLEDGED"})
    over()
    trouble("i2")

    told = notified(consumer, 3)
    assert [one["alarm"]["ackState"] for one in told[:2]] == ["UNACKNOWLEDGED", "ACKNOWLEDGED"]
    assert told[2]["alarm"]["managedObjectId"] == "i2"


def test_what_no_alarm_of_ours_can_be_is_not_listened_for(vnfm: Caller, consumer: Consumer) -> None:
    vnfm.post(f"{API}/subscriptions", subscription(consumer, faultyResourceTypes=["STORAGE"]))
    vnfm.post(
        f"{API}/subscriptions", subscription(consumer, vnfInstanceSubscriptionFilter={"vnfInstanceIds": ["i2"]})
    )
    trouble("i1")
    trouble("i2")
    assert [one["alarm"]["managedObjectId"] for one in notified(consumer, 1)] == ["i2"]


def test_the_user_of_a_subscription_signs_in_and_is_never_shown(vnfm: Caller, consumer: Consumer) -> None:
    basic = {"userName": "anna", "password": "s3cret"}
    body = {**subscription(consumer), "authentication": {"authType": ["BASIC"], "paramsBasic": basic}}
    made = vnfm.post(f"{API}/subscriptions", body)
    trouble()
    notified(consumer, 1)

    wanted = "Basic " + base64.b64encode(b"anna:s3cret").decode()
    assert {one.headers.get("Authorization") for one in consumer.told} == {wanted}
    assert "s3cret" not in str(made)
    assert "s3cret" not in Receiver.objects.get().sealed_options


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_a_callback_that_fails_its_test_is_422(vnfm: Caller, consumer: Consumer, answer: int) -> None:
    """N86."""
    consumer.answers = lambda _told, _number: answer
    refused = vnfm.ask("POST", f"{API}/subscriptions", subscription(consumer))
    assert refused.status_code == 422
    assert str(answer) in refused.json()["detail"]
    assert not Receiver.objects.exists()


def test_a_callback_that_never_answers_is_422_in_time(vnfm: Caller, consumer: Consumer, settings: Any) -> None:
    settings.NOTIFY_TIMEOUT = 0.1
    consumer.answers = lambda _told, _number: None
    refused = vnfm.ask("POST", f"{API}/subscriptions", subscription(consumer))
    assert (refused.status_code, "no answer" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "callbackUri"),
        ({"callbackUri": "ftp://x"}, "callbackUri"),
        ({"callbackUri": "http://169.254.169.254/x"}, "callbackUri"),
        ({"callbackUri": "http://user:pw@example.com/x"}, "callbackUri"),
        ({"callbackUri": "http://127.0.0.1/", "filter": {"colours": []}}, "filter.colours"),
        (
            {"callbackUri": "http://127.0.0.1/", "filter": {"perceivedSeverities": ["BAD"]}},
            "filter.perceivedSeverities[0]",
        ),
        (
            {"callbackUri": "http://127.0.0.1/", "authentication": {"authType": ["TLS_CERT"]}},
            "authentication.authType[0]",
        ),
    ],
)
def test_a_wrong_subscription_is_refused_by_name(vnfm: Caller, body: Any, field: str) -> None:
    answer = vnfm.ask("POST", f"{API}/subscriptions", body)
    assert answer.status_code == 400
    assert answer.json()["field"] == field


def test_subscriptions_are_shown_to_who_made_them_and_ended(vnfm: Caller, consumer: Consumer) -> None:
    answer = vnfm.ask("POST", f"{API}/subscriptions", subscription(consumer))
    made = answer.json()
    assert answer["Location"] == made["_links"]["self"]["href"]
    again = vnfm.ask("POST", f"{API}/subscriptions", subscription(consumer))
    assert (again.status_code, again["Location"]) == (303, answer["Location"])

    path = f"{API}/subscriptions/{made['id']}"
    assert vnfm.get(f"{API}/subscriptions") == [vnfm.get(path)] == [made]
    other = caller("operator", name="other")
    assert other.get(f"{API}/subscriptions") == []
    assert other.ask("DELETE", path).status_code == 404

    assert vnfm.ask("DELETE", path).status_code == 204
    assert vnfm.ask("GET", path).status_code == 404
    trouble()
    assert [one for one in consumer.told if one.body] == []


def test_who_may_see_some_vims_is_notified_of_them_only(consumer: Consumer) -> None:
    narrow = caller("operator", "other_*")
    narrow.post(f"{API}/subscriptions", subscription(consumer))
    trouble("i1")
    about = ManagedObject("other_two", ObjectType.INSTANCE, "i9")
    services.hand_over(write([Raise(about, "p", "It broke", Severity.MAJOR, T0, "e9")]))
    assert [one["alarm"]["managedObjectId"] for one in notified(consumer, 1)] == ["i9"]
    assert ids(narrow.get(f"{API}/alarms")) == ["i9"]


def test_the_versions_are_told(vnfm: Caller) -> None:
    told = vnfm.get(f"{API}/api_versions")
    assert told["apiVersions"] == [{"version": "1.3.0", "isDeprecated": False}]
    assert told["uriPrefix"] == "http://testserver/vnffm"


def test_a_test_asks_the_subscriber_to_read_the_list_anew(vnfm: Caller, consumer: Consumer) -> None:
    from tests.notices import a_notice

    made = vnfm.post(f"{API}/subscriptions", subscription(consumer))
    test = a_notice()
    test = type(test).from_dict({**test.to_dict(), "kind": "test"})
    services.test_delivery(f"receiver://vnffm-{made['id']}", test)
    (told,) = notified(consumer, 1)
    assert told["notificationType"] == "AlarmListRebuiltNotification"
