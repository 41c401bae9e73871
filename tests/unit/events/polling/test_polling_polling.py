"""A poller process: its share of the VIMs, each looked at in its own time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.errors import CloudTimeout
from fed_common.core.instances import Instance as CoreInstance
from fed_common.core.instances import Sweep
from fed_common.events.models import Lease, PollState, Role
from fed_common.events.polling.poll import Mode
from fed_common.events.polling.polling import Polling
from fed_common.inventory.models import Instance, Vim
from tests.clouds import WatchedCloud, instance, register
from tests.unit.events.polling.conftest import told
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def now(*instances: CoreInstance, **fields: Any) -> Sweep:
    return Sweep(instances, clock.now(), **fields)


@pytest.fixture
def polling(routes: Any, cloud: Any, sink: Any) -> Iterator[Polling]:
    made = Polling(routes)
    made.start()
    yield made
    made.stop()


def known() -> dict[str, str]:
    return dict(Instance.objects.values_list("instance_id", "state"))


def test_every_vim_with_an_address_and_credentials_is_looked_at_again_and_again(
    polling: Polling, cloud: Any, sink: Any
) -> None:
    shown = {"vm": "active"}
    cloud.script = staticmethod(lambda vim_id, since: now(instance("vm", shown["vm"])))
    register()
    register("push-only", auth_url="")
    register("no-credentials", sealed_credentials="")
    register("off", enabled=False)
    until(lambda: known() == {"vm": "active"})
    shown["vm"] = "paused"
    until(lambda: told(sink) == ["PAUSE vm"])
    assert set(polling.vims()) == {"c_r1"}
    assert polling.ready


def test_a_changed_interval_a_switched_off_and_a_removed_vim_are_followed(
    polling: Polling, cloud: Any, sink: Any
) -> None:
    row = register(poll_interval=3600)
    until(lambda: len(cloud.asked) == 1)
    row.poll_interval = 0.1
    row.save()
    until(lambda: len(cloud.asked) > 3)
    row.enabled = False
    row.save()
    until(lambda: polling.vims() == {})
    row.enabled = True
    row.save()
    until(lambda: "c_r1" in polling.vims())
    Vim.objects.all().delete()
    until(lambda: polling.vims() == {})


def test_clouds_that_hang_never_hold_up_the_others(polling: Polling, cloud: Any, sink: Any) -> None:
    """More of them than there are threads: once they failed, they wait in threads of their own."""
    release, hang = threading.Event(), threading.Event()
    alive: list[str] = []

    def script(vim_id: str, since: Any) -> Sweep:
        if vim_id == "c_alive":
            alive.append(vim_id)
            return now()
        if hang.is_set():
            release.wait(60)
        raise CloudTimeout(vim_id, "no answer")

    cloud.script = staticmethod(script)
    for number in range(40):
        register(f"dead{number}")
    register("alive")
    until(lambda: Vim.objects.filter(status="UNREACHABLE").count() == 40)
    hang.set()
    looks = len(alive)
    try:
        until(lambda: len(alive) >= looks + 10)
    finally:
        release.set()


def test_a_look_that_is_asked_for_comes_at_once(polling: Polling, cloud: Any, sink: Any) -> None:
    row = register(poll_interval=3600)
    until(lambda: PollState.objects.exists())
    cloud.script = staticmethod(lambda vim_id, since: now(instance("new")))
    PollState.objects.filter(vim=row).update(asked_at=clock.now())
    until(lambda: told(sink) == ["CREATE new"])
    assert len(cloud.asked) == 2


def test_two_pollers_share_the_vims_and_one_takes_over_when_the_other_leaves(
    polling: Polling, routes: Any, cloud: Any, sink: Any
) -> None:
    for number in range(4):
        register(f"r{number}")
    other = Polling(routes)
    other.start()
    try:
        until(lambda: len(polling.vims()) == len(other.vims()) == 2)
        assert not polling.vims().keys() & other.vims().keys()
    finally:
        other.stop()
    until(lambda: len(polling.vims()) == 4)


def test_a_listeners_lease_is_no_pollers_lease(polling: Polling, cloud: Any, sink: Any) -> None:
    later = clock.now() + timedelta(hours=1)
    Lease.objects.create(role=Role.LISTENER, vim_id="c_r1", owner="somebody", expires_at=later)
    register()
    until(lambda: "c_r1" in polling.vims())
    assert Lease.objects.filter(vim_id="c_r1").count() == 2


def test_a_cloud_that_says_by_itself_what_changed_is_watched_and_its_silence_is_made_up_for(
    polling: Polling, cloud: Any, sink: Any
) -> None:
    whole = [instance("a"), instance("b")]
    cloud.script = staticmethod(lambda vim_id, since: now(*whole))
    WatchedCloud.script = cloud.script
    register(type="watched", poll_interval=3600)
    until(lambda: len(known()) == 2)
    WatchedCloud.news.put(now(instance("a", "paused"), complete=False))
    until(lambda: told(sink) == ["PAUSE a"])
    WatchedCloud.script = staticmethod(lambda vim_id, since: now(instance("a", "paused")))
    WatchedCloud.news.put(CloudTimeout("c_r1", "gone"))
    until(lambda: told(sink) == ["PAUSE a", "DELETE b"])
    until(lambda: Vim.objects.get().status == "REACHABLE")
    del WatchedCloud.script


def test_a_type_without_a_plugin_stops_nobody(polling: Polling, cloud: Any, sink: Any) -> None:
    register("odd", type="no such type")
    register()
    until(lambda: set(polling.vims()) == {"c_r1"})
    assert polling.vims()["c_r1"]["mode"] == Mode.POLL
