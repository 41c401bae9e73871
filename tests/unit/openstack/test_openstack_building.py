"""Servers made and shown, towards a cloud that can lose answers and have rivals."""

from __future__ import annotations

import re
import threading
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from fed_common.core.errors import CloudFailed, CloudTimeout, Conflict, Invalid, NotFound
from fed_common.core.instances import InstanceSpec
from multicloud_generic.openstack.building import ASKED_AT, KEY
from multicloud_generic.openstack.plugin import OpenStackPlugin
from tests.doubles.openstack import SERVERS, Answer, Asked, OpenStackDouble

POST = "/compute/v2.1/servers"
IMAGES, NETWORKS, FLAVORS = "/image/v2/images", "/network/v2.0/networks", "/compute/v2.1/flavors/detail"
SPEC = InstanceSpec("key-1", "a.vnf (1)", "img-one", "f.tiny", ("fednet",))


class Nova:
    """The servers of one cloud; ``on_post`` may do more, and says what is answered."""

    def __init__(self, double: OpenStackDouble) -> None:
        self.double = double
        self.servers: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []
        double.on(SERVERS, self._list)
        double.on(POST, self._post, "POST")

    def has(self, id: str, *, created: str = "10:00:00", asked_at: str = "", **fields: Any) -> None:
        """There is one more, and it can be deleted."""
        metadata = {KEY: SPEC.key, ASKED_AT: asked_at}
        fields = {"name": SPEC.name, "metadata": metadata, "created": f"2026-11-21T{created}Z", **fields}
        self.servers.append({"id": id, **fields})
        self.double.on(f"{POST}/{id}", lambda _: self._delete(id), "DELETE")

    def on_post(self, asked: Asked) -> Answer | None:
        return Answer(202, {"server": {"id": self.servers[-1]["id"]}})

    def create(self, spec: InstanceSpec = SPEC) -> str:
        return OpenStackPlugin().create_instance(self.double.vim(), spec, timeout=60)

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.servers]

    def _list(self, asked: Asked) -> Answer:
        found = [one for one in self.servers if re.search(asked.query["name"], one["name"])]
        return Answer(200, {"servers": found})

    def _post(self, asked: Asked) -> Answer | None:
        server = asked.body["server"]
        self.posts.append(server)
        self.has(f"made-{len(self.posts)}", name=server["name"], metadata=server["metadata"])
        return self.on_post(asked)

    def _delete(self, id: str) -> Answer:
        self.servers = [one for one in self.servers if one["id"] != id]
        return Answer(204)


@pytest.fixture
def nova(cloud: OpenStackDouble) -> Nova:
    return Nova(cloud)


def test_nova_is_asked_for_ids_of_what_was_named(cloud: OpenStackDouble, nova: Nova):
    assert nova.create(replace(SPEC, availability_zone="z", user_data="ä")) == "made-1"
    [body] = nova.posts
    assert (
        body["imageRef"]
        == cloud.recorded("admin@admin", f"{IMAGES}?name=img-one&status=active")["images"][0]["id"]
    )
    network = cloud.recorded("admin@admin", f"{NETWORKS}?name=fednet")["networks"][0]["id"]
    assert (body["flavorRef"], body["networks"]) == ("f.tiny", [{"uuid": network}])
    assert (body["name"], body["availability_zone"]) == (SPEC.name, "z")
    assert b64decode(body["user_data"]).decode() == "ä"
    assert body["metadata"][KEY] == SPEC.key


def test_without_networks_nova_gives_one_by_itself_if_it_can(cloud: OpenStackDouble, nova: Nova):
    nova.create(replace(SPEC, networks=()))
    assert nova.posts[0]["networks"] == "auto"
    assert cloud.calls(POST)[0].headers["OpenStack-API-Version"] == "compute 2.37"


def test_a_nova_before_newton_is_asked_for_no_network(cloud: OpenStackDouble, nova: Nova):
    cloud.on("/compute/v2.1/", Answer(200, {"version": {"version": "2.25"}}))
    nova.create(replace(SPEC, networks=()))
    assert "networks" not in nova.posts[0]
    assert "availability_zone" not in nova.posts[0]


def test_asking_again_for_a_key_makes_no_second_one(cloud: OpenStackDouble, nova: Nova):
    assert [nova.create() for _ in range(3)] == ["made-1"] * 3
    assert len(nova.posts) == 1
    assert len(cloud.calls(IMAGES)) == 1, "what is there needs no image"


@pytest.mark.parametrize("lost", [None, Answer(500, b""), Answer(202, {"no": "server"})])
def test_a_server_whose_answer_was_lost_is_found_by_the_next_call(nova: Nova, lost: Answer | None):
    nova.on_post = lambda _: lost  # type: ignore[method-assign]
    with pytest.raises(CloudFailed):
        nova.create()
    assert nova.create() == "made-1"
    assert len(nova.posts) == 1


