from __future__ import annotations

import pytest

from fed_common.core.model import Event
from multicloud_vio.versioned import created_form, data, legacy_payload, time_form
from tests.captures import load_all
from tests.nova_expected import read

TIMES = ("launched_at", "terminated_at", "deleted_at", "audit_period_beginning", "audit_period_ending")
ONLY_LEGACY_KNOWS = ("instance_type_id", "image_ref_url", "image_meta", "fixed_ips", "exception", "code")
ONLY_LEGACY_HAS = {"message", "image_name", "rescue_image_name", "new_instance_type_id"}


def pairs():
    """The payloads of both copies of each recorded fact."""
    waiting: dict[str, list[Event]] = {}
    for notification in load_all():
        event = read(notification)
        if not isinstance(event, Event) or not event.instance_id:
            continue
        twins = waiting.setdefault(event.fact, [])
        if twins and twins[0].wire != event.wire:
            copies = {event.wire: event.payload, twins[0].wire: twins.pop(0).payload}
            yield copies["legacy"], copies["versioned"]
        else:
            twins.append(event)


def test_a_versioned_payload_looks_like_its_legacy_twin_as_far_as_the_format_allows():
    """N53."""
    seen = 0
    for legacy, versioned in pairs():
        seen += 1
        assert set(legacy) - set(versioned) <= ONLY_LEGACY_HAS
        for key in set(legacy) & set(versioned) - set(ONLY_LEGACY_KNOWS):
            if key in TIMES:
                assert versioned[key][:19] == legacy[key][:19]
                assert len(versioned[key]) in (0, 26)
            else:
                assert versioned[key] == legacy[key], key
        assert versioned["image_ref_url"] == legacy["image_ref_url"].rpartition("/")[2]
        assert versioned["image_meta"] == {"base_image_ref": versioned["image_ref_url"]}
        for mine, theirs in zip(versioned["fixed_ips"], legacy.get("fixed_ips", []), strict=False):
            assert mine == {key: theirs[key] for key in mine}
    assert seen == 651


def test_a_payload_of_every_key_of_the_spec_comes_out_of_nothing():
    empty = legacy_payload({})
    assert (
        empty["launched_at"] == empty["created_at"] == empty["image_ref_url"] == empty["state_description"] == ""
    )
    assert (empty["image_meta"], empty["fixed_ips"], empty["disk_gb"]) == ({}, [], None)


def test_a_volume_a_fault_and_a_new_flavor_are_kept():
    payload = legacy_payload(
        {
            "volume_id": "v1",
            "fault": {
                "nova_object.data": {"exception": "NoValidHost", "exception_message": "none", "traceback": "x"}
            },
            "new_flavor": {"nova_object.data": {"name": "f.large"}},
        }
    )
    assert payload["volume_id"] == "v1"
    assert (payload["exception"], payload["message"], payload["code"]) == ("NoValidHost", "none", None)
    assert payload["new_instance_type"] == "f.large"
    assert "traceback" not in payload


@pytest.mark.parametrize(
    ("value", "launched", "created"),
    [
        ("2018-03-07T05:59:46Z", "2018-03-07T05:59:46.000000", "2018-03-07 05:59:46+00:00"),
        ("2018-03-07T05:59:46.123456Z", "2018-03-07T05:59:46.123456", "2018-03-07 05:59:46+00:00"),
        ("2018-03-07T07:59:46+02:00", "2018-03-07T05:59:46.000000", "2018-03-07 05:59:46+00:00"),
        ("2018-03-07T05:59:46", "2018-03-07T05:59:46.000000", "2018-03-07 05:59:46+00:00"),
        (None, "", ""),
        ("", "", ""),
        ("soon", "", ""),
        (7, "", ""),
        (["2018-03-07T05:59:46Z"], "", ""),
    ],
)
def test_times_are_written_as_the_legacy_format_writes_them(value, launched, created):
    assert (time_form(value), created_form(value)) == (launched, created)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, {"nova_object.data": 7}])
def test_what_is_no_nova_object_has_no_fields(value):
    assert data(value) == {}
