"""The vSphere plugin against a simulated vCenter, changed by vSphere's own command line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fed_common.core.errors import CloudFailed, CloudTimeout, Conflict, NotFound, Unsupported
from fed_common.core.instances import HostState, Instance, InstanceAction, Room
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Tls
from fed_common.interfaces.plugin import InstanceWatch
from multicloud_generic.vsphere import client
from multicloud_generic.vsphere.plugin import VspherePlugin
from tests.vcsim import Vcsim
from tests.waiting import until

pytestmark = pytest.mark.servers
PLUGIN = VspherePlugin()
TIMEOUT = 60.0


@pytest.fixture
def machine(vcsim: Vcsim, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a powered-on VM of the test's own."""
    vcsim.start()
    name = request.node.originalname.removeprefix("test_")[:60]
    vcsim.govc("vm.clone", "-vm", "DC0_H0_VM0", "-host", "DC0_H0", name)
    yield name
    if vcsim.govc("find", "/DC0/vm", "-type", "m", "-name", name):
        vcsim.govc("vm.destroy", name)


@pytest.fixture
def watch(vcsim: Vcsim) -> Iterator[InstanceWatch]:
    """A watch that has told its first Sweep."""
    vcsim.start()
    watch = PLUGIN.watch_instances(vcsim.vim(), timeout=TIMEOUT)
    first = watch.wait(timeout=TIMEOUT)
    assert first is not None
    assert first.complete
    yield watch
    watch.close()


def listed(vcsim: Vcsim) -> dict[str, Instance]:
    return {one.name: one for one in PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT).instances}


def news_of(watch: InstanceWatch, name: str) -> list[Instance]:
    """The next news of that VM."""

    def told() -> list[Instance]:
        sweep = watch.wait(timeout=1)
        assert sweep is None or not sweep.complete
        return [one for one in sweep.instances if one.name == name] if sweep else []

    return until(told)


def test_every_vm_of_every_datacenter_is_listed_with_every_host(vcsim: Vcsim) -> None:
    sweep = PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT)

    names = {path.rpartition("/")[2] for path in vcsim.govc("find", "/", "-type", "m").split()}
    assert sweep.complete
    assert {one.name for one in sweep.instances} == names
    assert {"DC0_H0_VM0", "DC1_C0_RP0_VM1"} <= names
    hosts = {path.rpartition("/")[2] for path in vcsim.govc("find", "/", "-type", "h").split()}
    assert sweep.hosts is not None
    assert {host.name for host in sweep.hosts} == hosts


def test_an_instance_is_told_as_vsphere_has_it(vcsim: Vcsim) -> None:
    told = listed(vcsim)["DC0_C0_RP0_VM0"]

    uuid, boot = vcsim.collect("vm/DC0_C0_RP0_VM0", "config.instanceUuid", "summary.runtime.bootTime")
    assert told.id == told.payload["instance_id"] == uuid
    assert (told.state, told.power_state) == ("active", "running")
    assert told.host.startswith("DC0_C0_H")
    assert told.availability_zone == "DC0_C0"
    assert (told.flavor, told.payload["vcpus"], told.payload["memory_mb"]) == ("1 vCPU, 32 MB", 1, 32)
    assert told.launched_at[:19] == told.payload["launched_at"][:19] == boot[:19].replace(" ", "T")


def test_a_list_of_many_pages_is_whole(vcsim: Vcsim, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT)
    monkeypatch.setattr(client, "PAGE", 3)

    paged = PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT)

    assert {one.id for one in paged.instances} == {one.id for one in whole.instances}
    assert paged.hosts == whole.hosts


@pytest.mark.parametrize(
    ("words", "state", "power_state"),
    [
        (("-off",), "stopped", "shutdown"),
        (("-suspend",), "suspended", "suspended"),
    ],
)
def test_the_power_of_a_vm_is_listed_and_told(
    vcsim: Vcsim, machine: str, watch: InstanceWatch, words: tuple[str, ...], state: str, power_state: str
) -> None:
    vcsim.govc("vm.power", *words, machine)
    [told] = news_of(watch, machine)
    assert (told.state, told.power_state) == (state, power_state)
    assert listed(vcsim)[machine].state == state

    vcsim.govc("vm.power", "-on", machine)
    [told] = news_of(watch, machine)
    assert told.state == "active"
    assert listed(vcsim)[machine].state == "active"