@pytest.mark.parametrize(
    ("rival", "kept"),
    [
        ({"created": "09:59:59"}, "rival"),
        ({"created": "10:00:01"}, "made-1"),
        ({"asked_at": "2000-01-01"}, "rival"),  # in the same second of Nova's clock
        ({"asked_at": "9999-01-01"}, "made-1"),
    ],
)
def test_of_two_made_at_the_same_time_the_first_stays(nova: Nova, rival: dict[str, str], kept: str):
    made = nova.on_post

    def rivalled(asked: Asked) -> Answer | None:
        answer = made(asked)
        nova.has("rival", **rival)
        return answer

    nova.on_post = rivalled  # type: ignore[method-assign]
    assert nova.create() == kept
    assert nova.ids == [kept]


def test_a_rival_that_somebody_else_deleted_is_no_failure(cloud: OpenStackDouble, nova: Nova):
    nova.has("first", created="09:00:00")
    nova.has("second")
    gone = {"itemNotFound": {"message": "Instance second could not be found."}}
    cloud.on(f"{POST}/second", Answer(404, gone), "DELETE")
    assert nova.create() == "first"


@pytest.mark.parametrize(
    "other",
    [
        {"metadata": {KEY: "another key"}},
        {"metadata": {}},
        {"name": "axvnf (1)"},
        {"OS-EXT-STS:task_state": "deleting"},
        {"OS-EXT-STS:task_state": "soft-deleting"},
        {"OS-EXT-STS:vm_state": "soft-delete"},
    ],
)
def test_what_is_not_of_that_key_or_on_its_way_out_is_not_it(nova: Nova, other: dict[str, Any]):
    nova.has("other", **other)
    assert nova.create() == "made-1"
    assert nova.ids == ["other", "made-1"]


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (403, "Quota exceeded for cores: Requested 1, but already used 2 of 2 cores", Conflict),
        (403, "Maximum number of ports exceeded", Conflict),
        (413, "Quota exceeded for instances", Conflict),
        (409, "Multiple possible networks found, use a Network ID to be more specific.", Conflict),
        (403, "Policy doesn't allow os_compute_api:servers:create to be performed.", CloudFailed),
        (500, "Unexpected API Error.", CloudFailed),
        (400, "Bad request", CloudFailed),
        (400, "The requested availability zone is not available", Invalid),
        (400, "Invalid input for field/attribute name. Value: image-x. 'image-x' is too long", Invalid),
        (400, "Flavor's disk is too small for requested image.", Invalid),
        (400, "Unable to automatically allocate a network for project", Invalid),
    ],
)
def test_a_refusal_is_told_in_the_clouds_words(nova: Nova, status: int, said: str, expected: type[Exception]):
    def refuse(asked: Asked) -> Answer:
        nova.servers.clear()
        return Answer(status, {"error": {"code": status, "message": said}})

    nova.on_post = refuse  # type: ignore[method-assign]
    with pytest.raises(expected, match=re.escape(said)) as caught:
        nova.create()
    assert caught.type is expected or expected is CloudFailed


def test_a_cloud_that_is_slow_to_answer_is_given_up_in_time(nova: Nova):
    given_up = threading.Event()
    nova.on_post = lambda _: Answer(500) if given_up.wait(60) else None  # type: ignore[method-assign]
    with pytest.raises(CloudTimeout):
        OpenStackPlugin().create_instance(nova.double.vim(), SPEC, timeout=1)
    given_up.set()
    assert nova.create() == "made-1"


def test_an_image_is_found_by_its_id_and_named_when_it_is_not_there(cloud: OpenStackDouble, nova: Nova):
    missing = {"images": []}
    cloud.on(IMAGES, Answer(200, missing))
    cloud.on(f"{IMAGES}/an-id", Answer(200, {"id": "an-id", "name": "x"}))
    nova.create(replace(SPEC, image="an-id"))
    assert nova.posts[0]["imageRef"] == "an-id"
    for wanted in ("nosuch", "no/such", ""):
        with pytest.raises(Invalid) as caught:
            nova.create(replace(SPEC, key="other", image=wanted))
        assert (caught.value.field, caught.value.value) == ("image", wanted)


def test_a_network_is_found_by_its_id(cloud: OpenStackDouble, nova: Nova):
    cloud.on(NETWORKS, lambda asked: Answer(200, {"networks": [{"id": "n-1"}] if "id" in asked.query else []}))
    nova.create(replace(SPEC, networks=("n-1",)))
    assert nova.posts[0]["networks"] == [{"uuid": "n-1"}]


def test_a_name_that_several_have_needs_an_id(cloud: OpenStackDouble, nova: Nova):
    cloud.on(IMAGES, Answer(200, {"images": [{"id": "one"}, {"id": "two"}]}))
    with pytest.raises(Invalid, match="one, two"):
        nova.create()


