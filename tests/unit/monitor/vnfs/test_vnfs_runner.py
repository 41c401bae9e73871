"""Runners: threads that do what is to be done, and nobody waits for anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fed_common.core.errors import Retryable
from fed_common.monitor.models import Operation, Vnf
from fed_common.monitor.vnfs import claiming, runner
from fed_common.monitor.vnfs.claiming import claim, renew
from fed_common.monitor.vnfs.runner import Runner
from fed_common.monitor.vnfs.services import create_vnf, delete_vnf
from tests.doubles.booting import BootingCloud, Fault, booting
from tests.lifecycle import drive, expire, fails, fields, never, vim_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vim(transactional_db: None, cloud: BootingCloud) -> Any:
    return vim_of(cloud)


@contextmanager
def running(name: str = "a", hold: Callable[[Operation], str | None] = never) -> Iterator[Runner]:
    one = Runner(name, hold)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def status(name: str) -> str:
    return Vnf.objects.get(name=name).status


def test_one_that_hangs_keeps_no_other_waiting(vim: Any, cloud: BootingCloud, eventually: Any) -> None:
    """T80"""
    with booting(["10.9.1.1"]) as slow, running():
        slow.fail("create", Fault.HELD)
        create_vnf(**fields(vim_of(slow, "slow"), name="slow"))
        eventually(lambda: slow.holding["create"] == 1)
        for number in range(4):
            create_vnf(**fields(vim, name=f"vnf{number}"))
        eventually(lambda: all(status(f"vnf{number}") == "ACTIVE" for number in range(4)))
        assert status("slow") == "PENDING_CREATE"
        slow.release()
        eventually(lambda: status("slow") == "ACTIVE")


def test_a_lease_is_kept_while_its_operation_is_run(vim: Any, cloud: BootingCloud, eventually: Any) -> None:
    cloud.fail("create", Fault.HELD)
    create_vnf(**fields(vim))
    with running("a"):
        eventually(lambda: cloud.holding["create"] == 1)
        until = Operation.objects.get().expires_at
        eventually(lambda: Operation.objects.get().expires_at > until)
        assert claim("b", 5, ()) == []
        cloud.release()
        eventually(lambda: status("fw") == "ACTIVE")


def test_one_that_stops_leaves_its_operations_to_the_others_at_once(
    vim: Any, cloud: BootingCloud, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    monkeypatch.setattr(claiming, "LEASE", claiming.LEASE * 1000)
    cloud.boots_in = 3600
    create_vnf(**fields(vim))
    with running("a"):
        eventually(lambda: cloud.calls["show"])
    assert Operation.objects.get().state == Operation.State.RUNNING
    next(iter(cloud.instances.values())).state = "active"
    drive("b")
    assert (status("fw"), sum(cloud.made.values())) == ("ACTIVE", 1)


def test_a_deletion_ends_a_boot_that_takes_long(
    vim: Any, cloud: BootingCloud, eventually: Any, settings: Any
) -> None:
    cloud.boots_in = settings.BOOT_TIMEOUT = 3600
    vnf = create_vnf(**fields(vim))
    with running():
        eventually(lambda: cloud.calls["show"])
        delete_vnf(vnf)
        eventually(lambda: not Vnf.objects.exists())
    assert not cloud.instances


def test_two_runners_share_what_is_to_be_done_and_do_it_once(
    vim: Any, cloud: BootingCloud, eventually: Any
) -> None:
    with running("a"), running("b"):
        for number in range(8):
            create_vnf(**fields(vim, name=f"vnf{number}"))
        eventually(lambda: Vnf.objects.filter(status="ACTIVE").count() == 8)
    assert (sum(cloud.made.values()), cloud.calls["create"]) == (8, 8)
    assert set(Operation.objects.values_list("state", flat=True)) == {"done"}


def test_a_database_that_is_away_is_waited_for(vim: Any, monkeypatch: pytest.MonkeyPatch, eventually: Any) -> None:
    away = threading.Event()
    writing = runner.renew

    def broken(*asked: Any) -> None:
        if not away.is_set():
            away.set()
            raise Retryable("the database cannot be used now")
        writing(*asked)

    monkeypatch.setattr(runner, "renew", broken)
    create_vnf(**fields(vim))
    with running():
        eventually(lambda: status("fw") == "ACTIVE")
    assert away.is_set()


def test_an_operation_is_claimed_by_one_and_of_each_vnf_one_at_a_time(vim: Any) -> None:
    vnf = create_vnf(**fields(vim))
    drive()
    first, _ = fails(vnf, "log", "respawn")
    assert [one.pk for one in claim("a", 5, ())] == [first.pk]
    assert claim("b", 5, ()) == []
    expire()
    assert claim("a", 5, {first.pk}) == []  # its own thread still runs it
    assert [one.pk for one in claim("b", 5, ())] == [first.pk]
    before = Operation.objects.get(pk=first.pk).expires_at
    renew("a", {first.pk})  # it is not a's any more
    assert Operation.objects.get(pk=first.pk).expires_at == before


def test_a_deletion_is_done_before_what_waits_longer(vim: Any) -> None:
    vnf = create_vnf(**fields(vim))
    drive()
    fails(vnf, "log", "respawn")
    deletion = delete_vnf(vnf)
    assert [one.pk for one in claim("a", 5, ())] == [deletion.pk]


def test_two_operations_of_a_vnf_cannot_run_whatever_a_conductor_thinks(vim: Any) -> None:
    vnf = create_vnf(**fields(vim))
    drive()
    first, second = fails(vnf, "log", "respawn")
    assert claiming._claimed(first, "a")
    assert not claiming._claimed(second, "b")
