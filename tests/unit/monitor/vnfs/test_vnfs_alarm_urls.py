"""Alarm URLs: minted with the VNF, shown to who may write, and what a POST of Aodh's to one has done."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from fed_common.core import clock
from fed_common.core.vnf import AlarmTrigger, VnfStatus
from fed_common.monitor.conductor import firing
from fed_common.monitor.models import Operation, Vnf
from fed_common.monitor.vnfs.services import create_vnf, delete_vnf, respawn_vnf
from tests.callers import Caller, caller
from tests.lifecycle import drive, events, fails, fields, vnfd

ALARM = {
    "alarm_name": "busy",
    "alarm_id": "a-1",
    "severity": "low",
    "previous": "ok",
    "current": "alarm",
    "reason": "Transition to alarm due to 1 samples outside threshold, most recent: 80.0",
    "reason_data": {"type": "threshold"},
}
REPEAT = {**ALARM, "previous": "alarm", "reason": "Remaining as alarm due to 1 samples outside threshold"}
BARE = {"alarm_id": "a-1", "current": "alarm"}
TRIGGERS = (
    AlarmTrigger("dead", ("respawn",)),
    AlarmTrigger("both", ("respawn", "log")),
    AlarmTrigger("told", ("notify",)),
    AlarmTrigger("busy", ("SP1-out",)),
    AlarmTrigger("idle", ("SP1-in",)),
)


@pytest.fixture
def vnf(vim: Any) -> Vnf:
    """ACTIVE, with two members; the policy SP1 has no cooldown."""
    made = create_vnf(**fields(vim, replace(vnfd(scaled=True, cooldown=0.0), triggers=TRIGGERS)))
    drive()
    return Vnf.objects.get(pk=made.pk)


def attributes(vnf: Vnf, role: str = "operator") -> dict[str, str]:
    found: dict[str, str] = caller(role, name=f"{role} {Operation.objects.count()}").get(f"/vnfs/{vnf.pk}")[
        "attributes"
    ]
    return found


@pytest.fixture
def post(vnf: Vnf) -> Callable[..., Any]:
    """``post(trigger, body)``: as Aodh does to that trigger's URL, without a token; each time another request."""
    urls, count = attributes(vnf), iter(range(1000))

    def posted(trigger: str, body: Any = ALARM, *, request: str = "") -> Any:
        id = {"X-Openstack-Request-Id": request or f"req-{next(count)}"}
        return Caller().ask("POST", "/" + urlsplit(urls[trigger]).path, body, **({} if request == "none" else id))

    return posted


def kinds(vnf: Vnf) -> list[tuple[str, str]]:
    """What alarms had done to it, and how far that is."""
    return [(one.kind, one.state) for one in vnf.operations.filter(parameters__rule="alarm")]


def test_each_trigger_has_a_url_and_the_events_tell_so(vnf: Vnf) -> None:
    """T81"""
    shown = attributes(vnf)

    keys = [re.fullmatch(rf"http://testserver/v1.0/vnfs/{vnf.pk}/busy/SP1-out/([a-z0-9]{{8}})", shown["busy"])]
    keys += [
        re.fullmatch(rf"http://testserver/v1.0/vnfs/{vnf.pk}/both/respawn%25log/([a-z0-9]{{8}})", shown["both"])
    ]
    assert len({found[1] for found in keys if found}) == 2
    assert (shown["alarming_policy"], set(shown)) == (
        str(vnf.pk),
        {"alarming_policy", *(t.name for t in TRIGGERS)},
    )
    assert ("PENDING_CREATE", "MONITOR", "Alarm URL set successfully: dead") in events(vnf.pk)
    assert keys[0] is not None
    assert not any(keys[0][1] in str(one) for one in events(vnf.pk))


def test_who_may_only_read_sees_no_key(vnf: Vnf) -> None:
    assert attributes(vnf, "reader")["dead"].endswith(f"/v1.0/vnfs/{vnf.pk}/dead/respawn/***")
    listed = caller("reader").get("/vnfs")["vnfs"][0]["attributes"]
    assert {url.rpartition("/")[2] for name, url in listed.items() if name != "alarming_policy"} == {"***"}


def test_a_vnf_without_triggers_has_no_urls(vim: Any) -> None:
    assert attributes(create_vnf(**fields(vim))) == {}


def test_a_post_has_the_action_done(vnf: Vnf, post: Callable[..., Any]) -> None:
    """T82"""
    before = {one.instance_id for one in vnf.members.all()}

    answer = post("dead")

    assert answer.status_code == 200, answer.content
    (told,) = answer.json()["operations"]
    assert (told["kind"], told["state"]) == ("respawn", "waiting")
    drive()
    assert not before & {one.instance_id for one in vnf.members.all()}
    assert ("DEAD", "MONITOR", f"alarm of dead: {ALARM['reason']}") in events(vnf.pk)
    assert [one for one in events(vnf.pk) if one[2] == "ActionRespawnHeat invoked"] != []
    assert kinds(vnf) == [("respawn", "done")]


