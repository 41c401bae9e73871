"""The cloud that scenarios boot their VMs in does what scenarios count on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fed_common.core.errors import CloudFailed, CloudTimeout, Conflict, NotFound
from fed_common.core.instances import InstanceAction, InstanceSpec
from fed_common.core.model import Vim, VimId
from tests.addresses import Addresses
from tests.doubles.booting import BootingCloud, BootingPlugin, Fault, booting
from tests.plugins import ROOT, installed
from tests.waiting import until

PLUGIN = BootingPlugin()
TIMEOUT = 10.0
ASK = """
from fed_common.inventory.checks import clouds
from fed_common.core.instances import InstanceSpec
from fed_common.core.model import Vim, VimId
vim = Vim(VimId("c", "r"), "booting", auth_url={url!r})
print("made", clouds().get("booting")().create_instance(vim, InstanceSpec("k", "vm", "img"), timeout=60))
"""


@pytest.fixture
def answering() -> set[str]:
    """The addresses that answer."""
    return set()


@pytest.fixture
def cloud(answering: set[str]) -> Iterator[BootingCloud]:
    pool = ("10.9.0.1", "10.9.0.2")
    answering.update(pool)
    with booting(pool, answering.add, answering.remove) as cloud:
        assert not answering
        yield cloud


def vim(cloud: BootingCloud) -> Vim:
    return Vim(VimId("c", "r"), "booting", auth_url=cloud.url)


def create(cloud: BootingCloud, key: str = "k", timeout: float = TIMEOUT) -> str:
    return PLUGIN.create_instance(vim(cloud), InstanceSpec(key, f"vm of {key}", "img"), timeout=timeout)


def test_what_is_made_answers_and_what_is_deleted_does_not(cloud: BootingCloud, answering: set[str]) -> None:
    id = create(cloud)

    shown = PLUGIN.show_instance(vim(cloud), id, timeout=TIMEOUT)
    assert (shown.name, shown.state, shown.addresses) == ("vm of k", "active", ("10.9.0.1",))
    assert answering == {"10.9.0.1"}

    PLUGIN.act(vim(cloud), id, InstanceAction.DELETE, timeout=TIMEOUT)
    assert answering == set()
    for call in (
        PLUGIN.show_instance,
        lambda v, i, timeout: PLUGIN.act(v, i, InstanceAction.DELETE, timeout=timeout),
    ):
        with pytest.raises(NotFound):
            call(vim(cloud), id, timeout=TIMEOUT)

    create(cloud)
    assert answering == {"10.9.0.2"}, "another one has another address while there is one"
    assert cloud.made["k"] == 2


def test_one_key_is_one_instance_however_many_ask(cloud: BootingCloud) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: create(cloud), range(40)))
    assert len(ids) == 1
    assert (cloud.asked["k"], cloud.made["k"]) == (40, 1)


def test_a_dead_guest_is_active_to_its_cloud(cloud: BootingCloud, answering: set[str]) -> None:
    id = create(cloud)
    for _ in range(2):
        cloud.kill(id)
    assert answering == set()
    assert PLUGIN.show_instance(vim(cloud), id, timeout=TIMEOUT).state == "active"
    cloud.revive(id)
    assert answering == {"10.9.0.1"}
    cloud.kill(id)
    PLUGIN.act(vim(cloud), id, InstanceAction.DELETE, timeout=TIMEOUT)
    assert answering == set()


def test_real_addresses_answer_as_their_instances_do() -> None:
    with Addresses(2) as net, booting(net.v4, net.restore, net.cut) as cloud:
        assert not any(map(answers, net.v4))
        id = create(cloud)
        assert list(map(answers, net.v4)) == [True, False]
        cloud.kill(id)
        assert not answers(net.v4[0])
        PLUGIN.act(vim(cloud), id, InstanceAction.DELETE, timeout=TIMEOUT)
        create(cloud)
        assert list(map(answers, net.v4)) == [False, True]


def answers(address: str) -> bool:
    """Whether the far side says at least that nobody listens."""
    try:
        socket.create_connection((address, 9), timeout=0.3).close()
    except ConnectionRefusedError:
        return True
    except TimeoutError:
        return False
    raise AssertionError("somebody listens")


@pytest.mark.parametrize(
    ("action", "state", "up"),
    [
        (InstanceAction.POWER_OFF, "stopped", set()),
        (InstanceAction.POWER_ON, "active", {"10.9.0.1"}),
        (InstanceAction.REBOOT, "active", {"10.9.0.1"}),
        (InstanceAction.REBUILD, "active", {"10.9.0.1"}),
    ],
)
def test_actions_move_the_address(
    cloud: BootingCloud, answering: set[str], action: InstanceAction, state: str, up: set[str]
) -> None:
    id = create(cloud)
    PLUGIN.act(vim(cloud), id, action, timeout=TIMEOUT)
    [seen] = PLUGIN.list_instances(vim(cloud), timeout=TIMEOUT).instances
    assert (seen.state, answering) == (state, up)


def test_a_slow_boot_is_building_without_an_address_until_it_answers(
    cloud: BootingCloud, answering: set[str]
) -> None:
    cloud.boots_in = 0.3
    shown = PLUGIN.show_instance(vim(cloud), create(cloud), timeout=TIMEOUT)
    assert (shown.state, shown.addresses) == ("building", ())
    until(lambda: answering == {"10.9.0.1"})


def test_a_boot_may_end_in_error(cloud: BootingCloud, answering: set[str]) -> None:
    cloud.boots_to = "error"
    assert PLUGIN.show_instance(vim(cloud), create(cloud), timeout=TIMEOUT).state == "error"
    assert not answering


def test_faults_come_in_order_and_end(cloud: BootingCloud) -> None:
    cloud.fail("create", Fault.FAILED, 2)
    cloud.fail("create", Fault.REFUSED)
    cloud.fail("create", Fault.HANGS)
    cloud.fail("create", Fault.LOST)
    for expected, made in ((CloudFailed, 0), (CloudFailed, 0), (Conflict, 0), (CloudTimeout, 0), (CloudFailed, 1)):
        with pytest.raises(expected):
            create(cloud, timeout=0.3)
        assert cloud.made["k"] == made
    assert create(cloud) == cloud.with_key("k").id  # type: ignore[union-attr]
    assert cloud.made["k"] == 1
    cloud.fail("probe")
    with pytest.raises(CloudFailed):
        PLUGIN.probe_vim(vim(cloud), timeout=TIMEOUT)
    PLUGIN.probe_vim(vim(cloud), timeout=TIMEOUT)


def test_a_full_cloud_has_no_room(cloud: BootingCloud) -> None:
    assert create(cloud, "one") != create(cloud, "two")
    with pytest.raises(Conflict, match="No address"):
        create(cloud, "three")


def test_a_caller_may_be_killed_between_the_deed_and_the_answer(cloud: BootingCloud, tmp_path: Path) -> None:
    """And another process finds the plugin as it would a third party's, and the instance by its key."""
    cloud.fail("create", Fault.HELD)
    env = {**os.environ, "PYTHONPATH": installed(tmp_path, booting="tests.doubles.booting:BootingPlugin")}
    command = [sys.executable, "manage.py", "shell", "-c", ASK.format(url=cloud.url)]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as caller:
        until(lambda: cloud.holding["create"], within=60)
        caller.send_signal(signal.SIGKILL)
        assert "made" not in caller.communicate()[0]
    assert create(cloud) == cloud.with_key("k").id  # type: ignore[union-attr]
    assert cloud.made["k"] == 1