def test_a_reconfigured_vm_has_another_flavor(vcsim: Vcsim, machine: str, watch: InstanceWatch) -> None:
    vcsim.govc("vm.change", "-vm", machine, "-c", "2", "-m", "4096")

    [told] = news_of(watch, machine)

    assert told.flavor == listed(vcsim)[machine].flavor == "2 vCPU, 4096 MB"
    assert (told.payload["vcpus"], told.payload["memory_mb"]) == (2, 4096)


def test_a_vm_that_moves_is_on_its_new_host(vcsim: Vcsim, watch: InstanceWatch) -> None:
    before = listed(vcsim)["DC0_C0_RP0_VM0"].host
    after = next(host for host in ("DC0_C0_H0", "DC0_C0_H1") if host != before)

    vcsim.govc("vm.migrate", "-host", after, "DC0_C0_RP0_VM0")

    assert [one.host for one in news_of(watch, "DC0_C0_RP0_VM0")] == [after]
    assert listed(vcsim)["DC0_C0_RP0_VM0"].host == after


def test_a_new_vm_comes_and_a_destroyed_one_goes(vcsim: Vcsim, watch: InstanceWatch) -> None:
    vcsim.govc("vm.clone", "-vm", "DC0_H0_VM0", "-host", "DC0_H0", "-on=false", "guest")
    [told] = news_of(watch, "guest")
    assert told.state == listed(vcsim)["guest"].state == "stopped"
    assert told.id not in {one.id for name, one in listed(vcsim).items() if name != "guest"}

    vcsim.govc("vm.destroy", "guest")
    assert until(lambda: _gone(watch)) == {told.id}
    assert "guest" not in listed(vcsim)


def _gone(watch: InstanceWatch) -> frozenset[str]:
    sweep = watch.wait(timeout=1)
    return sweep.gone if sweep else frozenset()


def test_the_address_of_a_guest_and_the_line_in_its_notes_are_told(
    vcsim: Vcsim, machine: str, watch: InstanceWatch
) -> None:
    vcsim.govc("vm.change", "-vm", machine, "-e", "SET.guest.ipAddress=10.0.0.9")
    assert [one.addresses for one in news_of(watch, machine)] == [("10.0.0.9",)]

    vcsim.govc("vm.change", "-vm", machine, "-annotation", f"ours\n{OPT_OUT}=disabled")
    assert [one.traits.get(OPT_OUT) for one in news_of(watch, machine)] == ["disabled"]
    assert listed(vcsim)[machine].traits[OPT_OUT] == "disabled"


def test_a_template_is_no_instance(vcsim: Vcsim) -> None:
    vcsim.govc("vm.clone", "-vm", "DC0_H0_VM0", "-host", "DC0_H0", "-on=false", "mould")
    vcsim.govc("vm.markastemplate", "mould")

    assert "mould" not in listed(vcsim)


@pytest.mark.parametrize(
    ("fall", "rise", "state", "reason"),
    [
        ("host.maintenance.enter", "host.maintenance.exit", HostState.DISABLED, "maintenance mode"),
        ("host.disconnect", "host.reconnect", HostState.DISABLED, "disconnected"),
    ],
)
def test_a_host_that_is_taken_out_is_disabled(
    vcsim: Vcsim, fall: str, rise: str, state: HostState, reason: str
) -> None:
    def host() -> tuple[HostState, str]:
        sweep = PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT)
        return next((one.state, one.reason) for one in sweep.hosts or () if one.name == "DC1_C0_H0")

    vcsim.govc(fall, "-dc", "DC1", "DC1_C0_H0")
    assert host() == (state, reason)
    vcsim.govc(rise, "-dc", "DC1", "DC1_C0_H0")
    assert host() == (HostState.UP, "")


def test_an_idle_watch_says_nothing(watch: InstanceWatch) -> None:
    assert watch.wait(timeout=1) is None


def test_a_watch_of_more_than_one_update_holds_is_told_whole(
    vcsim: Vcsim,
) -> None:
    vcsim.do("stop")
    vcsim.start(VMS="30")  # times four are more than the 100 objects that an update holds at most
    try:
        watch = PLUGIN.watch_instances(vcsim.vim(), timeout=TIMEOUT)
        first = watch.wait(timeout=TIMEOUT)
        assert watch.wait(timeout=1) is None
        watch.close()
        assert first is not None
        assert {one.id for one in first.instances} == {one.id for one in listed(vcsim).values()}
        assert len(first.instances) == 120
    finally:
        vcsim.do("stop")
        vcsim.start()


