"""Servers made by the plugin on the real Keystone, Glance, Neutron and Nova."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import uuid4

import pytest

from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.core.instances import InstanceAction, InstanceSpec
from fed_common.core.model import Credentials, Vim, VimId
from multicloud_generic.openstack.building import KEY
from multicloud_generic.openstack.plugin import OpenStackPlugin
from multicloud_vio.plugin import VioPlugin
from tests.conftest import service
from tests.plugins import ROOT
from tests.real_openstack import AUTH_URL, RealOpenStack
from tests.waiting import until

pytestmark = pytest.mark.servers
PLUGIN = OpenStackPlugin()
TIMEOUT = 60
SUBNET = ip_network("10.77.0.0/24")


def record(user: str = "admin", project: str = "tenant-a") -> Vim:
    return Vim(
        VimId("real", f"{user}-{project}"),
        "openstack",
        auth_url=AUTH_URL,
        credentials=Credentials(user, "secret"),
        projects=(project,),
    )


VIM = record()
DEAF = """
import time
from fed_common.core.instances import InstanceSpec
from fed_common.core.model import Credentials, Tls, Vim, VimId
from multicloud_generic.openstack.plugin import OpenStackPlugin
from multicloud_generic.openstack.transport import Wire

send = Wire.send

def deaf(self, request, *args, **options):
    answer = send(self, request, *args, **options)
    if request.method == "POST" and request.path_url.endswith("/servers"):
        print("done", flush=True)
        time.sleep(600)
    return answer

Wire.send = deaf
vim = Vim(VimId("real", "deaf"), "openstack", auth_url={vim.auth_url!r}, projects={vim.projects!r},
          credentials=Credentials({vim.credentials.username!r}, {password!r}))
