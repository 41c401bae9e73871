from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fed_common.core.errors import CloudFailed, Conflict, Invalid, NotFound, Unsupported
from fed_common.core.instances import InstanceAction
from fed_common.core.model import NotificationTransport, Vim, VimId
from multicloud_generic.openstack.clouds import Clouds
from multicloud_generic.openstack.plugin import OpenStackPlugin
from multicloud_vio.plugin import VioPlugin
from tests.doubles.openstack import SERVERS, SIGN_IN, Answer, Asked, OpenStackDouble

SERVICES = "/compute/v2.1/os-services"
SERVER = "/compute/v2.1/servers/vm-1"
LIMITS = "/compute/v2.1/limits"
Act = Callable[[InstanceAction], None]


def test_a_probe_signs_in_and_asks_nova(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    plugin.probe_vim(cloud.vim(), timeout=60)
    assert [one.path for one in cloud.asked] == [SIGN_IN, "/compute/v2.1/", LIMITS]
    assert cloud.asked[-1].headers["User-Agent"].startswith("mcfed ")


def test_connection_and_token_last_longer_than_one_verb(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    for _ in range(3):
        plugin.probe_vim(cloud.vim(), timeout=60)
    OpenStackPlugin().list_instances(cloud.vim(), timeout=60)
    assert len(cloud.calls(SIGN_IN)) == 1
    assert cloud.connections == 1


def test_a_vim_whose_record_changed_is_signed_in_to_anew(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    plugin.probe_vim(cloud.vim(), timeout=60)
    with pytest.raises(CloudFailed, match="refused the credentials"):
        plugin.probe_vim(cloud.vim("admin", "changed"), timeout=60)
    assert len(cloud.calls(SIGN_IN)) == 2


def test_a_token_is_renewed_before_it_ends(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.token_life = timedelta(seconds=5)
    for _ in range(2):
        plugin.probe_vim(cloud.vim(), timeout=60)
    assert len(cloud.calls(SIGN_IN)) > 1


def test_a_service_that_moved_is_found_with_the_next_token(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.token_life = timedelta(seconds=5)
    assert plugin.service_url(cloud.vim(), "image", timeout=60) == f"{cloud.url}/image"
    cloud.has_at("image", "glance", "https://new.example.org")
    assert plugin.service_url(cloud.vim(), "image", timeout=60) == "https://new.example.org"


def test_a_token_that_was_revoked_is_renewed_once(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    plugin.probe_vim(cloud.vim(), timeout=60)
    body = cloud.recorded("admin@admin", LIMITS)
    cloud.on(LIMITS, lambda _: Answer(401) if len(cloud.calls(SIGN_IN)) < 2 else Answer(200, body))
    plugin.probe_vim(cloud.vim(), timeout=60)
    assert len(cloud.calls(SIGN_IN)) == 2


def test_a_password_that_was_changed_is_told_as_such(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    plugin.probe_vim(cloud.vim(), timeout=60)
    cloud.on(LIMITS, Answer(401))
    cloud.on(SIGN_IN, Answer(401, {"error": {"message": "no"}}), "POST")
    with pytest.raises(CloudFailed, match="Keystone refused the credentials"):
        plugin.probe_vim(cloud.vim(), timeout=60)


def test_nothing_is_tried_twice(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(LIMITS, Answer(503))
    with pytest.raises(CloudFailed):
        plugin.probe_vim(cloud.vim(), timeout=60)
    assert len(cloud.calls(LIMITS)) == 1


def test_many_threads_sign_in_once(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: plugin.list_instances(cloud.vim(), timeout=20), range(16)))
    assert {len(one.instances) for one in found} == {5}
    assert len(cloud.calls(SIGN_IN)) == 1


def test_no_more_clouds_are_kept_than_allowed(cloud: OpenStackDouble):
    few = Clouds(most=2)
    vims = [replace(cloud.vim(), id=VimId("owner", f"r{number}")) for number in range(3)]
    first, second = few.of(vims[0]), few.of(vims[1])
    assert few.of(vims[0]) is first
    few.of(vims[2])
    assert few.of(vims[0]) is first
    assert few.of(vims[1]) is not second


@pytest.mark.parametrize(
    ("service", "rest"),
    [("compute", "/compute"), ("nova", "/compute/v2.1"), ("image", "/image"), ("neutron", "/network")],
)
def test_a_service_is_found_in_the_catalogue(
    cloud: OpenStackDouble, plugin: OpenStackPlugin, service: str, rest: str
):
    assert plugin.service_url(cloud.vim(), service, timeout=60) == cloud.url + rest


@pytest.mark.parametrize("auth_url", ["{}/identity/v3", "{}/identity/v3/", "{}/identity", "{}/identity/v2.0/"])
def test_keystone_is_where_the_record_says_and_needs_no_signing_in(
    cloud: OpenStackDouble, plugin: OpenStackPlugin, auth_url: str
):
    vim = replace(cloud.vim("admin", "wrong"), auth_url=auth_url.format(cloud.url))
    for name in ("identity", "keystone"):
        assert plugin.service_url(vim, name, timeout=60) == f"{cloud.url}/identity"
    assert cloud.asked == []


def test_a_service_that_the_cloud_has_not(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    with pytest.raises(NotFound, match="service 'orchestration'"):
        plugin.service_url(cloud.vim(), "orchestration", timeout=60)


@pytest.mark.parametrize("down", [True, False])
def test_a_host_is_marked_by_the_id_of_its_service(cloud: OpenStackDouble, plugin: OpenStackPlugin, down: bool):
    """N74."""
    service = the_service(cloud, forced_down=not down)
    cloud.on(f"{SERVICES}/{service['id']}", Answer(200, {"service": {}}), "PUT")
    plugin.mark_host_down(cloud.vim(), "fedcmp-1", down=down, timeout=60)
    told = cloud.calls(f"{SERVICES}/{service['id']}")[0]
    assert told.body == {"forced_down": down}
    assert told.headers["OpenStack-API-Version"] == "compute 2.53"


def test_a_host_that_is_marked_already_is_left_alone(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    """Nova takes no update that changes nothing."""
    the_service(cloud, forced_down=True)
    plugin.mark_host_down(cloud.vim(), "fedcmp-1", down=True, timeout=60)
    assert not [one for one in cloud.asked if one.method == "PUT"]


def test_an_older_nova_is_told_by_the_hosts_name(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    """N74."""
    cloud.on("/compute/v2.1/", Answer(200, {"version": {"version": "2.52"}}))
    the_service(cloud, forced_down=False)
    cloud.on(f"{SERVICES}/force-down", Answer(200, {"service": {}}), "PUT")
    plugin.mark_host_down(cloud.vim(), "fedcmp-1", down=True, timeout=60)
    told = cloud.calls(f"{SERVICES}/force-down")[0]
    assert told.body == {"host": "fedcmp-1", "binary": "nova-compute", "forced_down": True}
    assert told.headers["OpenStack-API-Version"] == "compute 2.11"


def test_the_oldest_nova_cannot_be_told(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on("/compute/v2.1/", Answer(200, {"version": {"version": "2.10"}}))
    with pytest.raises(Unsupported, match="be told that a host is down"):
        plugin.mark_host_down(cloud.vim(), "fedcmp-1", down=True, timeout=60)


def test_a_host_that_is_not_there(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    with pytest.raises(NotFound, match="host 'nowhere'"):
        plugin.mark_host_down(cloud.vim(), "nowhere", down=True, timeout=60)


def the_service(cloud: OpenStackDouble, **changes: Any) -> dict[str, Any]:
    found = cloud.recorded("admin@admin", f"{SERVICES}?binary=nova-compute&host=fedcmp-1")["services"][0]
    cloud.on(SERVICES, Answer(200, {"services": [{**found, **changes}]}))
    return dict(found)


@pytest.fixture
def act(cloud: OpenStackDouble, plugin: OpenStackPlugin) -> Act:
    cloud.on(SERVER, Answer(200, {"server": {"id": "vm-1", "image": {"id": "img-1"}}}))
    cloud.on(SERVER, Answer(204), "DELETE")
    cloud.on(f"{SERVER}/action", Answer(202), "POST")
    return lambda action: plugin.act(cloud.vim(), "vm-1", action, timeout=60)


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (InstanceAction.POWER_ON, {"os-start": None}),
        (InstanceAction.POWER_OFF, {"os-stop": None}),
        (InstanceAction.REBOOT, {"reboot": {"type": "HARD"}}),
        (InstanceAction.REBUILD, {"rebuild": {"imageRef": "img-1"}}),
    ],
)
def test_an_action_is_asked_of_nova(cloud: OpenStackDouble, act: Act, action: InstanceAction, body: Any):
    act(action)
    assert [one.body for one in cloud.calls(f"{SERVER}/action")] == [body]


def test_a_deletion_is_asked_of_nova(cloud: OpenStackDouble, act: Act):
    act(InstanceAction.DELETE)
    assert [one.method for one in cloud.calls(SERVER)] == ["DELETE"]


@pytest.mark.parametrize("action", list(InstanceAction))
@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (409, Conflict), (403, CloudFailed), (500, CloudFailed)]
)
def test_what_nova_says_to_an_action(
    cloud: OpenStackDouble, act: Act, action: InstanceAction, status: int, error: type[Exception]
):
    refusal = Answer(status, {"fault": {"message": "It is in vm_state active."}})
    cloud.on(f"{SERVER}/action", refusal, "POST")
    cloud.on(SERVER, refusal, "DELETE")
    with pytest.raises(error, match="vm_state active" if status != 404 else "instance 'vm-1'"):
        act(action)


def test_a_vm_without_an_image_cannot_be_rebuilt(cloud: OpenStackDouble, act: Act):
    cloud.on(SERVER, Answer(200, {"server": {"id": "vm-1", "image": ""}}))
    with pytest.raises(Conflict, match="boots from a volume"):
        act(InstanceAction.REBUILD)
    assert cloud.calls(f"{SERVER}/action") == []


def test_an_instance_is_looked_for_in_every_project_of_the_vim(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    def serve(asked: Asked) -> Answer:
        return Answer(202) if asked.who == "watcher@tenant-b" else Answer(404)

    cloud.on(f"{SERVER}/action", serve, "POST")
    vim = cloud.vim("watcher", "secret", "tenant-a", "tenant-b")
    plugin.act(vim, "vm-1", InstanceAction.POWER_OFF, timeout=60)
    assert [one.who for one in cloud.calls(f"{SERVER}/action")] == ["watcher@tenant-a", "watcher@tenant-b"]


@pytest.mark.parametrize("odd", ["../../os-services/x", "a/b", "a?b=c", "a#b", "ä b"])
def test_an_odd_id_reaches_no_other_part_of_nova(cloud: OpenStackDouble, plugin: OpenStackPlugin, odd: str):
    with pytest.raises(NotFound):
        plugin.act(cloud.vim(), odd, InstanceAction.DELETE, timeout=60)
    deleted = [one.path for one in cloud.asked if one.method == "DELETE"]
    assert len(deleted) == 1
    assert deleted[0].count("/") == SERVER.count("/")


@pytest.mark.parametrize("state", ["error", "active"])
def test_a_state_is_set(cloud: OpenStackDouble, plugin: OpenStackPlugin, state: str):
    cloud.on(f"{SERVER}/action", Answer(202), "POST")
    plugin.reset_state(cloud.vim(), "vm-1", state, timeout=60)
    assert cloud.calls(f"{SERVER}/action")[0].body == {"os-resetState": {"state": state}}


def test_another_state_cannot_be_set(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    with pytest.raises(Invalid, match="allowed: active, error"):
        plugin.reset_state(cloud.vim(), "vm-1", "paused", timeout=60)
    assert cloud.calls(f"{SERVER}/action") == []


def test_the_push_cloud_can_be_polled_as_well(cloud: OpenStackDouble):
    vim = replace(cloud.vim(), type="vmware", transport=NotificationTransport("fake://"))
    assert len(VioPlugin().list_instances(vim, timeout=60).instances) == 5
    assert cloud.calls(SERVERS)


def test_nothing_pushes_from_here(plugin: OpenStackPlugin):
    assert plugin.event_source(Vim(VimId("a", "b"), "openstack")) is None
    assert plugin.watch_instances(Vim(VimId("a", "b"), "openstack"), timeout=1) is None