def test_an_action_of_ours_is_done(vcsim: Vcsim, machine: str) -> None:
    own = listed(vcsim)[machine].id

    def state() -> str:
        return listed(vcsim)[machine].state

    PLUGIN.act(vcsim.vim(), own, InstanceAction.POWER_OFF, timeout=TIMEOUT)
    assert state() == "stopped"
    PLUGIN.act(vcsim.vim(), own, InstanceAction.POWER_ON, timeout=TIMEOUT)
    assert state() == "active"
    before = listed(vcsim)[machine].launched_at
    PLUGIN.act(vcsim.vim(), own, InstanceAction.REBOOT, timeout=TIMEOUT)
    assert listed(vcsim)[machine].launched_at > before
    PLUGIN.act(vcsim.vim(), own, InstanceAction.DELETE, timeout=TIMEOUT)
    assert machine not in listed(vcsim)


def test_an_action_that_the_state_forbids_is_a_conflict(vcsim: Vcsim, machine: str) -> None:
    with pytest.raises(Conflict, match="not in a state for power_on"):
        PLUGIN.act(vcsim.vim(), listed(vcsim)[machine].id, InstanceAction.POWER_ON, timeout=TIMEOUT)


def test_an_action_on_nobody_is_not_found(vcsim: Vcsim) -> None:
    with pytest.raises(NotFound):
        PLUGIN.act(vcsim.vim(), "11111111-2222-3333-4444-555555555555", InstanceAction.POWER_ON, timeout=TIMEOUT)


def test_a_rebuild_is_unknown_to_vsphere(vcsim: Vcsim) -> None:
    with pytest.raises(Unsupported):
        PLUGIN.act(vcsim.vim(), "any", InstanceAction.REBUILD, timeout=TIMEOUT)


def test_the_room_shrinks_by_what_a_vm_takes(vcsim: Vcsim, machine: str) -> None:
    before = PLUGIN.capacity(vcsim.vim(), timeout=TIMEOUT)
    vcsim.govc("vm.power", "-off", machine)

    after = PLUGIN.capacity(vcsim.vim(), timeout=TIMEOUT)

    assert before.quota == Room(None, None, None)
    assert len(before.hosts) == 8
    zones = {zone.name: zone for zone in after.zones}
    assert {"DC0_C0", "DC0_H0", "DC1_C0", "DC1_H0"} == zones.keys()
    old = next(zone for zone in before.zones if zone.name == "DC0_H0")
    assert (zones["DC0_H0"].free.memory_gb or 0) - (old.free.memory_gb or 0) == pytest.approx(32 / 1024)


def test_the_right_credentials_and_authority_are_accepted(vcsim: Vcsim) -> None:
    PLUGIN.probe_vim(vcsim.vim(), timeout=TIMEOUT)
    PLUGIN.probe_vim(vcsim.vim(tls=Tls(verify=False)), timeout=TIMEOUT)
    bare = replace(vcsim.vim(), auth_url=vcsim.vim().auth_url.removesuffix("/sdk"))
    PLUGIN.probe_vim(bare, timeout=TIMEOUT)


def test_a_wrong_password_is_refused_and_not_shown(vcsim: Vcsim) -> None:
    with pytest.raises(CloudFailed, match="vc_one: vSphere refused the credentials") as caught:
        PLUGIN.probe_vim(vcsim.vim(password="planted-secret"), timeout=TIMEOUT)
    assert "planted-secret" not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(vcsim: Vcsim) -> None:
    for verb in (PLUGIN.probe_vim, PLUGIN.list_instances, PLUGIN.watch_instances):
        with pytest.raises(CloudFailed, match="vc_one: the TLS certificate is not trusted"):
            verb(vcsim.vim(tls=Tls(verify=True)), timeout=TIMEOUT)


def test_a_password_that_was_changed_over_there_is_found_out_by_a_probe(vcsim: Vcsim) -> None:
    PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT)
    with pytest.raises(CloudFailed, match="refused"):
        PLUGIN.list_instances(vcsim.vim(password="changed"), timeout=TIMEOUT)