def test_a_conductor_is_woken(
    vnf: Vnf, post: Any, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    from fed_common.monitor.rpc import ConductorClient

    woken: list[bool] = []
    monkeypatch.setattr(ConductorClient, "wake", lambda self: woken.append(True))
    with django_capture_on_commit_callbacks() as callbacks:
        post("dead")
        post("dead", REPEAT)
    assert len(callbacks) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**ALARM, "current": "ok"}, "current"),
        ({**ALARM, "current": "insufficient data"}, "current"),
        ({"alarm_id": "a-1"}, "current"),
        ({"current": "alarm"}, "alarm_id"),
        ({**ALARM, "alarm_id": ""}, "alarm_id"),
        ({**ALARM, "alarm_id": ["a-1"]}, "alarm_id"),
        ({**ALARM, "alarm_id": "a\0b"}, "body"),
        ([ALARM], "alarm_id"),
        ({}, "alarm_id"),
    ],
)
def test_what_tells_of_no_alarm_is_refused(vnf: Vnf, post: Callable[..., Any], body: Any, field: str) -> None:
    """T83"""
    answer = post("dead", body)

    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert kinds(vnf) == []


def test_what_is_no_json_is_refused(vnf: Vnf, post: Callable[..., Any]) -> None:
    """T83"""
    assert post("dead", "{").status_code == 400


def test_what_is_not_there_is_not_found(vnf: Vnf) -> None:
    """T84"""
    path = "/" + urlsplit(attributes(vnf)["dead"]).path
    for wrong in (
        path.replace("/dead/", "/unknown/"),
        path.replace("/respawn/", "/log_and_kill/"),
        path.replace(str(vnf.pk), "00000000-0000-0000-0000-000000000000"),
        path.replace(str(vnf.pk), vnf.name),
    ):
        assert Caller().ask("POST", wrong, ALARM).status_code == 404, wrong
    assert Caller().ask("GET", path).status_code == 405
    assert kinds(vnf) == []


def test_another_key_is_refused_also_with_a_token(vnf: Vnf) -> None:
    """T85"""
    urls = attributes(vnf)
    path, _, key = ("/" + urlsplit(urls["dead"]).path).rpartition("/")
    others = ("aaaaaaaa", key[:-1], key.upper() + "x", "%C3%A9", urls["told"].rpartition("/")[2])
    for who in (Caller(), caller("admin")):
        for other in others:
            assert who.ask("POST", f"{path}/{other}", ALARM).status_code == 403, other
    assert kinds(vnf) == []


def test_keys_cannot_be_guessed_one_after_the_other(vnf: Vnf, settings: Any) -> None:
    """T85: the right one is refused, too, while too many wrong ones came from there."""
    settings.FAILURES_PER_MINUTE = 3
    right = "/" + urlsplit(attributes(vnf)["dead"]).path
    wrong = f"{right.rpartition('/')[0]}/aaaaaaaa"

    assert [Caller().ask("POST", wrong, ALARM).status_code for _ in range(4)] == [403, 403, 403, 429]
    assert Caller().ask("POST", right, ALARM).status_code == 429


def test_several_actions_are_done_each_once_and_in_their_order(vnf: Vnf, post: Callable[..., Any]) -> None:
    """T86"""
    post("both")
    drive()

    assert kinds(vnf) == [("respawn", "done"), ("log", "done")]
    invoked = [details for _, _, details in events(vnf.pk) if details.endswith("invoked")]
    assert invoked == ["ActionRespawnHeat invoked", "ActionLogOnly invoked"]


def test_notify_is_an_event_and_nothing_else(vnf: Vnf, post: Callable[..., Any]) -> None:
    before = {one.instance_id for one in vnf.members.all()}
    post("told")
    drive()

    assert ("ACTIVE", "MONITOR", "ActionNotify invoked") in events(vnf.pk)
    assert before == {one.instance_id for one in vnf.members.all()}


@pytest.mark.parametrize(("trigger", "members"), [("busy", 3), ("idle", 1)])
def test_scaling_goes_out_or_in(vnf: Vnf, post: Callable[..., Any], trigger: str, members: int) -> None:
    """T88"""
    post(trigger)
    drive()

    assert vnf.members.count() == members


