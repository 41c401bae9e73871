from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from fed_common.core import clock
from fed_common.core.errors import CloudFailed, CloudTimeout
from fed_common.core.instances import HostState
from multicloud_generic.openstack.plugin import OpenStackPlugin
from tests.doubles.openstack import SERVERS, Answer, Asked, OpenStackDouble

FULL = {"all_tenants": "1", "soft_deleted": "1"}
SERVICES = "/compute/v2.1/os-services"
ROOT = "/compute/v2.1/"


def server(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": f"id-{number}", "name": f"vm-{number}", "status": "ACTIVE", **changes}


def paged(*pages: list[dict[str, Any]]) -> Callable[[Asked], Answer]:
    """Nova's way: each page but the last has a link to the next, named after its last server."""
    starts = {"": 0, **{page[-1]["id"]: number + 1 for number, page in enumerate(pages) if page}}

    def serve(asked: Asked) -> Answer:
        number = starts[asked.query.get("marker", "")]
        body: dict[str, Any] = {"servers": pages[number]}
        if number + 1 < len(pages):
            query = urlencode({"marker": pages[number][-1]["id"]})
            body["servers_links"] = [{"rel": "next", "href": f"http://behind.the.balancer/servers/detail?{query}"}]
        return Answer(200, body)

    return serve


def names(found: Any) -> set[str]:
    return {one.name for one in found.instances}


def test_one_look_shows_every_project_and_every_host(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    before = clock.now()
    found = plugin.list_instances(cloud.vim(), timeout=60)
    assert names(found) == {"vm-a", "vm-b", "vm-c", "vm-d", "vm-e"}
    assert len({one.tenant_id for one in found.instances}) == 2
    assert found.complete
    assert found.gone == frozenset()
    assert found.hosts is not None
    assert {one.name for one in found.hosts} == {"fedcmp-1", "fedcmp-2", "fedcmp-fail"}
    assert before <= found.taken_at <= clock.now()


def test_s11_three_pages_are_merged(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    pages = [server(1), server(2)], [server(3), server(4)], [server(5)]
    cloud.on(SERVERS, paged(*pages))
    found = plugin.list_instances(cloud.vim(), timeout=60)
    assert [one.id for one in found.instances] == [f"id-{number}" for number in range(1, 6)]
    assert [one.query for one in cloud.calls(SERVERS)] == [
        FULL,
        {**FULL, "marker": "id-2"},
        {**FULL, "marker": "id-4"},
    ]


def test_a_last_page_that_is_empty_ends_the_list(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(SERVERS, paged([server(1)], []))
    assert len(plugin.list_instances(cloud.vim(), timeout=60).instances) == 1


@pytest.mark.parametrize(
    "third", [Answer(500), Answer(403), Answer(200, b"<html>"), Answer(200, {"servers": [{}]})]
)
def test_a_third_page_that_fails_fails_the_whole_look(
    cloud: OpenStackDouble, plugin: OpenStackPlugin, third: Answer
):
    serve = paged([server(1)], [server(2)], [])
    cloud.on(SERVERS, lambda asked: third if asked.query.get("marker") == "id-2" else serve(asked))
    with pytest.raises(CloudFailed):
        plugin.list_instances(cloud.vim(), timeout=60)
    assert len(cloud.calls(SERVERS)) == 3


def test_a_cloud_that_shows_one_page_for_ever_is_given_up(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    body = {"servers": [server(1)], "servers_links": [{"rel": "next", "href": "x"}]}
    cloud.on(SERVERS, Answer(200, body))
    with pytest.raises(CloudFailed, match="again and again"):
        plugin.list_instances(cloud.vim(), timeout=60)


def test_no_server_at_all_is_an_answer(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(SERVERS, Answer(200, {"servers": []}))
    found = plugin.list_instances(cloud.vim(), timeout=60)
    assert found.instances == ()
    assert found.complete


def test_s12_without_the_right_to_see_all_each_of_the_vims_projects_is_looked_at(
    cloud: OpenStackDouble, plugin: OpenStackPlugin
):
    found = plugin.list_instances(cloud.vim("watcher", "secret", "tenant-a", "tenant-b"), timeout=60)
    assert names(found) == {"vm-a", "vm-b", "vm-c", "vm-d", "vm-e"}
    assert {one.state for one in found.instances if one.name == "vm-e"} == {"soft-delete"}
    assert found.complete
    assert found.hosts is None


def test_a_right_that_was_taken_away_makes_nothing_vanish(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    """The servers of the VIM's own project alone would make those of all others look deleted."""
    plugin.list_instances(cloud.vim(), timeout=60)
    cloud.on(
        SERVERS, lambda asked: Answer(403) if asked.query.get("all_tenants") else Answer(200, {"servers": []})
    )
    with pytest.raises(CloudFailed, match="403"):
        plugin.list_instances(cloud.vim(), timeout=60)


def test_a_project_that_cannot_be_signed_in_to_fails_the_whole_look(
    cloud: OpenStackDouble, plugin: OpenStackPlugin
):
    with pytest.raises(CloudFailed, match="refused the credentials"):
        plugin.list_instances(cloud.vim("watcher", "secret", "tenant-a", "nowhere"), timeout=60)


def test_since_asks_for_what_changed_and_names_what_is_gone(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(SERVERS, paged([server(1), server(2, status="DELETED")], [server(3, status="SOFT_DELETED")]))
    since = clock.now() - timedelta(minutes=1)
    found = plugin.list_instances(cloud.vim(), since=since, timeout=60)
    assert [(one.id, one.state) for one in found.instances] == [("id-1", "active"), ("id-3", "soft-delete")]
    assert found.gone == {"id-2"}
    assert not found.complete
    asked = datetime.fromisoformat(cloud.calls(SERVERS)[0].query["changes-since"])
    assert timedelta(seconds=9) <= since - asked <= timedelta(seconds=13)


def test_since_is_asked_in_the_clouds_own_time(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    """Its clock is an hour behind ours."""
    root = cloud.recorded("admin@admin", ROOT)
    theirs = format_datetime(clock.now() - timedelta(hours=1), usegmt=True)
    cloud.on(ROOT, Answer(200, root, {"Date": theirs}))
    cloud.on(SERVERS, Answer(200, {"servers": []}))
    since = datetime(2026, 1, 1, 12, tzinfo=UTC)
    plugin.list_instances(cloud.vim(), since=since, timeout=60)
    asked = datetime.fromisoformat(cloud.calls(SERVERS)[0].query["changes-since"])
    assert timedelta(seconds=3600) <= since - asked <= timedelta(seconds=3620)


def test_while_a_cell_is_down_nothing_may_be_taken_for_vanished(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    services = cloud.recorded("admin@admin", f"{SERVICES}?binary=nova-compute")["services"]
    down = {"binary": "nova-compute", "host": "far", "status": "UNKNOWN"}
    cloud.on(SERVICES, Answer(200, {"services": [*services, down]}))
    found = plugin.list_instances(cloud.vim(), timeout=60)
    assert names(found)
    assert not found.complete
    assert found.hosts is None


def test_hosts_that_may_not_be_seen_are_not_known(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(SERVICES, Answer(403, {"forbidden": {"message": "No."}}))
    found = plugin.list_instances(cloud.vim(), timeout=60)
    assert found.hosts is None
    assert found.complete


def test_hosts_that_cannot_be_read_fail_the_whole_look(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.on(SERVICES, Answer(503))
    with pytest.raises(CloudFailed, match="503"):
        plugin.list_instances(cloud.vim(), timeout=60)


def test_a_host_that_is_down_is_told(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    services = cloud.recorded("admin@admin", f"{SERVICES}?binary=nova-compute")["services"]
    services[0]["state"] = "down"
    cloud.on(SERVICES, Answer(200, {"services": services}))
    found = plugin.list_instances(cloud.vim(), timeout=60)
    assert found.hosts is not None
    assert [one.state for one in found.hosts] == [HostState.DOWN, HostState.UP, HostState.UP]


@pytest.mark.parametrize(("theirs", "asked"), [("2.93", "2.93"), ("2.60", "2.60"), ("2.150", "2.98"), ("", None)])
def test_the_newest_microversion_that_both_know_is_asked_for(
    cloud: OpenStackDouble, plugin: OpenStackPlugin, theirs: str, asked: str | None
):
    cloud.on(ROOT, Answer(200, {"version": {"id": "v2.1", "version": theirs, "min_version": ""}}))
    plugin.list_instances(cloud.vim(), timeout=60)
    headers = cloud.calls(SERVERS)[0].headers
    assert headers.get("OpenStack-API-Version") == (f"compute {asked}" if asked else None)


def test_a_catalogue_without_a_version_leads_to_the_newest_one(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    cloud.has_at("compute", "nova", f"{cloud.url}/compute")
    assert names(plugin.list_instances(cloud.vim(), timeout=60))
    assert cloud.calls(SERVERS)


def test_the_time_is_that_of_the_whole_look_not_of_each_page(cloud: OpenStackDouble, plugin: OpenStackPlugin):
    """Each page is quick enough; all of them together are not."""
    endless = iter(range(10**6))

    def slow(_: Asked) -> Answer:
        threading.Event().wait(0.2)
        number = next(endless)
        links = [{"rel": "next", "href": "x"}]
        return Answer(200, {"servers": [server(number)], "servers_links": links})

    cloud.on(SERVERS, slow)
    with pytest.raises(CloudTimeout, match="within 1 s"):
        plugin.list_instances(cloud.vim(), timeout=1)
    assert len(cloud.calls(SERVERS)) < 10
