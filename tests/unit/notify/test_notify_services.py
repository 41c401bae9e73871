"""What the other rooms rely on: which actions are taken, what their rows say, what test buttons answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.exceptions import PermissionDenied

from fed_common.core import clock
from fed_common.core.alarm import Notice
from fed_common.core.errors import Invalid, NotFound
from fed_common.notify import services, targets
from fed_common.notify.models import Delivery, Receiver
from fed_common.notify.receivers import create_receiver
from tests.consumers import Consumer
from tests.notices import a_notice

pytestmark = pytest.mark.django_db(transaction=True)


def check(*actions: str, admin: bool = False) -> list[str]:
    return services.check_actions(actions, field="alarm_actions", admin=admin)


def test_actions_are_kept_once_in_their_order() -> None:
    """N10"""
    assert check("http://192.0.2.1/b", "https://192.0.2.1/a", "http://192.0.2.1/b") == [
        "http://192.0.2.1/b",
        "https://192.0.2.1/a",
    ]


@pytest.mark.parametrize(
    "action",
    [
        "ftp://x",
        "x",
        "",
        "://x",
        "http://",
        "http://user:pw@h/",
        "trust+http://h/",
        "zaqar://?topic=x",
        "http://h/" * 300,
    ],
)
def test_an_action_nobody_can_do_is_refused_naming_the_schemes(action: str) -> None:
    """N9"""
    with pytest.raises(Invalid) as caught:
        check(action)
    assert caught.value.field == "alarm_actions"
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("action", ["log://", "test://x", "kafka://alarms"])
def test_some_actions_are_for_admins(action: str, settings: Any) -> None:
    """N9"""
    settings.KAFKA = "127.0.0.1:9"
    with pytest.raises(services.AdminsOnly, match="admins only"):
        check(action)
    assert issubclass(services.AdminsOnly, PermissionDenied)
    assert check(action, admin=True) == [action]


def test_an_action_into_a_forbidden_network_is_refused(settings: Any) -> None:
    """N11"""
    settings.ALLOWED_NETWORKS = []
    for action in (
        "http://169.254.169.254/latest",
        "https://localhost/",
        "ves+http://[::1]:8080/",
        "snmp://127.0.0.1",
    ):
        with pytest.raises(Invalid, match="forbidden networks"):
            check(action)


def test_a_receiver_has_to_be_there() -> None:
    with pytest.raises(Invalid, match="receivers"):
        check("receiver://nms")
    create_receiver({"name": "nms", "notifier": "http", "options": {"url": "http://192.0.2.1/"}}, by="me")
    assert check("receiver://nms") == ["receiver://nms"]


def test_there_is_a_limit_of_actions(settings: Any) -> None:
    settings.ALARM_ACTIONS = 2
    with pytest.raises(Invalid, match="at most 2"):
        check(*(f"http://192.0.2.{number}/" for number in range(3)))


def test_a_row_says_where_to_and_holds_the_notice() -> None:
    now = clock.now()
    notice = a_notice()
    [row] = services.deliveries_of(["http://192.0.2.1:81/x"], notice, now=now, project_id="t1", cause="e1")
    assert (row.notifier, row.target, row.shown) == ("http", "http://192.0.2.1:81/x", "http://192.0.2.1:81/x")
    assert (row.endpoint, row.state, row.project_id, row.cause) == ("http://192.0.2.1:81", "waiting", "t1", "e1")
    assert (row.alarm_id, row.created_at) == (notice.alarm_id, now)
    assert row.expires_at > now
    assert row.owner
    assert Notice.from_dict(row.notice) == notice


def test_what_may_be_secret_is_sealed_and_not_shown() -> None:
    action = "http://192.0.2.1/x?token=letmein"
    [row] = services.deliveries_of([action], a_notice(), now=clock.now())
    assert "letmein" not in row.target + row.shown + row.lane + row.endpoint
    assert row.shown == "http://192.0.2.1/x?***"
    assert targets.target_of_row(row.target) is targets.target_of(action)


def test_lanes_are_of_one_alarm_and_one_target() -> None:
    rows = [
        row
        for alarm in ("a", "b")
        for row in services.deliveries_of(["http://h1/", "http://h2/"], a_notice(alarm_id=alarm), now=clock.now())
    ]
    assert len({row.lane for row in rows}) == 4


def test_an_action_that_cannot_be_used_any_more_is_dead_from_the_start() -> None:
    rows = services.deliveries_of(
        ["receiver://gone", "gopher://x?a", "http://192.0.2.1/"], a_notice(), now=clock.now()
    )
    assert [row.state for row in rows] == ["dead", "dead", "waiting"]
    assert rows[0].reason == "there is no receiver 'gone'"
    assert (rows[1].shown, rows[1].ended_at) == ("gopher://x?***", rows[1].created_at)
    Delivery.objects.bulk_create(rows)


def test_a_receiver_that_is_switched_off_is_not_told() -> None:
    body = {"name": "nms", "notifier": "http", "options": {"url": "http://192.0.2.1/"}, "enabled": False}
    create_receiver(body, by="me")
    [row] = services.deliveries_of(["receiver://nms"], a_notice(), now=clock.now())
    assert (row.state, row.reason) == ("dead", "the receiver 'nms' is switched off")


def test_ids_grow_so_that_rows_of_one_moment_keep_their_order() -> None:
    rows = [row for _ in range(1000) for row in services.deliveries_of(["http://h/"], a_notice(), now=clock.now())]
    assert sorted(rows, key=lambda row: row.id) == rows
    assert {row.id.version for row in rows} == {7}


def test_a_test_answers_how_it_went(consumer: Consumer) -> None:
    create_receiver({"name": "nms", "notifier": "http", "options": {"url": consumer.url}}, by="me")
    assert services.test_delivery("receiver://nms", a_notice()).outcome == "delivered"
    consumer.answers = lambda _told, _number: 503
    failed = services.test_delivery("receiver://nms", a_notice())
    assert (failed.outcome, failed.reason) == ("failed", "it answered 503")
    with pytest.raises(NotFound):
        services.test_delivery("receiver://other", a_notice())


def test_a_receiver_of_an_entry_point_that_went_away_is_said_so() -> None:
    Receiver.objects.create(name="old", notifier="pigeon")
    [row] = services.deliveries_of(["receiver://old"], a_notice(), now=clock.now())
    assert (row.state, "pigeon" in row.reason) == ("dead", True)


def test_rows_of_a_burst_are_born_before_their_lease_ends() -> None:
    [row] = services.deliveries_of(["http://h/"], a_notice(), now=clock.now())
    assert row.expires_at - row.created_at == timedelta(seconds=5)
