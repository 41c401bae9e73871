"""The nouns: text forms that can be read back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.model import Event, VimId
from tests.examples import MOMENT, event

WORD = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,8}", fullmatch=True)


@given(WORD, st.lists(WORD, min_size=1, max_size=3).map("_".join))
def test_a_vim_id_is_split_at_its_first_underscore(owner: str, region: str) -> None:
    assert VimId.parse(f"{owner}_{region}") == VimId(owner, region)
    assert str(VimId(owner, region)) == f"{owner}_{region}"


@pytest.mark.parametrize("text", ["", "_", "owner", "owner_", "_region", "a b_c", "a_b/c", "a_\n"])
def test_a_malformed_vim_id_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        VimId.parse(text)
    assert refused.value.field == "vim_id"
    assert refused.value.value == text


def test_an_event_survives_json() -> None:
    original = event(traits={"a": 1}, old_state="active")
    assert Event.from_dict(json.loads(json.dumps(original.to_dict()))) == original


def test_the_order_key_is_the_instance_else_the_host_else_the_vim() -> None:
    assert event().key == "vm-1"
    assert event(instance_id="", host="compute01").key == "compute01"
    assert event(instance_id="").key == "vio_RegionOne"


def test_our_times_are_utc_with_a_z() -> None:
    assert clock.iso(MOMENT) == "2026-11-21T10:00:00.123456Z"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2018-03-07T05:59:46.000000", "2018-03-07T05:59:46.000000Z"),
        ("2018-03-07 05:58:01+00:00", "2018-03-07T05:58:01.000000Z"),
        ("2026-11-21T01:37:18Z", "2026-11-21T01:37:18.000000Z"),
        ("2026-11-21T03:37:18+02:00", "2026-11-21T01:37:18.000000Z"),
    ],
)
def test_the_time_forms_of_clouds_are_read(text: str, iso: str) -> None:
    moment = clock.parse(text)
    assert moment is not None
    assert clock.iso(moment) == iso


@pytest.mark.parametrize("text", ["", None, 7, "yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_reads_as_none(text: object) -> None:
    assert clock.parse(text) is None