def test_a_policy_that_is_cooling_down_is_not_scaled_again(vim: Any) -> None:
    cooling = vnfd(scaled=True, default_instances=1, cooldown=600.0)
    vnf = create_vnf(**fields(vim, replace(cooling, triggers=TRIGGERS)))
    drive()
    for number in range(2):
        path = "/" + urlsplit(attributes(vnf)["busy"]).path
        Caller().ask("POST", path, ALARM, **{"X-Openstack-Request-Id": f"req-{number}"})
        drive()

    assert kinds(vnf) == [("scale_out", "done"), ("scale_out", "cancelled")]


@pytest.mark.parametrize("status", [one for one in VnfStatus if one != VnfStatus.ACTIVE])
def test_nothing_is_done_unless_it_is_active(vnf: Vnf, post: Callable[..., Any], status: str) -> None:
    """T87"""
    Vnf.objects.update(status=status)

    for trigger in ("busy", "dead"):
        answer = post(trigger)
        assert answer.status_code == 200
        (told,) = answer.json()["operations"]
        assert (told["state"], told["reason"]) == ("cancelled", f"skipped: the VNF is {status}")
    assert drive() == 0
    assert Vnf.objects.get().status == status


def test_what_was_skipped_is_done_when_it_is_told_again(vnf: Vnf, post: Callable[..., Any]) -> None:
    """T87"""
    Vnf.objects.update(status=VnfStatus.PENDING_CREATE)
    post("busy")
    assert post("busy", REPEAT).json()["operations"] == []
    Vnf.objects.update(status=VnfStatus.ACTIVE)
    for _ in range(3):
        post("busy", REPEAT)
        drive()

    assert kinds(vnf) == [("scale_out", "cancelled"), ("scale_out", "done")]


@pytest.mark.parametrize("whose", ["vnf", "vim"])
def test_nothing_is_done_in_maintenance(vnf: Vnf, post: Callable[..., Any], whose: str) -> None:
    row = vnf if whose == "vnf" else vnf.vim
    type(row).objects.filter(pk=row.pk).update(maintenance=True)

    post("dead")

    assert kinds(vnf) == [("respawn", "cancelled")]


def test_a_transition_told_again_is_answered_once(vnf: Vnf, post: Callable[..., Any]) -> None:
    """T89: sent again, and repeated by an alarm with repeat_actions."""
    post("dead", request="req-a")
    drive()
    for _ in range(3):
        assert post("dead", request="req-a").json()["operations"] == []
        assert post("dead", REPEAT).json()["operations"] == []
    drive()

    assert kinds(vnf) == [("respawn", "done")]


def test_the_next_transition_is_answered_again(vnf: Vnf, post: Callable[..., Any]) -> None:
    """T89"""
    for number in range(2):
        post("dead", request=f"req-{number}")
        drive()

    assert kinds(vnf) == [("respawn", "done")] * 2


@pytest.mark.parametrize(("body", "request_id"), [(BARE, ""), (BARE, "none"), (ALARM, "none")])
def test_who_does_not_tell_transitions_apart_is_answered_once_in_a_while(
    vnf: Vnf, post: Callable[..., Any], body: Any, request_id: str
) -> None:
    """T89"""
    for _ in range(2):
        post("dead", body, request=request_id)
        drive()
    assert kinds(vnf) == [("respawn", "done")]
    Operation.objects.update(created_at=clock.now() - firing.QUIET - timedelta(seconds=1))
    post("dead", body, request=request_id)
    drive()
    assert kinds(vnf) == [("respawn", "done")] * 2


def test_two_alarms_of_one_trigger_are_two(vnf: Vnf, post: Callable[..., Any]) -> None:
    for id in ("a-1", "a-2"):
        post("dead", {**BARE, "alarm_id": id})
        drive()

    assert kinds(vnf) == [("respawn", "done")] * 2


def test_an_alarm_and_a_ping_at_once_are_one_respawn(vnf: Vnf, post: Callable[..., Any]) -> None:
    """T78"""
    fails(vnf, "respawn")
    post("dead")
    drive()
    assert kinds(vnf) == [("respawn", "cancelled")]
    post("dead", {**ALARM, "reason": "again"})
    fails(vnf, "respawn")
    drive()
    assert [one.state for one in vnf.operations.filter(kind="respawn")] == [
        "done",
        "cancelled",
        "done",
        "cancelled",
    ]
    assert Vnf.objects.get().failure_count == 2


def test_a_hand_and_an_alarm_at_once_are_one_respawn(vnf: Vnf, post: Callable[..., Any]) -> None:
    """T78"""
    respawn_vnf(vnf)
    post("dead")
    drive()
    assert Vnf.objects.get().failure_count == 1


def test_the_urls_are_gone_with_the_vnf(vnf: Vnf, post: Callable[..., Any]) -> None:
    delete_vnf(vnf)
    drive()

    assert post("dead").status_code == 404
