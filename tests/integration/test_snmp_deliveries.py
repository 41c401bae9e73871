"""From the table and from rules' actions to a real snmptrapd, by the sender: tries, order, resync."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from fed_common.alarms.table.writing import Change, Clear, Raise, write
from fed_common.core import clock
from fed_common.core.alarm import ManagedObject, NoticeKind, ObjectType, Severity
from fed_common.notify import services, targets
from fed_common.notify.models import Delivery
from fed_common.notify.sending import tries
from fed_common.notify.sending.sending import Sending
from fed_common.notify.snmp import sending
from tests.callers import Caller
from tests.notices import a_notice, send
from tests.snmp import LOOPBACK, USER_256, Snmptrapd
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

SECOND = {"SNMPTRAPD_NAME": "snmptrapd-second", "SNMPTRAPD_PORT": "28163"}


@pytest.fixture(scope="module")
def trapd() -> Iterator[Snmptrapd]:
    """One that may be stopped."""
    made = Snmptrapd(**SECOND)
    yield made
    made.run("wipe")


@pytest.fixture(autouse=True)
def sender(settings: Any, monkeypatch: pytest.MonkeyPatch, trapd: Snmptrapd) -> Iterator[None]:
    settings.ALLOWED_NETWORKS, settings.SNMP_ENGINE_ID = LOOPBACK, trapd.engine_id
    monkeypatch.setattr(tries, "FIRST_WAIT", 0.02)
    sending.speaker.cache_clear()
    part = Sending()
    part.start()
    yield
    part.stop()
    services.stop(0.2)
    targets.forget_receivers()
    sending.speaker.cache_clear()


def ended() -> list[Delivery]:
    rows = list(Delivery.objects.order_by("created_at", "id"))
    return rows if all(row.state != Delivery.State.WAITING for row in rows) else []


def about(host: str) -> ManagedObject:
    return ManagedObject("cloud_one", ObjectType.HOST, host, host)


def raised(host: str) -> Raise:
    return Raise(about(host), "HOST_DOWN", "host down", Severity.CRITICAL, clock.now(), cause=str(uuid4()))


def tell(*changes: Change) -> None:
    services.hand_over(write(changes))


def test_an_inform_to_a_receiver_that_is_down_is_tried_until_it_is_confirmed(
    settings: Any, trapd: Snmptrapd
) -> None:
    """N64"""
    settings.NOTIFY_TIMEOUT, settings.NOTIFY_TRIES = 1, 100
    trapd.run("stop")
    alarm_id = str(uuid4())
    send([f"{trapd.url}?{USER_256}&inform=1"], a_notice(alarm_id=alarm_id))
    row = until(lambda: Delivery.objects.filter(tries__gte=3).first())
    assert row.reason == "no answer within 1 s"
    trapd.run("start")
    settings.NOTIFY_TIMEOUT = 60
    [row] = until(ended)
    assert (row.state, row.shown) == ("done", f"{trapd.url}?***")
    assert {heard.bindings["mcfedDeliveryId"] for heard in trapd.hears(alarm_id, 1)} == {str(row.id)}


def test_raise_and_clear_of_one_alarm_arrive_in_order_by_a_receiver_that_hears_the_table(
    admin: Caller, trapd: Snmptrapd
) -> None:
    """N63"""
    receive(admin, trapd, inform=True)
    tell(raised("h1"))
    tell(Clear("HOST_DOWN", clock.now() + timedelta(seconds=1), cause=str(uuid4()), about=about("h1")))
    first, second = until(ended)
    up, down = trapd.hears(first.alarm_id, 2)
    assert (up.name, down.name) == ("mcfedAlarmRaise", "mcfedAlarmClear")
    assert (up.bindings["mcfedObjectId"], up.bindings["mcfedObjectType"]) == ("h1", "host")
    assert first.alarm_id == second.alarm_id
    assert int(down.bindings["mcfedAlarmSequence"]) == int(up.bindings["mcfedAlarmSequence"]) + 1


def test_a_receiver_that_meets_a_gap_asks_for_what_it_missed(admin: Caller, trapd: Snmptrapd) -> None:
    """N87"""
    receive(admin, trapd)
    tell(raised("h1"))
    [first] = until(ended)
    before = sequence(trapd, first)
    trapd.run("stop")
    tell(raised("h2"))
    tell(raised("h3"))
    until(lambda: len(ended()) == 3)
    trapd.run("start")
    tell(raised("h4"))
    last = until(lambda: len(ended()) == 4 and ended())[-1]
    after = sequence(trapd, last)
    assert after == before + 3
    missed = admin.get(f"/alarms/changes?after={before}")["changes"]
    assert [change["sequence"] for change in missed] == [before + 1, before + 2, before + 3]
    assert [change["kind"] for change in missed] == [NoticeKind.RAISED] * 3


def test_an_action_with_a_bad_option_is_refused_when_it_is_written(settings: Any) -> None:
    from fed_common.core.errors import Invalid

    for action in ("snmp://127.0.0.1?version=1", "snmp://127.0.0.1?nosuch=1", "snmp://"):
        with pytest.raises(Invalid, match="alarm_actions"):
            services.check_actions([action], field="alarm_actions", admin=True)
    settings.ALLOWED_NETWORKS = []
    with pytest.raises(Invalid, match="FORBIDDEN_NETWORKS"):
        services.check_actions(["snmp://127.0.0.1"], field="alarm_actions", admin=True)


def receive(admin: Caller, trapd: Snmptrapd, *, inform: bool = False) -> None:
    """Have the trapd hear every change of the table."""
    host, port = trapd.url.removeprefix("snmp://").split(":")
    options = {"host": host, "port": int(port), "community": "public", "inform": inform}
    made = admin.post("/receivers", {"name": "nms", "notifier": "snmp", "options": options, "filter": {}})
    assert made["options"]["community"] == "***"


def sequence(trapd: Snmptrapd, delivery: Delivery) -> int:
    [heard] = trapd.hears(delivery.alarm_id, 1)
    return int(heard.bindings["mcfedAlarmSequence"])
