"""CloudEvents, read back by the reference library."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat

from fed_common.core.kinds import Kind, Phase
from fed_common.publishers.formats.cloudevents import cloudevent
from tests.examples import MOMENT, event


def read_back(**changes: Any) -> Any:
    """The event as the library sees it; the library validates names, types and times."""
    message = HTTPMessage({"content-type": "application/cloudevents+json"}, cloudevent(event(**changes)))
    return from_structured_event(message, JSONFormat())


def test_every_attribute_survives_the_reference_library() -> None:
    found = read_back(
        id="e-9", kind=Kind.LIVE_MIGRATE, phase=Phase.START, host="compute01", payload={"a": [1, "é"]}
    )

    assert found.get_attributes() == {
        "specversion": "1.0",
        "id": "e-9",
        "source": "/multicloud/vio/RegionOne/compute01",
        "type": "org.onap.multicloud.vm.live_migrate.start",
        "subject": "vm-1",
        "time": MOMENT,
        "datacontenttype": "application/json",
        "partitionkey": "vm-1",
    }
    assert found.get_data() == {"a": [1, "é"]}


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({}, "/multicloud/vio/RegionOne"),
        ({"vim_id": "CloudOwner_Region_One.eu"}, "/multicloud/CloudOwner/Region_One.eu"),
        ({"host": "rack 1/blade?2"}, "/multicloud/vio/RegionOne/rack%201%2Fblade%3F2"),
    ],
)
def test_the_source_is_a_uri_reference_of_cloud_region_and_host(changes: dict[str, str], source: str) -> None:
    assert read_back(**changes).get_source() == source


def test_a_host_event_has_no_subject_and_is_keyed_by_its_host() -> None:
    found = read_back(instance_id="", host="compute01", kind=Kind.HOST_DOWN, phase=Phase.MOMENT)

    assert found.get_subject() is None
    assert found.get_extension("partitionkey") == "compute01"


def test_copies_of_one_event_have_the_same_source_and_id() -> None:
    first, again = (json.loads(cloudevent(event("e-1", received_at=MOMENT))) for _ in range(2))

    assert (first["source"], first["id"]) == (again["source"], again["id"])