OpenStackPlugin().create_instance(vim, {spec!r}, timeout=60)
"""  # does not hear what Nova answers


@pytest.fixture(scope="module")
def cloud() -> RealOpenStack:
    """Running; it stays for the other tests."""
    service("openstack", "start")
    return RealOpenStack()


@pytest.fixture
def spec(cloud: RealOpenStack) -> Iterator[InstanceSpec]:
    """What to make; what was made for it is gone afterwards."""
    word = uuid4().hex[:8]
    yield InstanceSpec(f"key-{word}", f"vdu.1 ({word})", "img-one", "f.tiny", availability_zone="zone-good")
    for one in named(cloud, word):
        cloud.nova("POST", f"/servers/{one['id']}/action", {"forceDelete": None})


def named(cloud: RealOpenStack, word: str) -> list[Any]:
    """The servers with that word in their name, in whatever project."""
    found = cloud.nova("GET", f"/servers/detail?all_tenants=1&name={word}").json()
    return list(found["servers"])


def create(spec: InstanceSpec, vim: Vim = VIM) -> str:
    return PLUGIN.create_instance(vim, spec, timeout=TIMEOUT)


def active(server: str, vim: Vim = VIM) -> Any:
    """The instance once it is active."""
    shown = until(
        lambda: (one := PLUGIN.show_instance(vim, server, timeout=TIMEOUT)).state == "active" and one,
        within=240,
        every=0.2,
    )
    assert shown
    return shown


def test_what_is_made_becomes_active_with_an_address_and_is_made_once(
    cloud: RealOpenStack, spec: InstanceSpec
) -> None:
    server = create(spec)
    assert create(spec) == server, "while it is being made"

    shown = active(server)

    assert (shown.id, shown.name) == (server, spec.name)
    assert shown.tenant_id == cloud.project_id("tenant-a")
    assert [one for one in shown.addresses if ip_address(one) in SUBNET]
    assert create(spec) == server
    assert len(named(cloud, spec.key[4:])) == 1


def test_a_member_of_the_project_makes_one_and_a_vio_is_an_openstack(
    cloud: RealOpenStack, spec: InstanceSpec
) -> None:
    member = record("user-a")
    server = create(spec, member)
    assert VioPlugin().create_instance(member, spec, timeout=TIMEOUT) == server
    assert VioPlugin().show_instance(member, server, timeout=TIMEOUT).name == spec.name


def test_it_is_made_of_what_was_asked_for_by_name_or_id(cloud: RealOpenStack, spec: InstanceSpec) -> None:
    image = cloud.image_id("img-two")
    by_id = replace(spec, image=image, networks=(cloud.network_id("fednet"),), user_data="#!/bin/sh\necho ä\n")

    server = cloud.nova("GET", f"/servers/{create(by_id)}").json()["server"]

    assert server["image"]["id"] == image
    assert server["flavor"]["original_name"] == "f.tiny"
    assert server["metadata"][KEY] == spec.key
    assert base64.b64decode(server["OS-EXT-SRV-ATTR:user_data"]).decode() == "#!/bin/sh\necho ä\n"
    networks = until(
        lambda: cloud.nova("GET", f"/servers/{server['id']}").json()["server"]["addresses"], within=180
    )
    assert list(networks) == ["fednet"]


def test_without_a_flavor_the_smallest_that_is_large_enough_is_taken(
    cloud: RealOpenStack, spec: InstanceSpec
) -> None:
    sizes = {"num_cpus": "1", "mem_size": "100 MB", "disk_size": "1 GB"}
    server = create(replace(spec, flavor="", networks=("fednet",), properties=sizes))
    assert cloud.nova("GET", f"/servers/{server}").json()["server"]["flavor"]["original_name"] == "f.small"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image", "no such"),
        ("image", str(uuid4())),
        ("image", ""),
        ("flavor", "f.none"),
        ("networks", ("fednet", "nonet")),
        ("availability_zone", "zone-none"),
        ("user_data", "x" * 70000),
        ("properties", {"num_cpus": "64"}),
        ("properties", {"mem_size": "much"}),
    ],
)
def test_what_the_cloud_has_not_is_named(cloud: RealOpenStack, spec: InstanceSpec, field: str, value: Any) -> None:
    asked = replace(spec, **({"flavor": ""} if field == "properties" else {}), **{field: value})
    with pytest.raises(Invalid) as caught:
        create(asked)
    said = {"networks": "nonet", "properties": "64", "user_data": "user_data"}.get(field, "")
    assert (said or str(value)) in str(caught.value) or "much" in str(caught.value)
    assert caught.value.field.partition(".")[0] in (field, "flavor")
    assert not named(cloud, spec.key[4:])


def test_a_quota_that_is_used_up_is_a_conflict_in_the_clouds_words(
    cloud: RealOpenStack, spec: InstanceSpec
) -> None:
    tenant = cloud.project_id("tenant-b")
    quota = f"/os-quota-sets/{tenant}?user_id={user_id(cloud, 'user-b')}"
    assert cloud.nova("PUT", quota, {"quota_set": {"cores": 0, "force": True}}).ok
    try:
        with pytest.raises(Conflict, match="Quota exceeded for cores"):
            create(spec, record("user-b", "tenant-b"))
    finally:
        cloud.nova("DELETE", quota)


def user_id(cloud: RealOpenStack, name: str) -> str:
    return str(cloud.sign_in(name, "tenant-b").json()["token"]["user"]["id"])


def test_one_that_could_not_be_built_says_why(cloud: RealOpenStack, spec: InstanceSpec) -> None:
    server = create(replace(spec, availability_zone="zone-fail"))
    show = lambda: PLUGIN.show_instance(VIM, server, timeout=TIMEOUT)  # noqa: E731
    until(lambda: show().state == "error", within=180, every=0.3)
    assert show().fault
    assert create(replace(spec, availability_zone="zone-fail")) == server, "it has the key as well as any other"


def test_a_caller_that_was_killed_before_it_heard_of_its_server_left_it_to_the_next(
    cloud: RealOpenStack, spec: InstanceSpec
) -> None:
    """The cloud's part of T44."""
    command = [sys.executable, "-c", DEAF.format(vim=VIM, password="secret", spec=spec)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == "done\n"
        caller.send_signal(signal.SIGKILL)
    [left] = named(cloud, spec.key[4:])

    assert create(spec) == left["id"]
    assert len(named(cloud, spec.key[4:])) == 1


def test_many_at_once_keep_one(cloud: RealOpenStack, spec: InstanceSpec) -> None:
    """However the race ends, one server stays, and everybody who asks from then on is given it."""
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda _: create(spec), range(3)))
    kept = create(spec)
    assert kept in told
    until(lambda: [one["id"] for one in named(cloud, spec.key[4:])] == [kept], within=180, every=0.3)


def test_a_deleted_one_is_made_anew(cloud: RealOpenStack, spec: InstanceSpec) -> None:
    server = create(spec)
    active(server)
    PLUGIN.act(VIM, server, InstanceAction.DELETE, timeout=TIMEOUT)
    assert create(spec) != server
    until(lambda: PLUGIN.show_instance(VIM, server, timeout=TIMEOUT).state == "soft-delete", within=180, every=0.2)

    cloud.act(server, {"forceDelete": None})
    for ask in (PLUGIN.show_instance, delete):
        until(lambda ask=ask: is_gone(ask, server), within=180, every=0.2)


def delete(vim: Vim, server: str, *, timeout: float) -> None:
    PLUGIN.act(vim, server, InstanceAction.DELETE, timeout=timeout)


def is_gone(ask: Callable[..., object], server: str) -> bool:
    try:
        ask(VIM, server, timeout=TIMEOUT)
    except NotFound:
        return True
    return False


def test_one_that_never_was_is_not_found(cloud: RealOpenStack) -> None:
    for never in (str(uuid4()), "../flavors", "no such"):
        with pytest.raises(NotFound):
            PLUGIN.show_instance(VIM, never, timeout=TIMEOUT)