def test_many_calls_are_one_session_and_what_is_closed_has_none(vcsim: Vcsim) -> None:
    PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT)
    before = len(vcsim.sessions())

    for _ in range(3):
        PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT)
        PLUGIN.probe_vim(vcsim.vim(), timeout=TIMEOUT)
        PLUGIN.capacity(vcsim.vim(), timeout=TIMEOUT)
    watch = PLUGIN.watch_instances(vcsim.vim(), timeout=TIMEOUT)
    assert len(vcsim.sessions()) == before + 1
    watch.close()
    watch.close()

    assert len(vcsim.sessions()) == before


@pytest.mark.parametrize(("broken", "verb"), [("watch", "watch_instances"), ("now", "probe_vim")])
def test_what_fails_after_signing_in_leaves_no_session(
    vcsim: Vcsim, monkeypatch: pytest.MonkeyPatch, broken: str, verb: str
) -> None:
    def fail(*_: object) -> None:
        raise CloudFailed("vc_one", "on purpose")

    before = len(vcsim.sessions())
    monkeypatch.setattr(client.Client, broken, fail)

    with pytest.raises(CloudFailed, match="on purpose"):
        getattr(PLUGIN, verb)(vcsim.vim(), timeout=TIMEOUT)

    assert len(vcsim.sessions()) == before


def test_calls_at_the_same_time_sign_in_once(vcsim: Vcsim) -> None:
    before = len(vcsim.sessions())
    with ThreadPoolExecutor(4) as threads:
        vim = vcsim.vim("vc_together")
        swept = list(threads.map(lambda _: PLUGIN.list_instances(vim, timeout=TIMEOUT), range(8)))

    assert all(sweep.instances == swept[0].instances for sweep in swept)
    assert len(vcsim.sessions()) == before + 1


def test_a_session_that_was_ended_is_made_anew(vcsim: Vcsim) -> None:
    PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT)
    for session in vcsim.sessions():
        vcsim.govc("session.rm", session["key"])

    assert PLUGIN.list_instances(vcsim.vim(), timeout=TIMEOUT).instances


def test_a_watch_whose_session_was_ended_fails(vcsim: Vcsim, watch: InstanceWatch) -> None:
    for session in vcsim.sessions():
        vcsim.govc("session.rm", session["key"])

    with pytest.raises(CloudFailed, match="vc_one: vSphere ended the session"):
        until(lambda: watch.wait(timeout=1))


def test_a_killed_vsphere_is_unreachable_and_comes_back_with_the_same_ids(
    vcsim: Vcsim, watch: InstanceWatch
) -> None:
    originals = {"DC0_H0_VM1", "DC0_C0_RP0_VM1", "DC1_H0_VM0", "DC1_C0_RP0_VM1"}  # untouched by the other tests

    def seen() -> dict[str, tuple[str, str]]:
        return {name: (one.id, one.host) for name, one in listed(vcsim).items() if name in originals}

    before = seen()

    vcsim.do("kill")
    for verb in (PLUGIN.list_instances, PLUGIN.probe_vim, PLUGIN.watch_instances, PLUGIN.capacity):
        with pytest.raises(CloudFailed, match="vc_one: vSphere cannot be reached"):
            verb(vcsim.vim(), timeout=TIMEOUT)
    with pytest.raises(CloudFailed, match="vc_one: "):
        watch.wait(timeout=TIMEOUT)
    watch.close()

    vcsim.start()
    assert seen() == before


def test_a_vsphere_that_hangs_is_given_up_in_time(vcsim: Vcsim, watch: InstanceWatch) -> None:
    vcsim.do("pause")
    try:
        for verb in (PLUGIN.list_instances, PLUGIN.probe_vim, PLUGIN.watch_instances):
            began = time.monotonic()
            with pytest.raises(CloudTimeout, match="vc_one"):
                verb(vcsim.vim(), timeout=0.5)
            assert time.monotonic() - began < TIMEOUT
    finally:
        vcsim.do("resume")


def test_a_watch_of_a_vsphere_that_hangs_times_out_and_closes(vcsim: Vcsim) -> None:
    vcsim.start()
    watch = PLUGIN.watch_instances(vcsim.vim(), timeout=3)
    watch.wait(timeout=1)
    vcsim.do("pause")
    try:
        with pytest.raises(CloudTimeout, match="vc_one"):
            watch.wait(timeout=1)
        watch.close()
    finally:
        vcsim.do("resume")