def test_networks_and_flavors_that_are_not_there_are_named(nova: Nova):
    with pytest.raises(Invalid, match="networks: 'nosuch'"):
        nova.create(replace(SPEC, networks=("fednet", "nosuch")))
    with pytest.raises(Invalid, match=r"flavor: 'f.none' is not allowed; allowed: .*f.tiny"):
        nova.create(replace(SPEC, flavor="f.none"))
    assert not nova.posts


@pytest.mark.parametrize(
    ("properties", "flavor"),
    [
        ({"mem_size": "64 MB"}, "f.tiny"),
        ({"mem_size": "65 MB"}, "f.small"),
        ({"num_cpus": "2"}, "f.large"),
        ({"disk_size": "3 GB"}, "f.large"),
        ({"num_cpus": "3"}, ""),
        ({}, ""),
    ],
)
def test_the_smallest_flavor_that_is_large_enough(
    cloud: OpenStackDouble, nova: Nova, properties: dict[str, str], flavor: str
):
    flavors = cloud.recorded("admin@admin", f"{FLAVORS}?is_public=None")["flavors"]
    known = [one for one in flavors if one["id"].startswith("f.")]
    off = {**known[0], "id": "off", "vcpus": 9, "OS-FLV-DISABLED:disabled": True}
    cloud.on(FLAVORS, Answer(200, {"flavors": [*known, off]}))
    asked = replace(SPEC, flavor="", properties=properties)
    if not flavor:
        with pytest.raises(Invalid, match="flavor"):
            nova.create(asked)
        return
    nova.create(asked)
    assert nova.posts[0]["flavorRef"] == flavor


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SERVERS, {"servers": [{"metadata": 1}]}),
        (SERVERS, {"servers": None}),
        (IMAGES, {"images": "x"}),
        (FLAVORS, {"flavors": [{"id": 1}]}),
        (NETWORKS, []),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_failed_cloud(cloud: OpenStackDouble, nova: Nova, path: str, body: Any):
    cloud.on(path, Answer(200, body))
    with pytest.raises(CloudFailed, match="cannot be read"):
        nova.create()


def server(cloud: OpenStackDouble, **fields: Any) -> Answer:
    """The recorded VM a, with other fields."""
    recorded = cloud.recorded("admin@admin", f"{SERVERS}?all_tenants=1&soft_deleted=1")["servers"]
    return Answer(200, {"server": {**next(one for one in recorded if one["name"] == "vm-a"), **fields}})


def test_one_is_shown_as_it_is_listed_by_one_call(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(f"{POST}/vm-1", server(cloud))
    [listed] = [one for one in plugin.list_instances(cloud.vim(), timeout=60).instances if one.name == "vm-a"]
    asked = len(cloud.asked)
    assert plugin.show_instance(cloud.vim(), "vm-1", timeout=60) == listed
    assert listed.addresses
    assert len(cloud.asked) == asked + 1


def test_one_that_is_being_deleted_is_shown_so_and_a_deleted_one_is_not_found(
    cloud: OpenStackDouble, plugin: OpenStackPlugin
):
    cloud.on(f"{POST}/vm-1", server(cloud, **{"OS-EXT-STS:task_state": "deleting"}))
    assert plugin.show_instance(cloud.vim(), "vm-1", timeout=60).state_description == "deleting"
    cloud.on(f"{POST}/vm-1", server(cloud, **{"OS-EXT-STS:vm_state": "deleted"}))
    with pytest.raises(NotFound):
        plugin.show_instance(cloud.vim(), "vm-1", timeout=60)


def test_one_in_error_is_shown_with_the_clouds_reason(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    fault = {
        "code": 500,
        "message": "No valid host was found.\n password=planted",
        "created": "2026-11-21T10:00:00Z",
    }
    cloud.on(f"{POST}/vm-1", server(cloud, **{"OS-EXT-STS:vm_state": "error", "fault": fault}))
    shown = plugin.show_instance(cloud.vim(), "vm-1", timeout=60)
    assert shown.fault.startswith("No valid host was found. ")
    assert "planted" not in shown.fault


def test_every_project_is_asked_for_it(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    gone = Answer(404, {"itemNotFound": {"message": "Instance vm-1 could not be found."}})
    cloud.on(f"{POST}/vm-1", lambda asked: server(cloud) if asked.who.endswith("tenant-b") else gone)
    vim = cloud.vim("watcher", "secret", "tenant-a", "tenant-b")
    assert plugin.show_instance(vim, "vm-1", timeout=60).id
    cloud.on(f"{POST}/vm-1", Answer(403, {"forbidden": {"message": "Policy doesn't allow it"}}))
    with pytest.raises(CloudFailed, match="403"):
        plugin.show_instance(vim, "vm-1", timeout=60)
